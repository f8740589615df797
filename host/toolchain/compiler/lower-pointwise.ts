/** Operators that work on one value or one row at a time: sums, tables, softmax, and the conversions from and to float. */
import { OperatorConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import {
  divideByPowerOfTwo,
  expOnNegative,
  logistic,
  multiplyByQuantizedMultiplier,
  multiplyHigh,
  tanh,
} from './fixed-point.ts';
import { type Activation, type Tensor, tensorLabel } from './graph.ts';
import {
  activationRange,
  affine,
  affineOfEdge,
  clampToInt8,
  frexp,
  inputRadius,
  type Multiplier,
  quantizeMultiplier,
  round,
} from './quantization.ts';
import { expectShape, type Lowering, NO_SCRATCH, type Step, type StepBase } from './step.ts';

const { addLift, maxSoftmaxDepth, tableBytes } = OperatorConstant;

export function lowerAdd(op: Lowering, activation: Activation): Step {
  const [a, b] = [op.input(0), op.input(1)];
  for (const tensor of [a, b]) expectShape(tensor, op.output.shape, `${op.label} (broadcasting isn't supported)`);
  const [qa, qb, qo] = [affine(a), affine(b), affine(op.output)];
  const { low, high } = activationRange(activation, qo, op.label);
  const common = 2 * Math.max(qa.scale, qb.scale);
  const scaleOf = (real: number): Multiplier => {
    const multiplier = quantizeMultiplier(real);
    if (multiplier.shift > 0)
      throw new MoteError('MODEL_FORMAT', `${op.label} has an output scale too small for its inputs`);
    return multiplier;
  };
  const [ma, mb] = [scaleOf(qa.scale / common), scaleOf(qb.scale / common)];
  const mo = scaleOf(common / (2 ** addLift * qo.scale));
  return {
    kernel: 'add',
    operator: op.operator,
    reads: [a.index, b.index],
    writes: [op.output.index],
    inPlace: [a.index, b.index],
    scratch: NO_SCRATCH,
    macs: 0,
    work: 8 * op.output.elements,
    records: (at) => [
      {
        inputA: at.tensor(a.index),
        inputB: at.tensor(b.index),
        output: at.tensor(op.output.index),
        count: op.output.elements,
        ...{ zeroA: qa.zero, multiplierA: ma.multiplier, shiftA: -ma.shift },
        ...{ zeroB: qb.zero, multiplierB: mb.multiplier, shiftB: -mb.shift },
        ...{ outputZero: qo.zero, multiplier: mo.multiplier, shift: -mo.shift },
        ...{ outputMin: low, outputMax: high },
      },
    ],
  };
}

export function lowerSoftmax(op: Lowering, beta: number): Step {
  const input = op.input(0);
  expectShape(op.output, input.shape, op.label);
  const from = affine(input);
  const to = affine(op.output);
  if (to.zero !== -128 || to.scale !== 1 / 256) {
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${op.label}: ${tensorLabel(op.output)} must have scale 1/256 and zero point -128`,
    );
  }
  const depth = input.shape.at(-1) ?? 1;
  if (depth > maxSoftmaxDepth)
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${op.label} has rows of ${depth}, at most ${maxSoftmaxDepth} are possible`,
    );
  const table = softmaxTable(beta, from.scale, op.label);
  return {
    ...unary(op, input, 16),
    kernel: 'softmax',
    records: (at) => [
      {
        input: at.tensor(input.index),
        output: at.tensor(op.output.index),
        rows: input.elements / depth,
        depth,
        table: at.rom(table),
        tableSize: table.length / 4,
      },
    ],
  };
}

/** PreprocessSoftmaxScaling, then exp of 0, -1, -2, ... input steps down to diff_min, as the reference rounds it; 5 integer bits. */
function softmaxTable(beta: number, scale: number, label: string): Uint8Array {
  const integerBits = 5;
  const real = Math.min(beta * scale * 2 ** (31 - integerBits), 2 ** 31 - 1);
  if (!(real > 1)) throw new MoteError('MODEL_UNSUPPORTED', `${label} has a beta or scale too small for fixed point`);
  const { multiplier, shift } = quantizeMultiplier(real);
  const entries = Math.min(inputRadius(integerBits, shift), 255) + 1;
  const bytes = new Uint8Array(4 * entries);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < entries; i++)
    view.setInt32(4 * i, expOnNegative(multiplyHigh(-i * 2 ** shift, multiplier), integerBits), true);
  return bytes;
}

/** Any function of one int8: the compiler computes all 256 values, so the node needs no arithmetic. */
export function lookup(op: Lowering, value: (input: number) => number): Step {
  const input = op.input(0);
  if (op.output.elements !== input.elements) expectShape(op.output, input.shape, op.label);
  return {
    ...unary(op, input, 1),
    kernel: 'lookup',
    scratch: { min: tableBytes, unit: 1, good: tableBytes, max: tableBytes },
    records: (at) => {
      const table = Int8Array.from({ length: tableBytes }, (_, i) => clampToInt8(value(i - 128)));
      return [
        {
          input: at.tensor(input.index),
          output: at.tensor(op.output.index),
          scratch: at.scratch,
          count: input.elements,
          table: at.rom(new Uint8Array(table.buffer)),
        },
      ];
    },
  };
}

