/** What the OPC UA client of a site writes (docs/opcua.md): values of variables by node id, which a mapping names. */
import { isObject } from '../../base/index.ts';
import { unitOf } from '../units/index.ts';
import { type Decoder, stateless } from './decoder.ts';
import { type Description, type OpcuaVariable, timeBounds } from './description.ts';
import { parseJson } from './json-text.ts';
import { DEFAULT_EXPONENT } from './limits.ts';
import { numericOf, PLAIN_NUMBERS } from './records.ts';
import type { Collector } from './result.ts';
import { textUs } from './time.ts';

/** OPC 10000-4, 7.39: the two highest bits of a status are its severity; good, uncertain, bad. */
const QUALITY = [0, 1, 2, 2] as const;

export function opcuaDecoder(description: Extract<Description, { kind: 'opcua' }>): Decoder<never> {
  const { options } = description;
  const known = new Map(
    options.variables.map((variable) => [variable.node, { ...variable, unit: unitOf(variable.unit ?? '') }]),
  );
  return stateless(description, timeBounds(options), ({ payload }, collector) => {
    const document = parseJson(payload)?.value;
    const list = isObject(document) ? document.values : undefined;
    if (!Array.isArray(list)) return collector.refuse('malformed');
    for (const item of list) {
      if (!isObject(item) || typeof item.node !== 'string') collector.refuse('malformed');
      else {
        const variable = known.get(item.node);
        // A variable that the mapping no longer has, or not yet.
        if (variable === undefined) collector.refuse('no_match');
        else add(variable, item, collector);
      }
    }
  });
}

function add(variable: OpcuaVariable & { unit: string }, item: Record<string, unknown>, collector: Collector): void {
  const { device, name, unit, exponent, type } = variable;
  const { value, time, status } = item;
  // A server that gives no time of its source gives that of the receipt.
  const timeUs = time === undefined ? collector.message.receivedUs : textUs(String(time), 'rfc3339', 0);
  const quality = typeof status === 'number' ? QUALITY[Math.floor(status / 2 ** 30) & 3]! : 0;
  if (type === 'event') {
    if (value === null || value === undefined) collector.refuse('null');
    else collector.event(device, name, timeUs, value);
    return;
  }
  const numeric = numericOf(value ?? null, type === 'boolean', PLAIN_NUMBERS);
  if (typeof numeric === 'string') collector.refuse(numeric);
  else {
    const fine = exponent ?? (type === 'boolean' ? 0 : DEFAULT_EXPONENT);
    collector.point(device, name, unit, fine, quality, timeUs, numeric);
  }
}
