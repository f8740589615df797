/** JSON with the places of its values as JSON pointers (RFC 6901). */
import { type Decoder, stateless } from './decoder.ts';
import { type Description, timeBounds } from './description.ts';
import { parseJson, pointerTokens, resolvePointer } from './json-text.ts';
import { decodeRecords, PLAIN_NUMBERS } from './records.ts';

export function jsonDecoder(description: Extract<Description, { kind: 'json' }>): Decoder<never> {
  const { options } = description;
  const records = pointerTokens(options.records ?? '');
  const tokens = new Map<string, string[]>();
  const at = (value: unknown, pointer: string) => {
    let list = tokens.get(pointer);
    if (list === undefined) {
      list = pointerTokens(pointer);
      tokens.set(pointer, list);
    }
    return resolvePointer(value, list);
  };
  return stateless(description, timeBounds(options), ({ payload }, collector) => {
    const document = parseJson(payload);
    if (document === undefined) return collector.refuse('malformed');
    const found = resolvePointer(document.value, records);
    const list = Array.isArray(found) ? found : found === undefined ? [] : [found];
    decodeRecords(options, collector, list, at, (pointer) => at(document.value, pointer), PLAIN_NUMBERS);
  });
}
