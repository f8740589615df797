/**
 * Cases for native kernels in the format of `case.c`: contents of memory and rom, the call, and the expected output.
 */
import { crc32 } from 'node:zlib';
import type { AbiOperator, OperatorRecords } from '../../host/base/abi/index.ts';
import { encodeRecord } from '../../host/toolchain/compiler/record.ts';
import { xorshift } from '../../host/toolchain/compiler/testing.ts';

export const REAL_FFT = 100;
export const FILTER_BANK = 101;
/** As in case.h. */
const MAX_WORDS = 2048;
export const MAX_BYTES = 16_384;

export type FillMode = 'random' | 'extreme';
type Space = 'memory' | 'rom';
const MODES: readonly FillMode[] = ['random', 'extreme'];
const SPACES: readonly Space[] = ['memory', 'rom'];
const MAX_ARGUMENTS = 6;
/** Rom offset of an operator's program, which has one entry. */
const PROGRAM = 0;
/** Words of a case without its fills and patches, of a fill, and of a patch without its data. */
const HEAD = 19;
const FILL_WORDS = 5;
const PATCH_HEAD = 3;
const EXTREMES = [0x80, 0x7f, 0x80, 0x7f, 0x81, 0x00, 0x80, 0x7f] as const;

interface Fill {
  space: Space;
  offset: number;
  bytes: number;
  mode: FillMode;
  seed: number;
}

interface Patch {
  space: Space;
  offset: number;
  words: readonly number[];
}

/** Random numbers, and how cases use them. */
export class Dice {
  readonly bits: () => number;
  constructor(seed: number) {
    this.bits = xorshift(seed);
  }
  /** Returns an integer from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor((this.bits() / 2 ** 32) * (high - low + 1));
  }
  pick<T>(of: readonly T[]): T {
    return of[this.int(0, of.length - 1)]!;
  }
  chance(percent: number): boolean {
    return this.int(1, 100) <= percent;
  }
}

/** A case under construction: areas of arena and rom one after another, with gaps. */
export class Case {
  readonly kind: number;
  readonly dice: Dice;
  readonly arena: number;
  readonly mode: FillMode;
  private memoryEnd: number;
  private romEnd = 16;
  private readonly fills: Fill[] = [];
  private readonly patches: Patch[] = [];
  private output = { offset: 0, bytes: 0 };
  private scratch = { offset: 0, bytes: 0 };
  private record = { offset: 0, words: 0 };
  private call: readonly number[] = [];

  constructor(kind: number, dice: Dice) {
    this.kind = kind;
    this.dice = dice;
    this.arena = 16 * dice.int(0, 3);
    this.memoryEnd = this.arena;
    this.mode = dice.chance(25) ? 'extreme' : 'random';
  }

  /** Allocates memory; returns its arena offset, a multiple of `align`, or up to 3 beside one if `loose`. */
  memory(bytes: number, align = 4, loose = false): number {
    const start =
      Math.ceil(this.memoryEnd / align) * align + (loose ? this.dice.int(0, 3) : 0) + 4 * this.dice.int(0, 2);
    this.memoryEnd = start + bytes;
    return start - this.arena;
  }

  input(bytes: number, loose = false, mode = this.mode): number {
    const at = this.memory(bytes, 4, loose);
    this.fills.push({ space: 'memory', offset: this.arena + at, bytes, mode, seed: this.dice.bits() });
    return at;
  }

  outputAt(offset: number, bytes: number): number {
    this.output = { offset: this.arena + offset, bytes };
    return offset;
  }

  outputOf(bytes: number, loose = false): number {
    return this.outputAt(this.memory(bytes, 4, loose), bytes);
  }

  scratchOf(bytes: number): number {
    const at = this.memory(bytes);
    this.scratch = { offset: this.arena + at, bytes };
    return at;
  }

