/** Checks a model against golden files, byte for byte, and finds the first tensor that differs. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MoteError } from '../../base/index.ts';
import type { Engine, Instance } from '../../device/engine/index.ts';
import type { TensorInfo } from './compile.ts';
import { buildHarness, type Harness } from './harness.ts';

export interface VerifyResult {
  /** The golden input's name without `in_` and `.bin`: `00`, `window_0`. */
  run: string;
  equal: boolean;
  /** Bytes of the outputs that differ, and of how many. */
  differing: number;
  bytes: number;
  /** Its cost: milliseconds in an engine, instructions on a board (null if they aren't counted). */
  cost: { ms: number } | { instructions: number | null };
}

/** Runs a model in an engine or on a board. Each input and output is one sequence of bytes, in the model's order. */
export type ModelRunner = (
  harness: Harness,
  inputs: readonly Uint8Array[],
) => Promise<{ output: Uint8Array; cost: VerifyResult['cost'] }[]>;

export interface TensorDifference {
  run: string;
  index: number;
  name: string;
  /** The operator that wrote it. */
  op: string;
  differing: number;
  bytes: number;
  /** First differing byte with its value and the golden one. */
  at: number;
  found: number;
  expected: number;
}

export interface Verification {
  results: readonly VerifyResult[];
  /** In the order of execution; only if the goldens include intermediate tensors. */
  firstDifference?: TensorDifference;
}

const STACK_BYTES = 64 << 10;
const DEADLINE_MS = 600_000;
const FUEL = 1n << 60n;

/** Runs every `in_*.bin` of `goldenDir` through the model. Throws `GOLDEN` if the folder has none or they don't fit the model. */
export async function verifyModel(bytes: Uint8Array, goldenDir: string, engine: Engine): Promise<Verification> {
  const results = await verifyOutputs(bytes, goldenDir, onEngine(engine));
  const failed = results.find(({ equal }) => !equal);
  const firstDifference = failed && (await findDifference(bytes, goldenDir, engine));
  return firstDifference === undefined ? { results } : { results, firstDifference };
}

/** Verifies the outputs alone, with any runner, for at most the first `max` inputs. Throws `GOLDEN`, and what the runner throws. */
export async function verifyOutputs(
  bytes: Uint8Array,
  goldenDir: string,
  runner: ModelRunner,
  max = Number.POSITIVE_INFINITY,
): Promise<VerifyResult[]> {
  const runs = (await goldenRuns(goldenDir)).slice(0, max);
  const readAll = (kind: 'in' | 'out') => Promise.all(runs.map((run) => readGolden(goldenDir, `${kind}_${run}.bin`)));
  const inputs = await readAll('in');
  const outputs = await readAll('out');
  const found = await runner(await buildHarness(bytes), inputs);
  return runs.map((run, i) => {
    const { output, cost } = found[i]!;
    const expected = outputs[i]!;
    if (output.length !== expected.length) throw misfit(`out_${run}.bin`, expected.length, output.length);
    const { differing } = compare(output, expected);
    return { run, equal: differing === 0, differing, bytes: expected.length, cost };
  });
}

async function readGolden(dir: string, file: string): Promise<Buffer> {
  try {
    return await readFile(join(dir, file));
  } catch (cause) {
    throw new MoteError(
      'GOLDEN',
      `${join(dir, file)} can't be read: each in_NAME.bin needs its out_NAME.bin, each tensors_NAME.json its tensors_NAME.bin and in_NAME.bin`,
      { cause },
    );
  }
}

function onEngine(engine: Engine): ModelRunner {
  return async (harness, inputs) => {
    const instance = load(harness, engine);
    try {
      return inputs.map((input) => {
        const start = performance.now();
        const output = runModel(instance, harness, input);
        return { output, cost: { ms: performance.now() - start } };
      });
    } finally {
      instance.close();
    }
  };
}

/** Throws `GOLDEN` for an input that doesn't fit the model. */
export function checkInput(harness: Harness, input: Uint8Array): void {
  const total = sum(harness.model.inputs);
  if (input.length !== total) throw misfit('the input', input.length, total);
}

