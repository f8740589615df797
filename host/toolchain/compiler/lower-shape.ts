/** Operators that move or pool values: pooling, mean, pad, transpose, and reshapes that only rename memory. */
import { MoteError } from '../../base/index.ts';
import { type Operation, type Tensor, tensorLabel } from './graph.ts';
import { activationRange, affine, quantizeMultiplier } from './quantization.ts';
import { expectShape, type FourSizes, type Lowering, NO_SCRATCH, nhwc, type Step, type StepBase } from './step.ts';
import { int32Data } from './weights.ts';
import { windowAxis } from './window.ts';

export function lowerPool(op: Lowering, options: Extract<Operation, { op: 'AVERAGE_POOL_2D' | 'MAX_POOL_2D' }>): Step {
  const input = op.input(0);
  const [batch, inH, inW, channels] = nhwc(input, op.label);
  const { kernelH, kernelW, strideH, strideW, padding } = options;
  const vertical = windowAxis(inH, kernelH, strideH, 1, padding, op.label);
  const horizontal = windowAxis(inW, kernelW, strideW, 1, padding, op.label);
  expectShape(op.output, [batch, vertical.size, horizontal.size, channels], op.label);
  const [from, to] = [affine(input), affine(op.output)];
  if (Math.abs(from.scale - to.scale) > 1e-6 || from.zero !== to.zero) {
    throw new MoteError('MODEL_UNSUPPORTED', `${op.label} must keep its input's scale and zero point`);
  }
  const { low, high } = activationRange(options.activation, to, op.label);
  return {
    ...move(op, input),
    kernel: options.op === 'MAX_POOL_2D' ? 'max_pool2d' : 'average_pool2d',
    work: vertical.size * horizontal.size * channels * kernelH * kernelW,
    records: (at) =>
      Array.from({ length: batch }, (_, n) => ({
        input: at.tensor(input.index) + n * inH * inW * channels,
        output: at.tensor(op.output.index) + n * vertical.size * horizontal.size * channels,
        ...{ inH, inW, channels, outH: vertical.size, outW: horizontal.size },
        ...{ kernelH, kernelW, strideH, strideW, padTop: vertical.padBefore, padLeft: horizontal.padBefore },
        ...{ outputMin: low, outputMax: high },
      })),
  };
}

/** QuantizedMeanOrSum in integers: the count is folded into the multiplier. */
export function lowerMean(op: Lowering, keepDims: boolean): Step {
  const input = op.input(0);
  const rank = input.shape.length;
  const axes = [...new Set(int32Data(op.input(1), op.label).map((axis) => (axis < 0 ? axis + rank : axis)))].sort(
    (a, b) => a - b,
  );
  const [first, last] = [axes[0], axes.at(-1)];
  if (first === undefined || last === undefined || first < 0 || last >= rank)
    throw new MoteError('MODEL_FORMAT', `${op.label} has axes outside its input`);
  if (last - first + 1 !== axes.length)
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${op.label} reduces axes ${axes.join(', ')}: only neighbours are possible`,
    );
  const shape = input.shape.flatMap((size, i) => (i < first || i > last ? [size] : keepDims ? [1] : []));
  expectShape(op.output, shape, op.label);
  const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
  const count = product(input.shape.slice(first, last + 1));
  const [from, to] = [affine(input), affine(op.output)];
  const whole = quantizeMultiplier(from.scale / to.scale);
  const extra = Math.min(Math.floor(Math.log2(count)), 32, 31 + whole.shift);
  const multiplier = Math.floor((whole.multiplier * 2 ** extra) / count);
  const shift = whole.shift - extra;
  return {
    ...move(op, input),
    kernel: 'mean',
    records: (at) => [
      {
        input: at.tensor(input.index),
        output: at.tensor(op.output.index),
        outer: product(input.shape.slice(0, first)),
        reduced: count,
        inner: product(input.shape.slice(last + 1)),
        bias: -from.zero * count,
        multiplier,
        left: Math.max(shift, 0),
        right: Math.max(-shift, 0),
        outputZero: to.zero,
      },
    ],
  };
}

export function lowerPad(op: Lowering): Step {
  const input = op.input(0);
  if (input.shape.length > 4)
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${op.label} pads ${input.shape.length} dimensions, at most 4 are possible`,
    );
  const [from, to] = [affine(input), affine(op.output)];
  if (from.scale !== to.scale || from.zero !== to.zero)
    throw new MoteError('MODEL_UNSUPPORTED', `${op.label} must keep its input's scale and zero point`);
  const paddings = op.input(1);
  expectShape(paddings, [input.shape.length, 2], op.label);
  const amounts = int32Data(paddings, op.label);
  if (amounts.some((amount) => amount < 0)) throw new MoteError('MODEL_FORMAT', `${op.label} has a negative padding`);
  const dims = input.shape.map((size, i) => ({ size, before: amounts[2 * i]!, after: amounts[2 * i + 1]! }));
  expectShape(
    op.output,
    dims.map(({ size, before, after }) => size + before + after),
    op.label,
  );
  while (dims.length < 4) dims.unshift({ size: 1, before: 0, after: 0 });
  const [d0, d1, d2, d3] = dims as [(typeof dims)[0], (typeof dims)[0], (typeof dims)[0], (typeof dims)[0]];
  const stride2 = d3.size + d3.before + d3.after;
  const stride1 = stride2 * (d2.size + d2.before + d2.after);
  const stride0 = stride1 * (d1.size + d1.before + d1.after);
  // Rows without padding inside are contiguous in both tensors.
  const merged = stride2 === d3.size;
  const start = d0.before * stride0 + d1.before * stride1 + d2.before * stride2 + d3.before;
  return {
    ...move(op, input),
    kernel: 'pad',
    records: (at) => [
      {
        input: at.tensor(input.index),
        output: at.tensor(op.output.index),
        value: to.zero,
        outputBytes: op.output.elements,
        size: [d0.size, d1.size, merged ? 1 : d2.size],
        run: merged ? d2.size * d3.size : d3.size,
        stride: [stride0, stride1, stride2],
        first: start,
      },
    ],
  };
}

