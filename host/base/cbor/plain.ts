/**
 * Reads CBOR from others as plain data: every encoding that RFC 8949 allows, deterministic or not, within limits of
 * bytes, items and nesting. One item of the input becomes at most one value, so the result is never larger than what
 * was read: tags that refer to other items (shared values, string references) are rejected.
 */
import type { MoteError } from '../index.ts';
import { CborTag, type CborValue } from './value.ts';
import { ARRAY, BYTES, damaged, type Fault, MAP, NEGATIVE, TAG, TEXT, UINT } from './wire.ts';

/** Plain data. Maps are objects without a prototype; integers beyond 2^53 - 1 are bigints. */
export type Plain =
  | number
  | bigint
  | string
  | boolean
  | null
  | undefined
  | Uint8Array
  | Plain[]
  | { [key: string]: Plain }
  | CborTag;

export interface PlainLimits {
  bytes: number;
  /** Items of every kind, the keys of maps and the chunks of strings included. Default 65,536. */
  items?: number;
  /** Arrays, maps and tags around an item. Default 16. */
  depth?: number;
}

/** Tags whose content means another item: stringref (25, 256) and value sharing (28, 29). */
const REFERENCES: ReadonlySet<number> = new Set([25, 28, 29, 256]);
/** RFC 8746: an array of uint8 in a byte string. */
const UINT8_ARRAY = 64;
const INDEFINITE = 31;
const BREAK = 0xff;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes the one item that `bytes` hold. Byte strings are copies. A tag is kept with its content as a `CborTag`. Keys
 * of maps are texts or integers and differ from each other. Throws the error that `fault` creates for anything else,
 * and for input beyond `limits`.
 */
export function decodePlain(bytes: Uint8Array, limits: PlainLimits, fault: Fault = damaged): Plain {
  if (bytes.length > limits.bytes) throw fault(`it has ${bytes.length} bytes, more than ${limits.bytes}`);
  const reader = new PlainReader(bytes, limits, fault);
  const value = reader.item(limits.depth ?? 16);
  reader.end();
  return value;
}

interface Head {
  major: number;
  /** The low five bits. */
  short: number;
  argument: number | bigint;
}

class PlainReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fault: Fault;
  readonly #maxItems: number;
  #items: number;
  #at = 0;

  constructor(bytes: Uint8Array, limits: PlainLimits, fault: Fault) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#fault = fault;
    this.#maxItems = limits.items ?? 65_536;
    this.#items = this.#maxItems;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw this.#fault(`${this.#bytes.length - this.#at} bytes are left over`);
  }

  /** `depth`: levels that may still be opened. */
  item(depth: number): Plain {
    const head = this.#head();
    const { major, short, argument } = head;
    switch (major) {
      case UINT:
        return argument;
      case NEGATIVE:
        return argument < Number.MAX_SAFE_INTEGER ? -1 - Number(argument) : -1n - BigInt(argument);
      case BYTES:
        return this.#string(head).slice();
      case TEXT:
        return this.#text(head);
      case ARRAY:
        return this.#array(head, this.#inner(depth));
      case MAP:
        return this.#map(head, this.#inner(depth));
      case TAG:
        return this.#tag(argument, this.#inner(depth));
      default:
        return this.#simple(short, argument);
    }
  }

  #inner(depth: number): number {
    if (depth === 0) throw this.#fault('items are nested too deep');
    return depth - 1;
  }

  #early(): MoteError {
    return this.#fault('it ends too early');
  }

  #head(): Head {
    if (this.#items-- === 0) throw this.#fault(`it has more than ${this.#maxItems} items`);
    const first = this.#bytes[this.#at++];
    if (first === undefined) throw this.#early();
    const [major, short] = [first >> 5, first & 31];
    if (short < 24) return { major, short, argument: short };
    if (short === INDEFINITE && major >= BYTES && major <= MAP) return { major, short, argument: 0 };
    if (short > 27) throw this.#fault('a reserved length');
    const at = this.#at;
    const size = 1 << (short - 24);
    if (at + size > this.#bytes.length) throw this.#early();
    this.#at = at + size;
    if (size === 1) return { major, short, argument: this.#view.getUint8(at) };
    if (size === 2) return { major, short, argument: this.#view.getUint16(at) };
    if (size === 4) return { major, short, argument: this.#view.getUint32(at) };
    const wide = this.#view.getBigUint64(at);
    return { major, short, argument: wide > Number.MAX_SAFE_INTEGER ? wide : Number(wide) };
  }

  /** True at the end of an item of indefinite length, which is then read. */
  #broken(): boolean {
    if (this.#bytes[this.#at] !== BREAK) return false;
    this.#at++;
    return true;
  }

  /** The bytes of a string: a view, or the joined chunks. */
  #string({ major, short, argument }: Head): Uint8Array {
    if (short !== INDEFINITE) {
      // A length beyond the bytes that are left ends here, before anything is allocated.
      const end = this.#at + Number(argument);
      if (end > this.#bytes.length) throw this.#early();
      const part = this.#bytes.subarray(this.#at, end);
      this.#at = end;
      return part;
    }
    const chunks: Uint8Array[] = [];
    while (!this.#broken()) {
      const head = this.#head();
      if (head.major !== major || head.short === INDEFINITE) throw this.#fault('a chunk of another kind in a string');
      chunks.push(this.#string(head));
    }
    return Buffer.concat(chunks);
  }

  #text(head: Head): string {
    const encoded = this.#string(head);
    try {
      return strictUtf8.decode(encoded);
    } catch {
      throw this.#fault('a text is not UTF-8');
    }
  }

  /** Calls `read` for each element of an array or map. */
  #each({ short, argument }: Head, read: () => void): void {
    if (short === INDEFINITE) {
      while (!this.#broken()) read();
      return;
    }
    // Each element takes at least one byte.
    if (argument > this.#bytes.length - this.#at) throw this.#early();
    for (let left = Number(argument); left > 0; left--) read();
  }

  #array(head: Head, depth: number): Plain[] {
    const items: Plain[] = [];
    this.#each(head, () => items.push(this.item(depth)));
    return items;
  }

  #map(head: Head, depth: number): { [key: string]: Plain } {
    const map: { [key: string]: Plain } = Object.create(null);
    this.#each(head, () => {
      const key = this.item(depth);
      if (typeof key !== 'string' && (typeof key !== 'number' || !Number.isSafeInteger(key)))
        throw this.#fault('a key is neither a text nor an integer');
      if (Object.hasOwn(map, key)) throw this.#fault('a key is there twice');
      map[key] = this.item(depth);
    });
    return map;
  }

  #tag(tag: number | bigint, depth: number): Plain {
    if (typeof tag !== 'number' || tag > 0xffff_ffff) throw this.#fault('a tag of more than 32 bits');
    if (REFERENCES.has(tag)) throw this.#fault(`tag ${tag}, which refers to another item`);
    const value = this.item(depth);
    if (tag === UINT8_ARRAY && value instanceof Uint8Array) return value;
    return new CborTag(tag, value as CborValue);
  }

  #simple(short: number, argument: number | bigint): Plain {
    if (short === 20) return false;
    if (short === 21) return true;
    if (short === 22) return null;
    if (short === 23) return undefined;
    const at = this.#at;
    if (short === 25) return half(Number(argument));
    if (short === 26) return this.#view.getFloat32(at - 4);
    if (short === 27) return this.#view.getFloat64(at - 8);
    throw this.#fault('a simple value without a meaning');
  }
}

/** A float of 16 bits (RFC 8949, appendix D). */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (fraction + 1024) * 2 ** (exponent - 25));
}
