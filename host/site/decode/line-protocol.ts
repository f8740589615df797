/** InfluxDB's line protocol. A series is named `measurement/tag=value/field`, so that no two series become one. */
import type { RawMessage } from '../model/index.ts';
import type { Decimal } from './decimal.ts';
import { type Decoder, stateless } from './decoder.ts';
import { type Description, type LineOptions, timeBounds } from './description.ts';
import { MAX_NAME } from './limits.ts';
import { type Line, type LineValue, parseLines } from './line-text.ts';
import { namedSeries } from './named.ts';
import { textAt } from './place.ts';
import type { Collector } from './result.ts';
import { numberUs, type TimeUnit } from './time.ts';
import { decodeUtf8 } from './utf8.ts';

export function lineDecoder(description: Extract<Description, { kind: 'line-protocol' }>): Decoder<never> {
  const { options } = description;
  const seriesOf = namedSeries(options);
  return stateless(description, timeBounds(options), ({ payload }, collector) => {
    const text = decodeUtf8(payload);
    if (text === undefined) return collector.refuse('malformed');
    parseLines(text, (line) => {
      if (line === null) collector.refuse('malformed');
      else addLine(line, options, seriesOf, collector);
    });
    if (collector.empty) collector.refuse('no_match');
  });
}

function addLine(
  line: Line,
  options: LineOptions,
  seriesOf: ReturnType<typeof namedSeries>,
  collector: Collector,
): void {
  const { message } = collector;
  const device = lineDevice(line, options, collector);
  const prefix = namePrefix(line, options);
  // A long prefix in front of many names takes no time.
  if (prefix.length > MAX_NAME) {
    collector.refuse('name', line.fields.length);
    return;
  }
  const timeUs = line.time === undefined ? message.receivedUs : numberUs(line.time, precisionOf(message, options));
  for (const [field, value] of line.fields) {
    const name = `${prefix}${field}`;
    const { unit = '', exponent, event } = seriesOf(name, isInteger(value));
    if (value === undefined) collector.refuse('not_a_number');
    else if (typeof value === 'boolean') collector.point(device, name, unit, exponent, 0, timeUs, value ? 1 : 0);
    else if ('number' in value)
      collector.point(device, name, unit, exponent, 0, timeUs, value.number satisfies Decimal);
    else if (event) collector.event(device, name, timeUs, value.text);
    else collector.refuse('text');
  }
}

/** A request to InfluxDB's API names the precision of its times, which then stands in the properties of the message. */
function precisionOf({ properties }: RawMessage, { precision = 'ns' }: LineOptions): TimeUnit {
  const own = properties.userProperties?.precision;
  return (['ns', 'us', 'ms', 's'] as const).find((unit) => unit === own) ?? precision;
}

/** Whether the first line that is no comment is line protocol. */
export function isLineProtocol(payload: Uint8Array): boolean {
  const text = decodeUtf8(payload);
  const first = text?.split('\n').find((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  let valid = false;
  if (first !== undefined)
    parseLines(first, (line) => {
      valid = line !== null;
    });
  return valid;
}

/** Integers and booleans have the exponent 0 unless the description lists their series. */
export function isInteger(value: LineValue | undefined): boolean {
  return typeof value === 'boolean' || (typeof value === 'object' && 'integer' in value && value.integer);
}

function lineDevice(line: Line, { device }: LineOptions, { message }: Collector): string {
  if (typeof device === 'object' && 'of' in device) return line.measurement;
  return textAt(
    device,
    message,
    (tag) => line.tags.get(tag),
    () => undefined,
  );
}

/** What stands before the names of the fields of a line. */
export function namePrefix({ measurement, tags }: Line, { device, tags: chosen }: LineOptions): string {
  const own = typeof device === 'object' && 'at' in device ? device.at : undefined;
  const names = chosen ?? [...tags.keys()].filter((tag) => tag !== own).sort();
  const parts = names.filter((tag) => tags.has(tag)).map((tag) => `${tag}=${tags.get(tag)}/`);
  return `${measurement}/${parts.join('')}`;
}
