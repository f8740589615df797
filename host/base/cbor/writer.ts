/** Writes deterministic CBOR (RFC 8949, section 4.2.1) one item at a time. The caller keeps a map's keys in order. */
import { ARRAY, BYTES, damaged, FALSE, type Fault, MAP, NEGATIVE, NULL, TAG, TEXT, TRUE, UINT } from './wire.ts';

const utf8 = new TextEncoder();
/** Matches half of a surrogate pair: with the u flag a whole pair is one character. */
const HALF_PAIR = /\p{Surrogate}/u;

export class CborWriter {
  readonly #fault: Fault;
  #bytes = new Uint8Array(128);
  #length = 0;

  constructor(fault: Fault = damaged) {
    this.#fault = fault;
  }

  /** A number within 2^53, or a bigint of -2^64..2^64 - 1. */
  int(value: number | bigint): this {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) throw this.#fault(`${value} is not an integer within 2^53`);
      return value < 0 ? this.#head(NEGATIVE, -1 - value) : this.#head(UINT, value);
    }
    return value < 0n ? this.#wide(NEGATIVE, -1n - value) : this.#wide(UINT, value);
  }
  bytes(value: Uint8Array): this {
    return this.#head(BYTES, value.length).raw(value);
  }
  text(value: string): this {
    if (HALF_PAIR.test(value)) throw this.#fault('a text has half of a surrogate pair');
    const encoded = utf8.encode(value);
    return this.#head(TEXT, encoded.length).raw(encoded);
  }
  /** Writes the head of an array of `length` items. */
  array(length: number): this {
    return this.#head(ARRAY, length);
  }
  /** Writes the head of a map of `length` pairs. */
  map(length: number): this {
    return this.#head(MAP, length);
  }
  /** Writes a tag of at most 32 bits for the next item. */
  tag(tag: number): this {
    if (tag >>> 0 !== tag) throw this.#fault(`${tag} is no tag of 32 bits`);
    return this.#head(TAG, tag);
  }
  bool(value: boolean): this {
    return this.#byte(value ? TRUE : FALSE);
  }
  null(): this {
    return this.#byte(NULL);
  }
  /** Appends bytes that already are CBOR. */
  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }
  /** Returns a copy of everything written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }

  #byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** Writes initial byte and argument in the shortest form. */
  #head(major: number, argument: number): this {
    const first = major << 5;
    if (argument < 24) return this.#byte(first | argument);
    if (argument < 0x100) return this.#byte(first | 24).#uint(argument, 1);
    if (argument < 0x1_0000) return this.#byte(first | 25).#uint(argument, 2);
    if (argument < 0x1_0000_0000) return this.#byte(first | 26).#uint(argument, 4);
    return this.#byte(first | 27)
      .#uint(Math.floor(argument / 0x1_0000_0000), 4)
      .#uint(argument % 0x1_0000_0000, 4);
  }

  #wide(major: number, argument: bigint): this {
    if (argument <= Number.MAX_SAFE_INTEGER) return this.#head(major, Number(argument));
    if (argument >= 1n << 64n) throw this.#fault('an integer needs more than 64 bits');
    return this.#byte((major << 5) | 27)
      .#uint(Number(argument >> 32n), 4)
      .#uint(Number(argument & 0xffff_ffffn), 4);
  }

  /** Writes `value` as `size` bytes, the highest first. */
  #uint(value: number, size: number): this {
    this.#reserve(size);
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) this.#bytes[this.#length++] = value >>> shift;
    return this;
  }
}
