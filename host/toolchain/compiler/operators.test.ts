import { describe, expect, it } from 'vitest';
import { loadEngine } from '../../device/engine/index.ts';
import { buildHarness } from './harness.ts';
import { buildModel, type TestOperator, type TestTensor, xorshift } from './testing.ts';
import { load, runModel } from './verify.ts';

/** Small models of operators that no golden covers, compared with the operators in real numbers. */
interface Row {
  name: string;
  tensors: readonly TestTensor[];
  operators: readonly TestOperator[];
  inputs: readonly number[];
  outputs: readonly number[];
  /** Output bytes as signed numbers, from the inputs. */
  expected(input: Int8Array): number[];
  /** Steps by which fixed point may differ from real numbers. */
  tolerance: number;
}

const int32s = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);
const clamp = (value: number, low = -128, high = 127) => Math.min(Math.max(value, low), high);
const all256 = [1, 256];

/** One operator from tensor 0 to tensor 1. */
function unary(
  name: string,
  code: number,
  input: TestTensor,
  output: TestTensor,
  f: (q: number) => number,
  tolerance: number,
): Row {
  return {
    name,
    tensors: [input, output],
    operators: [{ code, inputs: [0], outputs: [1] }],
    inputs: [0],
    outputs: [1],
    expected: (values) => [...values].map((q) => clamp(Math.round(f(q)))),
    tolerance,
  };
}

