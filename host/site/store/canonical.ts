/** Canonical JSON (RFC 8785): one text for one value, so that equal bodies are equal bytes. */
import { isObject, MoteError } from '../../base/index.ts';

const MAX_DEPTH = 64;

/** Throws `STORE_POINT` for what isn't JSON: functions, numbers that aren't finite, lone surrogates, cycles. */
export function canonicalJson(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH) throw notJson(`is nested deeper than ${MAX_DEPTH}`);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    if (/\p{Surrogate}/u.test(value)) throw notJson('has a text that is not Unicode');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw notJson(`has the number ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  if (!isObject(value)) throw notJson(`has a ${typeof value}`);
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    // By UTF-16 code units, as JavaScript compares.
    .sort()
    .map((key) => `${canonicalJson(key)}:${canonicalJson(value[key], depth + 1)}`);
  return `{${members.join(',')}}`;
}

const notJson = (what: string) =>
  new MoteError('STORE_POINT', `The body of an event ${what}; it must be a JSON value.`);
