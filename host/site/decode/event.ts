/** Bodies of events as JSON, and the ids of events that their senders give none. */
import { createHash } from 'node:crypto';
import { CborTag } from '../../base/cbor/index.ts';
import { repairText } from '../../base/index.ts';
import type { Decimal } from './decimal.ts';
import { MAX_BODY_BYTES, MAX_DEPTH } from './limits.ts';

/**
 * A value of JSON or CBOR as a JSON value: byte strings are hexadecimal, integers beyond 2^53 and exact decimals are
 * texts, NaN and infinities are null, a CBOR tag is its content, and members are sorted by their names. Returns
 * undefined if it is larger than 64 KiB or nested deeper than 32 levels.
 */
export function jsonBody(value: unknown): unknown {
  const left = { bytes: MAX_BODY_BYTES };
  return plain(value, left, MAX_DEPTH) as unknown;
}

function plain(value: unknown, left: { bytes: number }, depth: number): unknown {
  if (depth < 0 || left.bytes < 0) return undefined;
  left.bytes -= 2;
  if (typeof value === 'string') return text(value, left);
  if (typeof value === 'bigint') return text(String(value), left);
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null;
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? null;
  if (value instanceof Uint8Array) return text(Buffer.from(value).toString('hex'), left);
  if (value instanceof CborTag) return plain(value.value, left, depth - 1);
  if (Array.isArray(value)) return list(value, left, depth - 1);
  if (isDecimal(value)) return text(decimalText(value), left);
  return members(value as Record<string, unknown>, left, depth - 1);
}

function isDecimal(value: object): value is Decimal {
  return 'digits' in value && typeof value.digits === 'bigint';
}

function decimalText({ digits, exponent }: Decimal): string {
  return exponent === 0 ? String(digits) : `${digits}e${exponent}`;
}

function text(value: string, left: { bytes: number }): string | undefined {
  left.bytes -= Buffer.byteLength(value);
  return left.bytes < 0 ? undefined : repairText(value);
}

function list(items: readonly unknown[], left: { bytes: number }, depth: number): unknown[] | undefined {
  const result: unknown[] = [];
  for (const item of items) {
    const json = plain(item, left, depth);
    if (json === undefined) return undefined;
    result.push(json);
  }
  return result;
}

function members(object: Record<string, unknown>, left: { bytes: number }, depth: number): unknown {
  const entries: [string, unknown][] = [];
  for (const key of Object.keys(object).sort()) {
    const name = text(key, left);
    const json = plain(object[key], left, depth);
    if (name === undefined || json === undefined) return undefined;
    entries.push([name, json]);
  }
  // Unlike an assignment, this makes a member of a key such as `__proto__`.
  return Object.fromEntries(entries);
}

/** The id of an event whose sender gives none: equal for equal content, 16 bytes of SHA-256 in hex. */
export function eventId(name: string, timeUs: number, body: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([name, timeUs, body]))
    .digest('hex')
    .slice(0, 32);
}