const scale = Math.fround(0.047);
const rows: Row[] = [
  unary(
    'LOGISTIC',
    14,
    { shape: all256, scales: [scale], zero: 5 },
    { shape: all256, scales: [1 / 256], zero: -128 },
    (q) => 256 / (1 + Math.exp(-scale * (q - 5))) - 128,
    1,
  ),
  unary(
    'TANH',
    28,
    { shape: all256, scales: [scale], zero: 5 },
    { shape: all256, scales: [1 / 128], zero: 0 },
    (q) => 128 * Math.tanh(scale * (q - 5)),
    1,
  ),
  unary(
    'RELU',
    19,
    { shape: all256, scales: [0.5], zero: -3 },
    { shape: all256, scales: [0.3], zero: -100 },
    (q) => Math.max(-100, ((q + 3) * 0.5) / Math.fround(0.3) - 100),
    0,
  ),
  unary(
    'RELU6',
    21,
    { shape: all256, scales: [0.1], zero: -3 },
    { shape: all256, scales: [0.1], zero: -3 },
    (q) => clamp(q, -3, 57),
    0,
  ),
  unary(
    'QUANTIZE from int8',
    114,
    { shape: all256, scales: [0.5], zero: 7 },
    { shape: all256, scales: [0.37], zero: -20 },
    (q) => ((q - 7) * 0.5) / Math.fround(0.37) - 20,
    0,
  ),
  {
    name: 'MAX_POOL_2D with padding',
    tensors: [{ shape: [1, 3, 3, 1] }, { shape: [1, 2, 2, 1] }],
    operators: [
      {
        code: 17,
        inputs: [0],
        outputs: [1],
        options: { 0: ['int8', 0], 1: ['int32', 2], 2: ['int32', 2], 3: ['int32', 2], 4: ['int32', 2] },
      },
    ],
    inputs: [0],
    outputs: [1],
    expected: (q) => [Math.max(q[0]!, q[1]!, q[3]!, q[4]!), Math.max(q[2]!, q[5]!), Math.max(q[6]!, q[7]!), q[8]!],
    tolerance: 0,
  },
  {
    name: 'MEAN over axes that are not pictures, dropping them',
    tensors: [{ shape: [2, 3, 4] }, { shape: [1], type: 2, data: int32s(-2) }, { shape: [2, 4] }],
    operators: [{ code: 40, inputs: [0, 1], outputs: [2], options: { 0: ['int8', 0] } }],
    inputs: [0],
    outputs: [2],
    expected: (q) =>
      Array.from(
        { length: 8 },
        (_, i) => [0, 4, 8].reduce((sum, k) => sum + q[Math.floor(i / 4) * 12 + (i % 4) + k]!, 0) / 3,
      ).map(Math.round),
    tolerance: 1,
  },
  {
    name: 'PAD of rows inside and out',
    tensors: [
      { shape: [2, 2], zero: 4 },
      { shape: [2, 2], type: 2, data: int32s(1, 0, 0, 1) },
      { shape: [3, 3], zero: 4 },
    ],
    operators: [{ code: 34, inputs: [0, 1], outputs: [2] }],
    inputs: [0],
    outputs: [2],
    expected: (q) => [4, 4, 4, q[0]!, q[1]!, 4, q[2]!, q[3]!, 4],
    tolerance: 0,
  },
  {
    name: 'FULLY_CONNECTED over several rows',
    tensors: [
      { shape: [3, 5], scales: [0.5], zero: 2 },
      {
        shape: [2, 5],
        scales: [0.25],
        data: new Uint8Array(Int8Array.from([1, 2, 3, 4, 5, -1, -2, -3, -4, -5]).buffer),
      },
      { shape: [3, 2], scales: [2], zero: 1 },
    ],
    operators: [{ code: 9, inputs: [0, 1, -1], outputs: [2], options: { 0: ['int8', 0] } }],
    inputs: [0],
    outputs: [2],
    expected: (q) =>
      [0, 5, 10].flatMap((row) => {
        const sum = [1, 2, 3, 4, 5].reduce((total, w, i) => total + w * (q[row + i]! - 2), 0) * 0.125;
        return [clamp(Math.round(sum / 2) + 1), clamp(Math.round(-sum / 2) + 1)];
      }),
    tolerance: 1,
  },
  {
    name: 'CONV_2D over a batch with stride, padding and dilation',
    tensors: [
      { shape: [2, 1, 7, 1], zero: -5 },
      { shape: [1, 1, 3, 1], scales: [1], data: Uint8Array.of(1, 2, 3) },
      { shape: [2, 1, 7, 1], scales: [4] },
    ],
    operators: [
      {
        code: 3,
        inputs: [0, 1],
        outputs: [2],
        options: { 0: ['int8', 0], 1: ['int32', 1], 2: ['int32', 1], 4: ['int32', 2], 5: ['int32', 1] },
      },
    ],
    inputs: [0],
    outputs: [2],
    expected: (q) =>
      [0, 7].flatMap((batch) =>
        Array.from({ length: 7 }, (_, x) => {
          const at = (i: number) => (i < 0 || i > 6 ? 0 : q[batch + i]! + 5);
          return clamp(Math.round((at(x - 2) + 2 * at(x) + 3 * at(x + 2)) / 8));
        }),
      ),
    tolerance: 1,
  },
  {
    name: 'ADD of two inputs and a constant, two outputs, nothing lost in place',
    tensors: [
      { shape: [1, 6] },
      { shape: [1, 6] },
      { shape: [1, 6] },
      { shape: [1, 6], data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
      { shape: [1, 6] },
    ],
    operators: [
      { code: 0, inputs: [0, 1], outputs: [2], options: { 0: ['int8', 0] } },
      { code: 0, inputs: [2, 3], outputs: [4], options: { 0: ['int8', 0] } },
    ],
    inputs: [0, 1],
    outputs: [2, 4],
    expected: (q) => {
      const sums = Array.from({ length: 6 }, (_, i) => clamp(q[i]! + q[6 + i]!));
      return [...sums, ...sums.map((sum, i) => clamp(sum + i + 1))];
    },
    tolerance: 0,
  },
  {
    name: 'QUANTIZE, DEQUANTIZE: float32 in and out',
    tensors: [
      { shape: [1, 4], type: 0, scales: [] },
      { shape: [1, 4], scales: [0.5], zero: 3 },
      { shape: [1, 4], type: 0, scales: [] },
    ],
    operators: [
      { code: 114, inputs: [0], outputs: [1] },
      { code: 6, inputs: [1], outputs: [2] },
    ],
    inputs: [0],
    outputs: [2],
    expected: (bytes) => {
      const values = new Float32Array(bytes.slice().buffer);
      // Random bits make random floats: almost all saturate or vanish.
      const round = (value: number) => Math.sign(value) * Math.round(Math.abs(value));
      const steps = [...values].map((value) => (Number.isNaN(value) ? 3 : clamp(round(Math.fround(value / 0.5)) + 3)));
      return [...new Int8Array(Float32Array.from(steps, (q) => (q - 3) * 0.5).buffer)];
    },
    tolerance: 0,
  },
];

describe('operators without goldens', () => {
  it.each(rows)('$name', async ({ tensors, operators, inputs, outputs, expected, tolerance }) => {
    const engine = await loadEngine('v8');
    const harness = await buildHarness(buildModel(tensors, operators, inputs, outputs));
    const instance = load(harness, engine);
    const random = xorshift(3);
    const bytes = harness.model.inputs.reduce((sum, tensor) => sum + tensor.bytes, 0);
    for (let round = 0; round < 50; round++) {
      // The first round uses all values in order.
      const input = Int8Array.from({ length: bytes }, (_, i) => (round === 0 ? i - 128 : random() >> 24));
      const found = [...new Int8Array(runModel(instance, harness, new Uint8Array(input.buffer)).buffer)];
      const wanted = expected(input);
      expect(found).toHaveLength(wanted.length);
      found.forEach((value, i) => {
        if (Math.abs(value - wanted[i]!) > tolerance)
          throw new Error(`round ${round}, output ${i}: ${value}, expected ${wanted[i]}`);
      });
    }
    instance.close();
  });
});
