/**
 * Operators that become tables, on all 256 values, against the reference kernels of TensorFlow Lite Micro. The outputs of the reference
 * are in reference.golden.json; where the Python package is installed, it computes them again (--update=all writes them).
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { loadEngine } from '../../device/engine/index.ts';
import { buildHarness } from './harness.ts';
import { buildModel, type TestOperator, type TestTensor, xorshift } from './testing.ts';
import { load, runModel } from './verify.ts';

const GOLDEN = packagePath('host', 'toolchain', 'compiler', 'reference.golden.json');
const EACH = 12;
const [INT8, UINT8] = [9, 3];
const LEAKY_RELU_OPTIONS = 75;
const KINDS = [
  { name: 'LEAKY_RELU', code: 98, types: [INT8, INT8] },
  { name: 'HARD_SWISH', code: 117, types: [INT8, INT8] },
  { name: 'QUANTIZE from uint8 to int8', code: 114, types: [UINT8, INT8] },
  { name: 'QUANTIZE from int8 to uint8', code: 114, types: [INT8, UINT8] },
] as const;
type Kind = (typeof KINDS)[number];

/** One model of several independent operators, with scales and zero points by chance. */
function modelOf(kind: Kind, seed: number): Uint8Array {
  const random = xorshift(seed);
  const unit = () => random() / 2 ** 32;
  const zeroOf = (type: number) => (random() >>> 24) - (type === INT8 ? 128 : 0);
  const tensors: TestTensor[] = [];
  const operators: TestOperator[] = [];
  for (let i = 0; i < EACH; i++) {
    const from = Math.fround(0.004 + 0.06 * unit());
    const ratio = kind.code === 114 ? 0.4 + 3 * unit() : 0.6 + unit();
    const [reads, writes] = kind.types;
    tensors.push({ shape: [1, 256], type: reads, scales: [from], zero: zeroOf(reads) });
    tensors.push({ shape: [1, 256], type: writes, scales: [Math.fround(from * ratio)], zero: zeroOf(writes) });
    const alpha = Math.fround(i === 0 ? 0 : unit());
    const options =
      kind.code === 98
        ? { options: { 0: ['float32', alpha] as ['float32', number] }, optionsType: LEAKY_RELU_OPTIONS }
        : {};
    operators.push({ code: kind.code, inputs: [2 * i], outputs: [2 * i + 1], ...options });
  }
  return buildModel(tensors, operators, even(0), even(1));
}

const even = (first: number) => Array.from({ length: EACH }, (_, i) => 2 * i + first);
const ALL_VALUES = Uint8Array.from({ length: 256 }, (_, i) => i);
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const models = KINDS.map((kind, i) => modelOf(kind, 11 + i));

const installed = spawnSync('python3', ['-c', 'import tflite_micro'], { stdio: 'ignore' }).status === 0;
const need = installed ? '' : ': skipped: needs pip install tflite-micro==0.dev20261023182759';

describe('operators as tables', () => {
  it.skipIf(!installed)(`the goldens are what the reference computes${need}`, async () => {
    const cases = models.map((model) => ({
      model: base64(model),
      inputs: even(0).map(() => base64(ALL_VALUES)),
      outputs: EACH,
    }));
    const script = packagePath('scripts', 'tflm-reference.py');
    const { stdout, stderr } = spawnSync('python3', [script], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
    });
    if (stdout === '') throw new Error(stderr);
    const found = JSON.parse(stdout) as string[][];
    const golden = Object.fromEntries(KINDS.map(({ name }, i) => [name, found[i]]));
    await expect(`${JSON.stringify(golden, null, 2)}\n`).toMatchFileSnapshot(GOLDEN);
  });

  it.each(KINDS.map((kind, i) => ({ kind, model: models[i]! })))('$kind.name', async ({ kind, model }) => {
    const golden = JSON.parse(readFileSync(GOLDEN, 'utf8')) as Record<string, string[]>;
    const harness = await buildHarness(model);
    const instance = load(harness, await loadEngine('v8'));
    const input = Uint8Array.from({ length: 256 * EACH }, (_, i) => i);
    const output = runModel(instance, harness, input);
    instance.close();
    even(0).forEach((_, i) => {
      const found = [...output.subarray(256 * i, 256 * (i + 1))];
      expect(found, `operator ${i}`).toEqual([...Buffer.from(golden[kind.name]![i]!, 'base64')]);
    });
  });
});
