/** Runs a compiled model on an emulated board, in the firmware image of boards/images/model. Returns its outputs and their costs. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoteError } from '../../base/index.ts';
import { checkInput, type Harness } from '../compiler/index.ts';
import type { Board } from './board-json.ts';
import { buildImage } from './build.ts';
import { NODE_EXIT, startNode } from './qemu.ts';

export interface BoardModelOptions {
  /** Use the native kernels; true by default. */
  accelerated?: boolean;
  /** Run once more to measure the operators of the program separately. */
  apart?: boolean;
  /** Total RAM, instead of the board's. */
  ramBytes?: number;
}

export interface BoardModelRun {
  /** The outputs of each input, and the instructions around the module's inference call (null on `linux`, which doesn't count them). */
  outputs: { output: Uint8Array; instructions: number | null }[];
  /** Instructions of each operator of the program, with `apart`. */
  operators: number[];
  /** The RAM for modules, and the peak of the interpreter, its code and the module's memory. */
  heapBytes: number;
  heapPeakBytes: number;
  stackBytes: number;
  stackUsedBytes: number;
}

/** The interpreter's value stack: kernels are a few calls deep. */
const STACK_BYTES = 4096;

/**
 * Builds the image if it is out of date and runs each input. Throws `BOARD_MODEL` if the board has too little memory or the module traps,
 * `GOLDEN` for an input of another size, and what building and starting throw.
 */
export async function runModelOnBoard(
  board: Board,
  harness: Harness,
  inputs: readonly Uint8Array[],
  { accelerated = true, apart = false, ramBytes }: BoardModelOptions = {},
): Promise<BoardModelRun> {
  const { wasm, rom, model } = harness;
  for (const input of inputs) checkInput(harness, input);
  const flashBytes = Math.ceil(wasm.length / 16) * 16 + rom.length;
  if (flashBytes > board.flash.bytes)
    throw noRoom(board, `module and rom have ${flashBytes} bytes, its flash ${board.flash.bytes}`);
  const { elf } = await buildImage(board, { image: 'model', ...(ramBytes !== undefined && { ramBytes }) });
  const folder = await mkdtemp(join(tmpdir(), 'mote-model-'));
  try {
    const sizes = (tensors: readonly { bytes: number }[]) => [tensors.length, ...tensors.map(({ bytes }) => bytes)];
    const entries = model.layers.reduce((sum, { calls }) => sum + calls, 0);
    const words = [
      ...[harness.memoryBytes, STACK_BYTES, entries, apart ? 1 : 0, inputs.length],
      ...[...sizes(model.inputs), ...sizes(model.outputs)],
    ];
    await writeFile(join(folder, 'module.wasm'), wasm);
    await writeFile(join(folder, 'rom.bin'), rom);
    await writeFile(join(folder, 'job.bin'), Buffer.concat([words32(words), ...inputs]));
    const node = await startNode(board, elf, {
      folder,
      options: [`accel=${accelerated ? 1 : 0}`],
      icount: board.run?.kind === 'qemu',
    });
    const { code, output } = await node.ended;
    if (code !== NODE_EXIT.done) throw noRoom(board, output.trim() || `it ended with ${code}`);
    const outputBytes = model.outputs.reduce((sum, { bytes }) => sum + bytes, 0);
    return readResult(await readFile(join(folder, 'result.bin')), inputs.length, outputBytes, apart ? entries : 0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function noRoom({ name }: Board, why: string): MoteError {
  return new MoteError('BOARD_MODEL', `${name} can't run this model: ${why}.`);
}

function words32(words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [i, word] of words.entries()) bytes.writeUInt32LE(word, i * 4);
  return bytes;
}

/** Encodes the file that boards/images/model/main.c describes. */
function readResult(bytes: Buffer, runs: number, outputBytes: number, entries: number): BoardModelRun {
  const count = (at: number) => Number(bytes.readBigUInt64LE(at));
  const outputs = Array.from({ length: runs }, (_, i) => {
    const at = i * (8 + outputBytes);
    return { output: new Uint8Array(bytes.subarray(at + 8, at + 8 + outputBytes)), instructions: count(at) || null };
  });
  const program = runs * (8 + outputBytes);
  const ends = Array.from({ length: entries }, (_, i) => count(program + i * 8));
  const sizes = Array.from({ length: 4 }, (_, i) => bytes.readUInt32LE(program + entries * 8 + i * 4));
  return {
    outputs,
    operators: ends.map((end, i) => end - (ends[i - 1] ?? 0)),
    heapBytes: sizes[0]!,
    heapPeakBytes: sizes[1]!,
    stackBytes: sizes[2]!,
    stackUsedBytes: sizes[3]!,
  };
}
