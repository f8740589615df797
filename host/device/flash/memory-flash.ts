/** NOR flash in memory, with the rules of a real chip, wear counters, and power cuts at a chosen operation. */
import type { Flash } from './flash.ts';
import { checkGeometry, checkPage, checkProgram, checkRange, type FlashGeometry } from './nor.ts';

/**
 * What a power cut leaves of the operation that it interrupts:
 * - `before`: nothing;
 * - `middle`: a mixture; each byte is old, new or in between. A program has cleared some of its bits; an erase has set some, or has left noise, because chips program a page before they erase it;
 * - `after`: everything, but the caller doesn't see the result;
 * - `unsynced`: nothing of it nor of any operation since the last `sync`, as with a write cache that lost its contents;
 * - `reordered`: everything of it and nothing else since the last `sync`, as with a write cache that wrote the newest data first.
 */
export type CutMode = 'before' | 'middle' | 'after' | 'unsynced' | 'reordered';
export const CUT_MODES: readonly CutMode[] = ['before', 'middle', 'after', 'unsynced', 'reordered'];

/** The power failed. Not a `MoteError`, so that no code handles it: everything in memory is lost. */
export class PowerCut extends Error {
  constructor() {
    super('power cut');
    this.name = 'PowerCut';
  }
}

export interface MemoryFlashOptions extends FlashGeometry {
  /** Initial contents, `sizeBytes` long; erased by default. */
  image?: Uint8Array;
  /** Seed of the mixtures that a cut in mode `middle` leaves. */
  seed?: number;
}

export class MemoryFlash implements Flash {
  readonly sizeBytes: number;
  readonly pageBytes: number;
  readonly writeBytes: number;
  /** Number of erases of each page, as a measure of its wear. */
  readonly erases: Uint32Array;
  /** Number of programs and erases so far; cuts are placed by this count. */
  operations = 0;

  readonly #image: Uint8Array;
  readonly #undo: { address: number; old: Uint8Array }[] = [];
  #random: number;
  #cutAt = Number.POSITIVE_INFINITY;
  #mode: CutMode = 'before';
  #dead = false;

  constructor(options: MemoryFlashOptions) {
    const geometry = checkGeometry(options);
    this.sizeBytes = geometry.sizeBytes;
    this.pageBytes = geometry.pageBytes;
    this.writeBytes = geometry.writeBytes;
    this.erases = new Uint32Array(this.sizeBytes / this.pageBytes);
    this.#image = new Uint8Array(this.sizeBytes).fill(0xff);
    if (options.image) {
      checkRange(geometry, 0, options.image.length);
      this.#image.set(options.image);
    }
    this.#random = (options.seed ?? 1) >>> 0 || 1;
  }

  /** Lets `operations` more programs and erases succeed and cuts the power at the next one. */
  cutAfter(operations: number, mode: CutMode): void {
    this.#cutAt = this.operations + operations;
    this.#mode = mode;
  }

  /** Restores the power. The bytes are what the cut left, and no further cut is planned. */
  restart(): void {
    this.#dead = false;
    this.#cutAt = Number.POSITIVE_INFINITY;
    this.#undo.length = 0;
  }

  /** Returns a copy of all bytes. */
  image(): Uint8Array {
    return this.#image.slice();
  }

  read(address: number, length: number): Uint8Array {
    this.#checkPower();
    checkRange(this, address, length);
    return this.#image.slice(address, address + length);
  }

  program(address: number, bytes: Uint8Array): void {
    this.#checkPower();
    checkRange(this, address, bytes.length);
    checkProgram(this, address, bytes, this.#image.subarray(address, address + bytes.length));
    this.#apply(address, bytes, false);
  }

  erase(page: number): void {
    this.#checkPower();
    checkPage(this, page);
    this.erases[page] = this.erases[page]! + 1;
    this.#apply(page * this.pageBytes, new Uint8Array(this.pageBytes).fill(0xff), true);
  }

  sync(): void {
    this.#checkPower();
    this.#undo.length = 0;
  }

  #checkPower(): void {
    if (this.#dead) throw new PowerCut();
  }

  #apply(address: number, bytes: Uint8Array, erasing: boolean): void {
    const cut = this.operations === this.#cutAt;
    this.operations++;
    if (!cut || this.#mode === 'after') {
      this.#undo.push({ address, old: this.#image.slice(address, address + bytes.length) });
      this.#image.set(bytes, address);
    } else if (this.#mode === 'middle') {
      const noise = erasing && (this.#next() & 1) === 1;
      for (let i = 0; i < bytes.length; i++) {
        const old = this.#image[address + i]!;
        this.#image[address + i] = this.#between(old, bytes[i]!, noise ? 0xff : old ^ bytes[i]!);
      }
    } else if (this.#mode !== 'before') {
      for (const { address, old } of this.#undo.reverse()) this.#image.set(old, address);
      if (this.#mode === 'reordered') this.#image.set(bytes, address);
    }
    if (cut) {
      this.#dead = true;
      throw new PowerCut();
    }
  }

  #next(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x >>> 0;
    return this.#random;
  }

  /** Returns the old byte, the new one, or the old one with some bits of `changing` inverted. */
  #between(old: number, next: number, changing: number): number {
    const x = this.#next();
    const kind = (x >>> 8) & 3;
    if (kind === 0) return old;
    if (kind === 1) return next;
    return old ^ (changing & (x >>> 16));
  }
}