/** Takes the inputs as one sequence of bytes, in the model's order, and returns the outputs in the same form. Throws what the engine throws. */
export function runModel(instance: Instance, harness: Harness, input: Uint8Array): Uint8Array {
  const { inputs, outputs } = harness.model;
  checkInput(harness, input);
  let at = 0;
  inputs.forEach((tensor, i) => {
    instance.bytes(Number(instance.call('model_input', i)), tensor.bytes).set(input.subarray(at, at + tensor.bytes));
    at += tensor.bytes;
  });
  instance.call('model_invoke');
  const result = new Uint8Array(sum(outputs));
  at = 0;
  outputs.forEach((tensor, i) => {
    result.set(instance.bytes(Number(instance.call('model_output', i)), tensor.bytes), at);
    at += tensor.bytes;
  });
  return result;
}

/** Loads a harness with limits that no model reaches. */
export function load(harness: Harness, engine: Engine): Instance {
  const limits = { memoryBytes: harness.memoryBytes, stackBytes: STACK_BYTES, fuel: FUEL, deadlineMs: DEADLINE_MS };
  return engine.load({ wasm: harness.wasm, rom: harness.rom, imports: {}, limits });
}

/** Finds the first differing tensor of the runs whose tensors are known. */
async function findDifference(bytes: Uint8Array, dir: string, engine: Engine): Promise<TensorDifference | undefined> {
  const files = (await readdir(dir))
    .map((name) => /^tensors_(.+)\.json$/.exec(name)?.[1])
    .filter((run) => run !== undefined);
  if (files.length === 0) return undefined;
  const harness = await buildHarness(bytes, { separate: true });
  const instance = load(harness, engine);
  try {
    for (const run of files.sort()) {
      const known = readTensorList((await readGolden(dir, `tensors_${run}.json`)).toString(), run);
      const golden = await readGolden(dir, `tensors_${run}.bin`);
      runModel(instance, harness, await readGolden(dir, `in_${run}.bin`));
      for (const { tensor, op } of executionOrder(harness)) {
        const entry = known.get(tensor.index);
        if (entry === undefined || entry.bytes !== tensor.bytes || entry.offset + entry.bytes > golden.length) continue;
        const pointer = Number(instance.call('tensor_at', tensor.index));
        const expected = golden.subarray(entry.offset, entry.offset + entry.bytes);
        const { differing, at, found } = compare(instance.bytes(pointer, tensor.bytes), expected);
        if (differing > 0) {
          const { index, name } = tensor;
          return { run, index, name, op, differing, bytes: tensor.bytes, at, found, expected: expected[at]! };
        }
      }
    }
  } finally {
    instance.close();
  }
  return undefined;
}

function executionOrder(harness: Harness): { tensor: TensorInfo; op: string }[] {
  return harness.model.layers.flatMap(({ op, outputs }) => outputs.map((tensor) => ({ tensor, op })));
}

async function goldenRuns(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((cause: unknown) => {
    throw new MoteError('GOLDEN', `can't read the golden folder ${dir}: give one with in_*.bin and out_*.bin`, {
      cause,
    });
  });
  const runs = names.map((name) => /^in_(.+)\.bin$/.exec(name)?.[1]).filter((run) => run !== undefined);
  if (runs.length === 0)
    throw new MoteError('GOLDEN', `${dir} has no in_*.bin: give a folder of golden inputs and outputs`);
  return runs.sort();
}

/** The list beside a dump of tensors: index, offset and bytes of each. */
function readTensorList(text: string, run: string): Map<number, { offset: number; bytes: number }> {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw new MoteError('GOLDEN', `tensors_${run}.json isn't JSON: ${(cause as Error).message}`, { cause });
  }
  if (!Array.isArray(list)) throw new MoteError('GOLDEN', `tensors_${run}.json isn't a list`);
  return new Map(
    list.map((entry: unknown) => {
      const { index, offset, bytes } = entry as Record<string, unknown>;
      if (typeof index !== 'number' || typeof offset !== 'number' || typeof bytes !== 'number') {
        throw new MoteError('GOLDEN', `tensors_${run}.json has an entry without index, offset and bytes`);
      }
      return [index, { offset, bytes }];
    }),
  );
}

function compare(found: Uint8Array, expected: Uint8Array): { differing: number; at: number; found: number } {
  let differing = 0;
  let first = 0;
  for (let i = expected.length - 1; i >= 0; i--) {
    if (found[i] === expected[i]) continue;
    differing++;
    first = i;
  }
  return { differing, at: first, found: found[first] ?? 0 };
}

function sum(tensors: readonly TensorInfo[]): number {
  return tensors.reduce((total, { bytes }) => total + bytes, 0);
}

function misfit(what: string, found: number, expected: number): MoteError {
  return new MoteError('GOLDEN', `${what} has ${found} bytes, the model has ${expected}: are they of the same model?`);
}
