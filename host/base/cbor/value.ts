/**
 * Deterministic CBOR as values, for signed data: one value has exactly one encoding (RFC 8949, section 4.2.1), and the
 * reader rejects every other. Supported are integers, byte and text strings, arrays, maps with integer or text keys,
 * tags, booleans and null.
 */
import { CborReader } from './reader.ts';
import { ARRAY, BYTES, damaged, MAP, NEGATIVE, TAG, TEXT, UINT } from './wire.ts';
import { CborWriter } from './writer.ts';

export type CborKey = number | string;
export type CborMap = Map<CborKey, CborValue>;
/** Integers beyond 2^53 - 1 are bigints, all others numbers. */
export type CborValue = number | bigint | string | boolean | null | Uint8Array | CborValue[] | CborMap | CborTag;

export class CborTag {
  readonly tag: number;
  readonly value: CborValue;

  constructor(tag: number, value: CborValue) {
    this.tag = tag;
    this.value = value;
  }
}

/** Largest number of arrays, maps and tags around an item. */
const MAX_DEPTH = 16;
/** Largest number of items in a value, the keys of maps included. */
const MAX_ITEMS = 65_536;

/** Returns the deterministic encoding. Throws `CBOR` for a number that isn't an integer or needs more than 64 bits. */
export function encodeCbor(value: CborValue): Uint8Array {
  return write(value, new CborWriter()).finish();
}

function write(value: CborValue, out: CborWriter): CborWriter {
  if (typeof value === 'number' || typeof value === 'bigint') return out.int(value);
  if (typeof value === 'string') return out.text(value);
  if (typeof value === 'boolean') return out.bool(value);
  if (value === null) return out.null();
  if (value instanceof Uint8Array) return out.bytes(value);
  if (value instanceof CborTag) return write(value.value, out.tag(value.tag));
  if (Array.isArray(value)) {
    out.array(value.length);
    for (const item of value) write(item, out);
    return out;
  }
  const entries = [...value].map(([key, item]) => ({ key: encodeCbor(key), item }));
  entries.sort((a, b) => Buffer.compare(a.key, b.key));
  out.map(entries.length);
  for (const { key, item } of entries) write(item, out.raw(key));
  return out;
}

/**
 * Decodes the one value that `bytes` hold. Byte strings in it are copies. Throws `CBOR` unless the bytes are the
 * deterministic encoding of one `CborValue`, nested at most 16 deep and of at most 65,536 items, with nothing behind
 * it.
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const from = new CborReader(bytes);
  const value = read(from, { bytes, items: 0 }, 0);
  from.end();
  return value;
}

/** What is read, and the number of items so far. */
interface Input {
  readonly bytes: Uint8Array;
  items: number;
}

function read(from: CborReader, input: Input, depth: number): CborValue {
  if (++input.items > MAX_ITEMS) throw damaged(`it has more than ${MAX_ITEMS} items`);
  if (depth > MAX_DEPTH) throw damaged(`items are nested more than ${MAX_DEPTH} deep`);
  switch (from.major()) {
    case UINT:
    case NEGATIVE:
      return from.integer();
    case BYTES:
      return from.bytes();
    case TEXT:
      return from.text();
    case ARRAY:
      return readArray(from, input, depth);
    case MAP:
      return readMap(from, input, depth);
    case TAG:
      return new CborTag(from.tag(), read(from, input, depth + 1));
    default:
      return from.null() ? null : from.bool();
  }
}

function readArray(from: CborReader, input: Input, depth: number): CborValue[] {
  const items: CborValue[] = [];
  for (let left = from.array(); left > 0; left--) items.push(read(from, input, depth + 1));
  return items;
}

function readMap(from: CborReader, input: Input, depth: number): CborMap {
  const map: CborMap = new Map();
  let last: Uint8Array | null = null;
  for (let left = from.map(); left > 0; left--) {
    const start = from.at;
    const key = read(from, input, depth + 1);
    if (typeof key !== 'number' && typeof key !== 'string')
      throw damaged('a map key is neither an integer within 2^53 nor a text');
    const encoded = input.bytes.subarray(start, from.at);
    if (last !== null && Buffer.compare(last, encoded) >= 0) throw damaged('map keys are repeated or out of order');
    last = encoded;
    map.set(key, read(from, input, depth + 1));
  }
  return map;
}
