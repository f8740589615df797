import { charge } from '../abi/fuel';
import { ARRAY, BYTES, FALSE, MAP, NEGATIVE, NULL, TAG, TEXT, TRUE, UINT } from './types';
import { utf8Length, writeUtf8 } from './utf8';

/**
 * Writes CBOR (RFC 8949) into a buffer of the caller. Heads have the shortest form and lengths are definite (section
 * 4.2.1); the caller determines the order of a map's keys. An item that doesn't fit is omitted as a whole and clears
 * `ok`, and all later items are omitted too: check `ok` once at the end.
 *
 * ```
 * const out = changetype<Encoder>(memory.data(ENCODER_BYTES));
 * out.begin(buffer, 64).map(1).text('score').int(230);
 * if (out.ok) send(buffer, out.length);
 * ```
 */
@unmanaged
@final
export class Encoder {
  private start: usize;
  private at: usize;
  private end: usize;
  /** False once an item didn't fit. */
  ok: bool;

  /** Starts again with an empty buffer. */
  begin(buffer: usize, capacity: i32): this {
    this.start = buffer;
    this.at = buffer;
    this.end = buffer + max(capacity, 0);
    this.ok = true;
    return this;
  }

  /** Number of bytes written so far. */
  get length(): i32 {
    return <i32>(this.at - this.start);
  }

  int(value: i64): this {
    return value < 0 ? this.head(NEGATIVE, <u64>~value, 0) : this.head(UINT, <u64>value, 0);
  }

  uint(value: u64): this {
    return this.head(UINT, value, 0);
  }

  /** Writes -1 - n, over the full range of major type 1. */
  negative(n: u64): this {
    return this.head(NEGATIVE, n, 0);
  }

  bool(value: bool): this {
    return this.byte(value ? TRUE : FALSE);
  }

  null(): this {
    return this.byte(NULL);
  }

  bytes(data: usize, length: i32): this {
    return this.head(BYTES, <u64>(<u32>length), length).copy(data, length);
  }

  text(value: string): this {
    const length = utf8Length(value);
    this.head(TEXT, <u64>length, length);
    if (this.ok) this.at += writeUtf8(value, this.at, length);
    return this;
  }

  /** Writes a text that already is UTF-8. */
  utf8(data: usize, length: i32): this {
    return this.head(TEXT, <u64>(<u32>length), length).copy(data, length);
  }

  /** Writes the head of an array of `count` items. */
  array(count: i32): this {
    return this.head(ARRAY, <u64>(<u32>count), 0);
  }

  /** Writes the head of a map of `count` pairs. */
  map(count: i32): this {
    return this.head(MAP, <u64>(<u32>count), 0);
  }

  /** Writes a tag for the next item. */
  tag(number: u64): this {
    return this.head(TAG, number, 0);
  }

  /** Writes items that already are CBOR. */
  raw(data: usize, length: i32): this {
    if (this.fits(length)) this.copy(data, length);
    return this;
  }

  /** Writes a head if it and `body` bytes behind it fit. */
  private head(major: i32, value: u64, body: i32): this {
    const size = value < 24 ? 0 : value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
    // Lengths are i32: a negative one must not count as a huge one that wraps.
    if (body < 0 || !this.fits(1 + size) || !this.fits(body, 1 + size)) {
      this.ok = false;
      return this;
    }
    charge(1 + size);
    const at = this.at;
    store<u8>(at, (major << 5) | (size == 0 ? <i32>value : 23 + (32 - clz(size))));
    for (let i = size; i > 0; i--) {
      store<u8>(at + i, <u8>value);
      value >>= 8;
    }
    this.at = at + 1 + size;
    return this;
  }

  private byte(value: u8): this {
    if (this.fits(1)) store<u8>(this.at++, value);
    return this;
  }

  private copy(data: usize, length: i32): this {
    if (!this.ok) return this;
    charge(length >> 2);
    memory.copy(this.at, data, length);
    this.at += length;
    return this;
  }

  private fits(bytes: i32, after: i32 = 0): bool {
    if (bytes < 0 || <usize>bytes > this.end - this.at - after) this.ok = false;
    return this.ok;
  }
}

/** Bytes of static memory that an `Encoder` needs. */
export const ENCODER_BYTES: i32 = offsetof<Encoder>();
