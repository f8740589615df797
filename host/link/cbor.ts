/**
 * The part of CBOR (RFC 8949) that link messages use: integers, byte and text strings, arrays, maps, booleans and null, always in
 * the shortest form and with definite lengths (section 4.2.1). The reader is strict, so each message has exactly one encoding.
 */
import { MoteError } from '../error.ts';

const UINT = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function malformed(what: string): MoteError {
  return new MoteError('LINK_MALFORMED', `A link message is malformed: ${what}; it was dropped.`);
}

export class CborWriter {
  #bytes = new Uint8Array(128);
  #length = 0;

  /** Any integer that a double holds exactly. */
  int(value: number): this {
    if (!Number.isSafeInteger(value)) throw malformed(`${value} is not an integer within 2^53`);
    return value < 0 ? this.#head(NEGATIVE, -1 - value) : this.#head(UINT, value);
  }
  bytes(value: Uint8Array): this {
    this.#head(BYTES, value.length);
    return this.#raw(value);
  }
  text(value: string): this {
    const encoded = utf8.encode(value);
    this.#head(TEXT, encoded.length);
    return this.#raw(encoded);
  }
  array(length: number): this {
    return this.#head(ARRAY, length);
  }
  map(length: number): this {
    return this.#head(MAP, length);
  }
  bool(value: boolean): this {
    return this.#raw(Uint8Array.of(value ? TRUE : FALSE));
  }
  null(): this {
    return this.#raw(Uint8Array.of(NULL));
  }
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): DataView {
    if (this.#length + count > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return new DataView(this.#bytes.buffer);
  }

  #head(major: number, argument: number): this {
    const view = this.#reserve(9);
    const first = major << 5;
    if (argument < 24) {
      view.setUint8(this.#length++, first | argument);
    } else if (argument < 0x100) {
      view.setUint8(this.#length, first | 24);
      view.setUint8(this.#length + 1, argument);
      this.#length += 2;
    } else if (argument < 0x1_0000) {
      view.setUint8(this.#length, first | 25);
      view.setUint16(this.#length + 1, argument);
      this.#length += 3;
    } else if (argument < 0x1_0000_0000) {
      view.setUint8(this.#length, first | 26);
      view.setUint32(this.#length + 1, argument);
      this.#length += 5;
    } else {
      view.setUint8(this.#length, first | 27);
      view.setBigUint64(this.#length + 1, BigInt(argument));
      this.#length += 9;
    }
    return this;
  }

  #raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }
}

/** Reads what CborWriter writes and nothing else. Every method throws `LINK_MALFORMED`. Lengths are checked before use. */
export class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** An integer in min..max, both safe. */
  int(min: number, max: number): number {
    const first = this.#peek();
    const major = first >> 5;
    if (major !== UINT && major !== NEGATIVE) throw malformed('an integer is missing');
    const argument = this.#argument(major);
    const value = major === UINT ? argument : -1 - argument;
    if (value < min || value > max) throw malformed(`the integer ${value} is not in ${min}..${max}`);
    return value;
  }
  /** A copy of a byte string of min..max bytes. */
  bytes(min: number, max: number): Uint8Array {
    return this.#string(BYTES, min, max).slice();
  }
  /** Valid UTF-8 of min..max bytes. */
  text(min: number, max: number): string {
    const encoded = this.#string(TEXT, min, max);
    try {
      return strictUtf8.decode(encoded);
    } catch {
      throw malformed('a text is not UTF-8');
    }
  }
  array(min: number, max: number): number {
    return this.#count(ARRAY, min, max);
  }
  map(min: number, max: number): number {
    return this.#count(MAP, min, max);
  }
  bool(): boolean {
    const first = this.#peek();
    if (first !== TRUE && first !== FALSE) throw malformed('a boolean is missing');
    this.#at++;
    return first === TRUE;
  }
  /** True, and past it, when null comes next. */
  null(): boolean {
    if (this.#peek() !== NULL) return false;
    this.#at++;
    return true;
  }
  end(): void {
    if (this.#at !== this.#bytes.length) throw malformed('bytes are left over');
  }

  #peek(): number {
    const first = this.#bytes[this.#at];
    if (first === undefined) throw malformed('it ends too early');
    return first;
  }

  #count(major: number, min: number, max: number): number {
    const count = this.#argument(major);
    if (count < min || count > max) throw malformed(`a count of ${count} is not in ${min}..${max}`);
    return count;
  }

  #string(major: number, min: number, max: number): Uint8Array {
    const length = this.#count(major, min, max);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed('a string ends too early');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  #argument(major: number): number {
    const first = this.#peek();
    if (first >> 5 !== major) throw malformed(`major type ${first >> 5} instead of ${major}`);
    const short = first & 31;
    this.#at++;
    if (short < 24) return short;
    if (short > 27) throw malformed('an indefinite or reserved length');
    const size = 1 << (short - 24);
    if (this.#at + size > this.#bytes.length) throw malformed('it ends too early');
    const value = this.#uint(size);
    const least = [24, 0x100, 0x1_0000, 0x1_0000_0000][short - 24]!;
    if (value < least) throw malformed('a number is not in its shortest form');
    if (value > Number.MAX_SAFE_INTEGER) throw malformed('an integer beyond 2^53');
    this.#at += size;
    return value;
  }

  #uint(size: number): number {
    if (size === 1) return this.#view.getUint8(this.#at);
    if (size === 2) return this.#view.getUint16(this.#at);
    if (size === 4) return this.#view.getUint32(this.#at);
    return Number(this.#view.getBigUint64(this.#at));
  }
}

/** True when `bytes` are exactly one well-formed CBOR item (RFC 8949, appendix C), any kind, at most 16 levels deep. */
export function wellFormed(bytes: Uint8Array): boolean {
  return skip(bytes, 0, 16) === bytes.length;
}

/** Offset behind the item at `at`, -1 when it isn't well-formed. */
function skip(bytes: Uint8Array, at: number, depth: number): number {
  const first = bytes[at];
  if (first === undefined || depth === 0) return -1;
  const major = first >> 5;
  const short = first & 31;
  if (short === 31) return skipIndefinite(bytes, at + 1, major, depth);
  if (short > 27) return -1;
  const size = short < 24 ? 0 : 1 << (short - 24);
  let argument = short < 24 ? short : 0;
  for (let i = 0; i < size; i++) argument = argument * 256 + (bytes[at + 1 + i] ?? 0);
  let end = at + 1 + size;
  if (end > bytes.length) return -1;
  // A simple value below 32 in two bytes is not allowed (RFC 8949, section 3.3).
  if (major === 7) return short === 24 && argument < 32 ? -1 : end;
  if (major === BYTES || major === TEXT) return end + argument <= bytes.length ? end + argument : -1;
  const items = major === ARRAY ? argument : major === MAP ? argument * 2 : major === 6 ? 1 : 0;
  // Each item takes a byte at least, so a huge count ends here and not in a long loop.
  if (items > bytes.length - end) return -1;
  for (let i = 0; i < items && end >= 0; i++) end = skip(bytes, end, depth - 1);
  return end;
}

function skipIndefinite(bytes: Uint8Array, start: number, major: number, depth: number): number {
  if (major < BYTES || major > MAP) return -1;
  let at = start;
  let items = 0;
  while (bytes[at] !== 0xff) {
    const chunk = bytes[at] ?? 0;
    // Chunks of a string are definite strings of the same kind.
    if ((major === BYTES || major === TEXT) && (chunk >> 5 !== major || (chunk & 31) === 31)) return -1;
    at = skip(bytes, at, depth - 1);
    if (at < 0) return -1;
    items++;
  }
  return major === MAP && items % 2 !== 0 ? -1 : at + 1;
}
