/**
 * CBOR as signed things need it (RFC 8949, core deterministic encoding, section 4.2.1): one value has one encoding, and the
 * reader takes no other. Integers, byte and text strings, arrays, maps with integer or text keys, tags, booleans and null; no
 * floats, no indefinite lengths.
 */
import { MoteError } from '../error.ts';

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

const MAX_DEPTH = 16;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function bad(message: string): MoteError {
  return new MoteError('CBOR', `${message}; the data is damaged or wasn't written by moteware.`);
}

/** The deterministic encoding. Throws `CBOR` for a number that is no integer or needs more than 64 bits. */
export function encodeCbor(value: CborValue): Uint8Array {
  const parts: Uint8Array[] = [];
  write(value, parts);
  return new Uint8Array(Buffer.concat(parts));
}

function write(value: CborValue, out: Uint8Array[]): void {
  if (typeof value === 'number' || typeof value === 'bigint') {
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw bad(`${value} is no integer that CBOR keeps exact`);
    out.push(value < 0 ? head(1, -1n - BigInt(value)) : head(0, BigInt(value)));
  } else if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'utf8');
    if (bytes.toString('utf8') !== value) throw bad('A text has half of a surrogate pair');
    out.push(head(3, BigInt(bytes.length)), bytes);
  } else if (typeof value === 'boolean' || value === null) {
    out.push(Uint8Array.of(value === null ? 0xf6 : value ? 0xf5 : 0xf4));
  } else if (value instanceof Uint8Array) {
    out.push(head(2, BigInt(value.length)), value);
  } else if (Array.isArray(value)) {
    out.push(head(4, BigInt(value.length)));
    for (const item of value) write(item, out);
  } else if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => ({ key: encodeCbor(key), item }));
    entries.sort((a, b) => Buffer.compare(a.key, b.key));
    out.push(head(5, BigInt(entries.length)));
    for (const { key, item } of entries) {
      out.push(key);
      write(item, out);
    }
  } else {
    out.push(head(6, BigInt(value.tag)));
    write(value.value, out);
  }
}

/** Initial byte and argument, in the shortest form. */
function head(major: number, argument: bigint): Uint8Array {
  if (argument >= 1n << 64n) throw bad('An integer needs more than 64 bits');
  const low = Number(argument & 0xffffffffn);
  if (argument < 24n) return Uint8Array.of((major << 5) | low);
  if (argument < 0x100n) return Uint8Array.of((major << 5) | 24, low);
  if (argument < 0x10000n) return Uint8Array.of((major << 5) | 25, low >> 8, low & 0xff);
  const out = new Uint8Array(argument < 0x100000000n ? 5 : 9);
  const view = new DataView(out.buffer);
  out[0] = (major << 5) | (out.length === 5 ? 26 : 27);
  if (out.length === 5) view.setUint32(1, low);
  else view.setBigUint64(1, argument);
  return out;
}

/**
 * The one value that `bytes` hold. Byte strings in it are copies. Throws `CBOR` for anything but the deterministic encoding of a
 * value that `CborValue` can say, nested at most 16 deep, with nothing after it.
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length) throw bad(`${bytes.length - reader.at} bytes follow the CBOR item`);
  return value;
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  value(depth: number): CborValue {
    if (depth > MAX_DEPTH) throw bad(`CBOR items are nested more than ${MAX_DEPTH} deep`);
    const initial = this.#take(1);
    const major = this.#bytes[initial]! >> 5;
    const info = this.#bytes[initial]! & 31;
    if (major === 7) {
      if (info === 20 || info === 21) return info === 21;
      if (info === 22) return null;
      throw bad(`CBOR simple value or float (${info}) isn't used here`);
    }
    const argument = this.#argument(info);
    switch (major) {
      case 0:
        return integer(argument);
      case 1:
        return integer(-1n - BigInt(argument));
      case 2:
        return this.#string(argument).slice();
      case 3:
        return this.#text(argument);
      case 4:
        return this.#array(argument, depth);
      case 5:
        return this.#map(argument, depth);
      default:
        return new CborTag(small(argument), this.value(depth + 1));
    }
  }

  #take(length: number): number {
    const start = this.at;
    if (length > this.#bytes.length - start) throw bad('CBOR ends in the middle of an item');
    this.at += length;
    return start;
  }

  #argument(info: number): number | bigint {
    if (info < 24) return info;
    if (info > 27) throw bad('CBOR of indefinite or reserved length is not accepted');
    const length = 1 << (info - 24);
    const at = this.#take(length);
    let value: number | bigint;
    let least: number;
    if (length === 1) [value, least] = [this.#view.getUint8(at), 24];
    else if (length === 2) [value, least] = [this.#view.getUint16(at), 0x100];
    else if (length === 4) [value, least] = [this.#view.getUint32(at), 0x10000];
    else [value, least] = [this.#view.getBigUint64(at), 0x100000000];
    if (value < least) throw bad('A CBOR integer or length is longer than it need be');
    return value;
  }

  #string(argument: number | bigint): Uint8Array {
    const length = small(argument);
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  #text(argument: number | bigint): string {
    const bytes = this.#string(argument);
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      throw new MoteError('CBOR', 'A CBOR text is not UTF-8; the data is damaged.', { cause });
    }
  }

  #array(argument: number | bigint, depth: number): CborValue[] {
    const items: CborValue[] = [];
    for (let left = this.#count(argument, 1); left > 0; left--) items.push(this.value(depth + 1));
    return items;
  }

  #map(argument: number | bigint, depth: number): CborMap {
    const map: CborMap = new Map();
    let last: Uint8Array | null = null;
    for (let left = this.#count(argument, 2); left > 0; left--) {
      const start = this.at;
      const key = this.value(depth + 1);
      if (typeof key !== 'number' && typeof key !== 'string')
        throw bad('A CBOR map key is neither an integer nor a text');
      const encoded = this.#bytes.subarray(start, this.at);
      if (last !== null && Buffer.compare(last, encoded) >= 0) throw bad('CBOR map keys are repeated or out of order');
      last = encoded;
      map.set(key, this.value(depth + 1));
    }
    return map;
  }

  /** Each item takes a byte or more, so a count beyond the bytes is refused before anything is made of it. */
  #count(argument: number | bigint, itemBytes: number): number {
    const count = small(argument);
    if (count * itemBytes > this.#bytes.length - this.at) throw bad('CBOR ends in the middle of an array or map');
    return count;
  }
}

function small(argument: number | bigint): number {
  if (argument > 0xffffffff) throw bad('A CBOR length or tag is above 32 bits');
  return Number(argument);
}

function integer(value: number | bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : BigInt(value);
}