/** reference_integer_ops::Logistic and Tanh: 4 integer bits in, 8 or 7 fractional bits out. */
export function lowerSigmoid(op: Lowering, kind: 'LOGISTIC' | 'TANH'): Step {
  const integerBits = 4;
  const from = affine(op.input(0));
  const to = affine(op.output);
  const [zero, bits] = kind === 'LOGISTIC' ? [-128, 8] : [0, 7];
  if (to.zero !== zero || to.scale !== 2 ** -bits) {
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${op.label}: ${tensorLabel(op.output)} must have scale 1/${2 ** bits} and zero point ${zero}`,
    );
  }
  // Not QuantizeMultiplier: the reference uses the fraction alone here.
  const { fraction, exponent } = frexp(from.scale * 2 ** (31 - integerBits));
  const multiplier = Math.min(round(fraction * 2 ** 31), 2 ** 31 - 1);
  const radius = inputRadius(integerBits, exponent);
  const curve = kind === 'LOGISTIC' ? logistic : tanh;
  return lookup(op, (input) => {
    const centred = input - from.zero;
    if (centred <= -radius) return -128;
    if (centred >= radius) return 127;
    const scaled = multiplyByQuantizedMultiplier(centred, multiplier, exponent);
    return divideByPowerOfTwo(curve(scaled, integerBits), 31 - bits) + zero;
  });
}

/**
 * reference_ops::Requantize; with a lower bound it is ReluQuantized. A uint8 edge of a model is the int8 of the same bits with their
 * highest one inverted: value and zero point move by 128 together, so only the table's order changes.
 */
export function lowerRescale(op: Lowering, kind: 'QUANTIZE' | 'RELU'): Step {
  const edge = kind === 'QUANTIZE' ? affineOfEdge : affine;
  const from = edge(op.input(0));
  const to = edge(op.output);
  const { multiplier, shift } = quantizeMultiplier(from.scale / to.scale);
  if (shift > 22) throw new MoteError('MODEL_FORMAT', `${op.label} has an output scale too small for its input`);
  const low = kind === 'RELU' ? to.zero : -128;
  const rescaled = (input: number) =>
    clampToInt8(Math.max(low, multiplyByQuantizedMultiplier(input - from.zero, multiplier, shift) + to.zero));
  const [reads, writes] = [op.input(0).type === 'uint8', op.output.type === 'uint8'];
  return lookup(op, (input) => {
    const value = rescaled(reads ? invertSign(input) : input);
    return writes ? invertSign(value) : value;
  });
}

/** int8 whose bits are those of `value` with the highest one inverted. */
function invertSign(value: number): number {
  return value < 0 ? value + 128 : value - 128;
}

export function lowerRelu6(op: Lowering): Step {
  const from = affine(op.input(0));
  const { low, high } = activationRange('relu6', from, op.label);
  const to = affine(op.output);
  if (to.scale !== from.scale || to.zero !== from.zero)
    throw new MoteError('MODEL_UNSUPPORTED', `${op.label} must keep its input's scale`);
  return lookup(op, (input) => Math.min(Math.max(input, low), high));
}

export function lowerQuantize(op: Lowering): Step {
  const input = op.input(0);
  // The reference has no kernel from uint8 to uint8.
  if (input.type === 'int8' || (input.type === 'uint8' && op.output.type === 'int8'))
    return lowerRescale(op, 'QUANTIZE');
  if (input.type !== 'float32')
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${op.label} reads ${tensorLabel(input)} of type ${input.type} and writes ${op.output.type}: only int8, float32 to int8 and uint8 to int8 are possible`,
    );
  return convert(op, 'quantize', input, affine(op.output));
}

export function lowerDequantize(op: Lowering): Step {
  const input = op.input(0);
  if (op.output.type !== 'float32')
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${op.label} writes ${tensorLabel(op.output)} of type ${op.output.type}: only float32 is possible`,
    );
  return convert(op, 'dequantize', input, affine(input));
}

function convert(
  op: Lowering,
  kernel: 'quantize' | 'dequantize',
  input: Tensor,
  { scale, zero }: { scale: number; zero: number },
): Step {
  expectShape(op.output, input.shape, op.label);
  return {
    ...unary(op, input, kernel === 'quantize' ? 4 : 2),
    inPlace: [],
    kernel,
    records: (at) => [
      { input: at.tensor(input.index), output: at.tensor(op.output.index), count: input.elements, scale, zero },
    ],
  };
}

/** `cost`: fuel of one element. */
function unary(op: Lowering, input: Tensor, cost: number): StepBase {
  return {
    operator: op.operator,
    reads: [input.index],
    writes: [op.output.index],
    inPlace: [input.index],
    scratch: NO_SCRATCH,
    macs: 0,
    work: cost * input.elements,
  };
}
