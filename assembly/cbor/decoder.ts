import { charge } from '../abi/fuel';
import { ARRAY, BYTES, FALSE, MAP, NEGATIVE, NOTHING, NULL, SIMPLE, TAG, TEXT, TRUE, UINT } from './types';
import { equalsUtf8 } from './utf8';

/** Largest depth of arrays, maps and tags that `skip` follows. */
export const MAX_DEPTH: i32 = 16;

/**
 * Reads CBOR (RFC 8949) from a buffer of the caller, one item after the other. The input may be hostile: an item that
 * is malformed, of another type than requested, or beyond the buffer clears `ok`, and from then on every read returns
 * 0, false or an empty value. Only definite lengths are accepted. Heads longer than needed are accepted, and text isn't
 * checked to be UTF-8.
 *
 * ```
 * const body = changetype<Decoder>(memory.data(DECODER_BYTES));
 * body.begin(buffer, length);
 * for (let n = body.map(); n > 0; n--) {
 *   if (body.key('threshold')) threshold = body.int();
 *   else body.skip();
 * }
 * if (body.ok && body.done) ...
 * ```
 */
@unmanaged
@final
export class Decoder {
  private at: usize;
  private end: usize;
  /** Length of the last `bytes` or `text`. */
  length: i32;
  /** False once the input differed from what the reader requested. */
  ok: bool;
  /** Argument of the last head. */
  private value: u64;

  begin(buffer: usize, length: i32): this {
    this.at = buffer;
    this.end = buffer + max(length, 0);
    this.length = 0;
    this.ok = true;
    return this;
  }

  /** Whether everything was read. */
  get done(): bool {
    return this.at == this.end;
  }

  /** Major type of the next item (see types.ts), or NOTHING. */
  get kind(): i32 {
    return this.ok && this.at < this.end ? load<u8>(this.at) >> 5 : NOTHING;
  }

  /** Reads an integer that fits i64. */
  int(): i64 {
    const major = this.head();
    if (!this.ok || major > NEGATIVE || <i64>this.value < 0) {
      this.ok = false;
      return 0;
    }
    return major == NEGATIVE ? ~(<i64>this.value) : <i64>this.value;
  }

  uint(): u64 {
    return this.expect(UINT) ? this.value : 0;
  }

  /** Reads the negative integer -1 - n and returns n. */
  negative(): u64 {
    return this.expect(NEGATIVE) ? this.value : 0;
  }

  bool(): bool {
    const byte = this.simple();
    if (byte != TRUE && byte != FALSE) this.ok = false;
    return this.ok && byte == TRUE;
  }

  /** Reads a null. Returns false, and reads nothing, if another item is next. */
  null(): bool {
    if (this.kind == NOTHING || load<u8>(this.at) != NULL) return false;
    this.at++;
    return true;
  }

  /** Reads a byte string. Returns its address inside the buffer; `length` is its length. */
  bytes(): usize {
    return this.string(BYTES);
  }

  /** Reads a text. Returns the address of its UTF-8 inside the buffer; `length` is its length. */
  text(): usize {
    return this.string(TEXT);
  }

  /** Reads a text if it equals `name`. Returns false, and reads nothing, if another item is next. */
  key(name: string): bool {
    if (this.kind != TEXT) return false;
    const before = this.at;
    const text = this.text();
    if (this.ok && equalsUtf8(name, text, this.length)) return true;
    this.at = before;
    return false;
  }

  /** Reads the head of an array and returns its number of items, which is never more than the bytes left. */
  array(): i32 {
    return this.expect(ARRAY) ? this.count(1) : 0;
  }

  /** Reads the head of a map and returns its number of pairs. */
  map(): i32 {
    return this.expect(MAP) ? this.count(2) : 0;
  }

  tag(): u64 {
    return this.expect(TAG) ? this.value : 0;
  }

  /** Skips one item with everything inside it, at most `MAX_DEPTH` deep. */
  skip(): void {
    let depth = 0;
    let left: u32 = 1;
    // The remaining counts of the outer levels are on a stack behind the fields.
    const stack = changetype<usize>(this) + offsetof<Decoder>();
    while (true) {
      while (left == 0) {
        if (depth == 0) return;
        depth--;
        left = load<u32>(stack + ((<usize>depth) << 2));
      }
      left--;
      const major = this.head();
      if (!this.ok) return;
      let inside: u32 = 0;
      if (major == BYTES || major == TEXT) this.pass();
      else if (major == ARRAY) inside = this.count(1);
      else if (major == MAP) inside = (<u32>this.count(2)) << 1;
      else if (major == TAG) inside = 1;
      if (!this.ok) return;
      if (inside == 0) continue;
      if (depth == MAX_DEPTH) {
        this.ok = false;
        return;
      }
      store<u32>(stack + ((<usize>depth) << 2), left);
      depth++;
      left = inside;
    }
  }

  /** Reads a head into `value` and returns its major type. */
  private head(): i32 {
    charge(4);
    if (!this.ok || this.at >= this.end) return this.fail();
    const first = <i32>load<u8>(this.at++);
    const info = first & 31;
    if (info < 24) {
      this.value = info;
      return first >> 5;
    }
    // 28 to 30 are reserved, 31 is an indefinite length.
    if (info > 27) return this.fail();
    let size: usize = 1 << (info - 24);
    if (size > this.end - this.at) return this.fail();
    let value: u64 = 0;
    for (; size > 0; size--) value = (value << 8) | load<u8>(this.at++);
    // Section 3.3: one-byte simple values below 32 aren't well-formed.
    if (first == 0xf8 && value < 32) return this.fail();
    this.value = value;
    return first >> 5;
  }

  private expect(major: i32): bool {
    if (this.head() != major) this.ok = false;
    return this.ok;
  }

  /** Reads the byte of a simple value without an argument. */
  private simple(): u8 {
    if (this.kind != SIMPLE) {
      this.ok = false;
      return 0;
    }
    return load<u8>(this.at++);
  }

  private string(major: i32): usize {
    this.length = 0;
    if (!this.expect(major)) return this.at;
    const start = this.at;
    this.pass();
    this.length = <i32>(this.at - start);
    return start;
  }

  /** Skips the `value` bytes of a string. */
  private pass(): void {
    if (this.value > <u64>(this.end - this.at)) this.ok = false;
    else this.at += <usize>this.value;
  }

  /** Returns `value` as a number of items of at least `bytes` each, so that a small input can't cause a long loop. */
  private count(bytes: u32): i32 {
    if (this.value <= <u64>(<u32>(this.end - this.at) / bytes)) return <i32>this.value;
    this.ok = false;
    return 0;
  }

  private fail(): i32 {
    this.ok = false;
    return NOTHING;
  }
}

/** Bytes of static memory that a `Decoder` needs. */
export const DECODER_BYTES: i32 = offsetof<Decoder>() + MAX_DEPTH * 4;