  rom(bytes: number): number {
    const at = Math.ceil(this.romEnd / 4) * 4 + 4 * this.dice.int(0, 1);
    this.romEnd = at + bytes;
    return at;
  }

  romFilled(bytes: number, mode = this.mode): number {
    const offset = this.rom(bytes);
    this.fills.push({ space: 'rom', offset, bytes, mode, seed: this.dice.bits() });
    return offset;
  }

  patch(space: Space, offset: number, words: readonly number[]): void {
    this.patches.push({ space, offset, words });
  }

  /** Puts the operator's record into the rom and a program entry for it at PROGRAM. */
  operator<K extends AbiOperator>(kernel: K, record: OperatorRecords[K]): this {
    const words = new Int32Array(encodeRecord(kernel, record).buffer);
    const offset = this.rom(4 * words.length);
    this.record = { offset, words: words.length };
    this.patch('rom', offset, [...words]);
    this.patch('rom', PROGRAM, [this.kind, offset]);
    this.call = [this.arena, PROGRAM];
    return this;
  }

  /** Arguments of a call with pointers; those at the indices `pointers` are arena offsets. */
  arguments(values: readonly number[], pointers: readonly number[]): this {
    this.call = values.map((value, i) => (pointers.includes(i) ? value + this.arena : value));
    return this;
  }

  get fits(): boolean {
    return this.memoryEnd <= MAX_BYTES && this.romEnd <= MAX_BYTES && this.wordCount <= MAX_WORDS;
  }

  private get wordCount(): number {
    const patched = this.patches.reduce((sum, { words }) => sum + PATCH_HEAD + words.length, 0);
    return HEAD + FILL_WORDS * this.fills.length + patched;
  }

  /** Writes the initial contents of the case. */
  prepare(memory: Uint8Array, rom: Uint8Array): void {
    const of = { memory, rom };
    for (const { space, offset, bytes, mode, seed } of this.fills)
      fill(of[space].subarray(offset, offset + bytes), mode, seed);
    for (const { space, offset, words } of this.patches) {
      const view = new DataView(of[space].buffer, of[space].byteOffset);
      words.forEach((word, i) => {
        view.setUint32(offset + 4 * i, word >>> 0, true);
      });
    }
  }

  get recordOffset(): number {
    return this.record.offset;
  }

  get callArguments(): readonly number[] {
    return this.call;
  }

  /** Encodes the case for `case.c`, after the kernel has written its output to `memory`. */
  encode(memory: Uint8Array): Uint32Array {
    const { output, scratch, record, fills, patches } = this;
    const words = new Uint32Array(1 + this.wordCount);
    let at = 0;
    const put = (...values: readonly number[]) => {
      for (const value of values) words[at++] = value;
    };
    // Memory ends where the case ends, so that an access beyond is detected.
    put(this.wordCount, this.kind, this.memoryEnd, Math.ceil(this.romEnd / 4) * 4);
    for (let i = 0; i < MAX_ARGUMENTS; i++) put(this.call[i] ?? 0);
    put(output.offset, output.bytes, crc32(memory.subarray(output.offset, output.offset + output.bytes)));
    put(scratch.offset, scratch.bytes, record.offset, record.words, PROGRAM, fills.length);
    for (const { space, offset, bytes, mode, seed } of fills)
      put(SPACES.indexOf(space), offset, bytes, MODES.indexOf(mode), seed);
    put(patches.length);
    for (const { space, offset, words: given } of patches) {
      put(SPACES.indexOf(space), offset, given.length);
      for (const word of given) put(word);
    }
    return words;
  }
}

function fill(bytes: Uint8Array, mode: FillMode, seed: number): void {
  const next = xorshift(seed);
  let x = 0;
  for (let i = 0; i < bytes.length; i++) {
    if ((i & 3) === 0) x = next();
    const byte = (x >>> (8 * (i & 3))) & 0xff;
    bytes[i] = mode === 'random' ? byte : EXTREMES[byte & 7]!;
  }
}
