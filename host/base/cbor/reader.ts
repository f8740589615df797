/**
 * Reads deterministic CBOR (RFC 8949, section 4.2.1) one item at a time. It accepts only definite lengths, the shortest
 * form and valid UTF-8, and no floats. Each accepted item therefore has exactly one encoding, except for the order of a
 * map's keys, which the caller checks. Lengths and counts are checked against the remaining bytes before anything is
 * allocated.
 */
import { ARRAY, BYTES, damaged, FALSE, type Fault, MAP, NEGATIVE, NULL, TAG, TEXT, TRUE, UINT } from './wire.ts';

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const U32_MAX = 0xffff_ffff;

/** Every method throws the error that `fault` creates. */
export class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fault: Fault;
  #at = 0;

  constructor(bytes: Uint8Array, fault: Fault = damaged) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#fault = fault;
  }

  /** Offset of the next item. */
  get at(): number {
    return this.#at;
  }
  /** Major type of the next item, 0 to 7. */
  major(): number {
    return this.#peek() >> 5;
  }

  /** An integer in min..max, both safe. */
  int(min: number, max: number): number {
    const negative = this.#sign();
    const argument = this.#argument();
    if (typeof argument === 'bigint') throw this.#fault('an integer beyond 2^53');
    const value = negative ? -1 - argument : argument;
    if (value < min || value > max) throw this.#fault(`the integer ${value} is not in ${min}..${max}`);
    return value;
  }
  /** Any integer of -2^64..2^64 - 1; a bigint if its magnitude exceeds 2^53. */
  integer(): number | bigint {
    const negative = this.#sign();
    const argument = this.#argument();
    if (!negative) return argument;
    // -2^53 is exact as a double, but not safe.
    return argument < Number.MAX_SAFE_INTEGER ? -1 - Number(argument) : -1n - BigInt(argument);
  }
  /** A copy of a byte string of min..max bytes. */
  bytes(min = 0, max = U32_MAX): Uint8Array {
    return this.#string(BYTES, min, max).slice();
  }
  /** A text of min..max bytes of valid UTF-8. */
  text(min = 0, max = U32_MAX): string {
    const encoded = this.#string(TEXT, min, max);
    try {
      return strictUtf8.decode(encoded);
    } catch {
      throw this.#fault('a text is not UTF-8');
    }
  }
  /** Reads the head of an array and returns the number of its items. */
  array(min = 0, max = U32_MAX): number {
    return this.#items(ARRAY, 1, min, max);
  }
  /** Reads the head of a map and returns the number of its pairs. */
  map(min = 0, max = U32_MAX): number {
    return this.#items(MAP, 2, min, max);
  }
  /** Reads a tag of at most 32 bits. */
  tag(): number {
    return this.#count(TAG, 0, U32_MAX);
  }
  bool(): boolean {
    const first = this.#peek();
    if (first !== TRUE && first !== FALSE) throw this.#fault(`0x${first.toString(16)} instead of a boolean`);
    this.#at++;
    return first === TRUE;
  }
  /** Reads null if it is the next item, and returns whether it was. */
  null(): boolean {
    if (this.#peek() !== NULL) return false;
    this.#at++;
    return true;
  }
  /** Throws unless all bytes were read. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#fault(`${this.#bytes.length - this.#at} bytes are left over`);
  }

  #peek(): number {
    const first = this.#bytes[this.#at];
    if (first === undefined) throw this.#fault('it ends too early');
    return first;
  }

  /** True when the next item is a negative integer. */
  #sign(): boolean {
    const major = this.#peek() >> 5;
    if (major !== UINT && major !== NEGATIVE) throw this.#fault(`major type ${major} instead of an integer`);
    return major === NEGATIVE;
  }

  #count(major: number, min: number, max: number): number {
    const found = this.#peek() >> 5;
    if (found !== major) throw this.#fault(`major type ${found} instead of ${major}`);
    const count = this.#argument();
    if (typeof count !== 'number' || count < min || count > max)
      throw this.#fault(`a count of ${count} is not in ${min}..${max}`);
    return count;
  }

  /** Reads the count of an array or map. Each item takes at least one byte, so an impossible count is rejected here. */
  #items(major: number, itemBytes: number, min: number, max: number): number {
    const count = this.#count(major, min, max);
    if (count * itemBytes > this.#bytes.length - this.#at) throw this.#fault('an array or map ends too early');
    return count;
  }

  #string(major: number, min: number, max: number): Uint8Array {
    const length = this.#count(major, min, max);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw this.#fault('a string ends too early');
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  /** Reads the head of the next item and returns its argument; a bigint only beyond 2^53. */
  #argument(): number | bigint {
    const short = this.#peek() & 31;
    if (short < 24) {
      this.#at++;
      return short;
    }
    if (short > 27) throw this.#fault('an indefinite or reserved length');
    const at = this.#at + 1;
    const end = at + (1 << (short - 24));
    if (end > this.#bytes.length) throw this.#fault('it ends too early');
    this.#at = end;
    if (short === 24) return this.#shortest(this.#view.getUint8(at), 24);
    if (short === 25) return this.#shortest(this.#view.getUint16(at), 0x100);
    if (short === 26) return this.#shortest(this.#view.getUint32(at), 0x1_0000);
    const wide = this.#view.getBigUint64(at);
    if (wide > Number.MAX_SAFE_INTEGER) return wide;
    return this.#shortest(Number(wide), 0x1_0000_0000);
  }

  #shortest(value: number, least: number): number {
    if (value < least) throw this.#fault('a number is not in its shortest form');
    return value;
  }
}
