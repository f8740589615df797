/** What an inference costs on an emulated board, in instructions of its processor, and which layers they belong to. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MoteError, readInput } from '../../base/index.ts';
import type { Harness, Layer } from '../compiler/index.ts';
import { loadBoard, requireRun } from './board-json.ts';
import { type BoardModelRun, runModelOnBoard } from './model.ts';

/** The first run compiles functions when it reaches them, so the median is one of the others. */
const RUNS = 3;

export interface LayerCost {
  name: string;
  kernel: string;
  instructions: number;
  macs: number;
  /** Shapes of its input and output. */
  shapes: string;
}

export interface ModelBench {
  board: string;
  /** Of one inference: the median of three. */
  instructions: number;
  sizes: { arenaBytes: number; romBytes: number; wasmBytes: number };
  perLayer: LayerCost[];
  run: BoardModelRun;
}

/**
 * Measures the model in the file `path`. Inputs are those of a folder `golden` beside the file, else a pattern.
 * Throws `USAGE` for a board that does not run in QEMU, and what compiling the model and running it throw.
 */
export async function benchModel(
  path: string,
  { board: name, accelerated }: { board: string; accelerated: boolean },
  onProgress: (step: 'compile' | 'run') => void,
): Promise<ModelBench> {
  const bytes = readInput(path, 'The model');
  const board = loadBoard(name);
  if (requireRun(board).kind !== 'qemu')
    throw new MoteError('USAGE', `Only QEMU counts instructions, and ${board.name} doesn't run in QEMU.`);
  onProgress('compile');
  const { buildHarness } = await import('../compiler/index.ts');
  const harness = await buildHarness(bytes);
  onProgress('run');
  const run = await runModelOnBoard(board, harness, inputsOf(path, harness), { accelerated, apart: true });
  return {
    board: board.name,
    instructions: median(run.outputs.map(({ instructions }) => instructions ?? 0)),
    sizes: { arenaBytes: harness.model.arenaBytes, romBytes: harness.rom.length, wasmBytes: harness.wasm.length },
    perLayer: layersOf(harness.model.layers, run.operators),
    run,
  };
}

/** Golden inputs of the model, or a fixed pattern. */
function inputsOf(path: string, { model }: Harness): Uint8Array[] {
  const folder = join(dirname(path), 'golden');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^in_.+\.bin$/.test(name)) : [];
  const size = model.inputs.reduce((sum, { bytes }) => sum + bytes, 0);
  const golden = names.sort().map((name) => readFileSync(join(folder, name)));
  const fitting = golden.filter((bytes) => bytes.length === size);
  const pattern = Uint8Array.from({ length: size }, (_, i) => (i * 37) & 0xff);
  return Array.from({ length: RUNS }, (_, i) => fitting[i % fitting.length] ?? pattern);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** Sums the operators of the program by layer. */
function layersOf(layers: readonly Layer[], operators: readonly number[]): LayerCost[] {
  let next = 0;
  return layers.flatMap(({ name, kernel, calls, macs, inputs, outputs }) => {
    const shapes = [inputs, outputs].map(([tensor]) => tensor?.shape.join('x') ?? '').join(' -> ');
    const own = operators.slice(next, next + calls);
    next += calls;
    return kernel === null ? [] : [{ name, kernel, instructions: own.reduce((a, b) => a + b, 0), macs, shapes }];
  });
}