export function lowerTranspose(op: Lowering): Step {
  const input = op.input(0);
  const rank = input.shape.length;
  const order = int32Data(op.input(1), op.label);
  if (rank > 4)
    throw new MoteError('MODEL_UNSUPPORTED', `${op.label} turns ${rank} dimensions, at most 4 are possible`);
  if (order.length !== rank || [...order].sort((a, b) => a - b).some((axis, i) => axis !== i)) {
    throw new MoteError(
      'MODEL_FORMAT',
      `${op.label} has an order ${order.join(', ')} that isn't one of its ${rank} dimensions`,
    );
  }
  sameType(op, input);
  if (input.type !== 'int8')
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${op.label}: ${tensorLabel(input)} is ${input.type}, only int8 is possible`,
    );
  const strides = input.shape.map((_, i) => input.shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const sizes = order.map((axis) => input.shape[axis]!);
  expectShape(op.output, sizes, op.label);
  const steps = order.map((axis) => strides[axis]!);
  while (sizes.length < 4) {
    sizes.unshift(1);
    steps.unshift(0);
  }
  return {
    ...move(op, input),
    kernel: 'transpose',
    records: (at) => [
      {
        input: at.tensor(input.index),
        output: at.tensor(op.output.index),
        size: sizes as unknown as FourSizes,
        stride: steps as unknown as FourSizes,
      },
    ],
  };
}

/** Same bytes, another shape: no work if input and output share their memory. */
export function lowerReshape(op: Lowering): Step {
  const input = op.input(0);
  sameType(op, input);
  if (input.bytes !== op.output.bytes) {
    throw new MoteError(
      'MODEL_FORMAT',
      `${op.label} makes shape ${op.output.shape.join('x')} from ${input.shape.join('x')}`,
    );
  }
  return {
    ...move(op, input),
    kernel: 'copy',
    work: input.bytes,
    inPlace: [input.index],
    records: (at) => {
      const [from, to] = [at.tensor(input.index), at.tensor(op.output.index)];
      return from === to ? [] : [{ input: from, output: to, bytes: input.bytes }];
    },
  };
}

function sameType(op: Lowering, input: Tensor): void {
  if (input.type !== op.output.type) {
    throw new MoteError(
      'MODEL_FORMAT',
      `${op.label} turns ${input.type} of ${tensorLabel(input)} into ${op.output.type}`,
    );
  }
}

function move(op: Lowering, input: Tensor): StepBase {
  return {
    operator: op.operator,
    reads: [input.index],
    writes: [op.output.index],
    inPlace: [],
    scratch: NO_SCRATCH,
    macs: 0,
    work: Math.max(input.elements, op.output.elements),
  };
}
