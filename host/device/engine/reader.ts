/**
 * Cursor over the binary format of WebAssembly 1.0 (core specification, section 5). All input counts as hostile until
 * parsed.
 */
import { MoteError } from '../../base/index.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

export class Reader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get done(): boolean {
    return this.offset >= this.end;
  }

  /** Skips `length` bytes and returns the offset of the first. Throws `WASM_INVALID` beyond the end. */
  skip(length: number): number {
    const start = this.offset;
    if (length > this.end - start)
      throw new MoteError('WASM_INVALID', `the module ends in the middle of byte ${start}`);
    this.offset += length;
    return start;
  }

  u8(): number {
    return this.bytes[this.skip(1)]!;
  }

  /** Reads an unsigned LEB128 of at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw new MoteError('WASM_INVALID', `a number before byte ${this.offset} has more than 32 bits`);
  }

  /** Reads a signed LEB128 of at most 64 bits. */
  s64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, byte & 0x40 ? value - (1n << (shift + 7n)) : value);
    }
    throw new MoteError('WASM_INVALID', `a number before byte ${this.offset} has more than 64 bits`);
  }

  /** Skips a LEB128 of any width. */
  skipLeb(): void {
    for (let i = 0; i < 10; i++) if (this.u8() < 0x80) return;
    throw new MoteError('WASM_INVALID', `a number before byte ${this.offset} has more than 64 bits`);
  }

  name(): string {
    const length = this.u32();
    const start = this.skip(length);
    try {
      return utf8.decode(this.bytes.subarray(start, start + length));
    } catch (cause) {
      throw new MoteError('WASM_INVALID', `the name at byte ${start} is not UTF-8`, { cause });
    }
  }

  /** Skips a byte vector with its length and returns the length. */
  skipCounted(): number {
    const length = this.u32();
    this.skip(length);
    return length;
  }

  /** Returns a reader of the next `length` bytes and skips them. */
  slice(length: number): Reader {
    const start = this.skip(length);
    return new Reader(this.bytes, start, start + length);
  }
}
