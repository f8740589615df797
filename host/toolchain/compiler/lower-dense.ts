/** Operators with weights: convolutions and fully connected layers -> `conv2d`, `depthwise_conv2d`, `fully_connected`. */
import { OperatorConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import { type Tensor, tensorLabel } from './graph.ts';
import { type Affine, activationRange, affine, quantizeMultiplier } from './quantization.ts';
import { type Addresses, expectShape, fourSizes, type Lowering, nhwc, type Step } from './step.ts';
import {
  type Channel,
  channelParameters,
  type Filter,
  filterScales,
  groupBytes,
  int8Data,
  packDense,
  packDepthwise,
  weightSum,
} from './weights.ts';
import { windowAxis } from './window.ts';

const { stepBytes, tapBytes } = OperatorConstant;
/** The smallest part of a fully connected layer's weights for one read. */
const MIN_FULLY_CONNECTED_TILE = 512;
/** The number of groups of weights for one read if that costs little memory. */
const GOOD_TILE_GROUPS = 4;
/** The kernel sums pairs of products in 32 bits: 65536 x 255 x 128 is the most that fits. */
const MAX_TAPS = 65_536;

type Op<Name> = Extract<Lowering['operator']['operation'], { op: Name }>;

interface Geometry {
  batch: number;
  inH: number;
  inW: number;
  inC: number;
  outH: number;
  outW: number;
  outC: number;
  kernelH: number;
  kernelW: number;
  strideH: number;
  strideW: number;
  dilationH: number;
  dilationW: number;
  padTop: number;
  padLeft: number;
}

interface Ends {
  input: Tensor;
  output: Tensor;
  from: Affine;
  to: Affine;
  range: { low: number; high: number };
}

export function lowerConv2d(op: Lowering, options: Op<'CONV_2D'>): Step {
  const weights = op.input(1);
  const [outC, kernelH, kernelW, inC] = fourSizes(weights, op.label);
  const geometry = window(op, options, kernelH, kernelW, outC);
  if (geometry.inC !== inC) {
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${op.label} has ${geometry.inC} input channels but weights for ${inC}: grouped convolution isn't supported`,
    );
  }
  const ends = readEnds(op, options.activation);
  filterScales(weights, outC);
  const data = int8Data(weights);
  const taps = kernelH * kernelW * inC;
  const filter: Filter = { channels: outC, taps, weight: (channel, tap) => data[channel * taps + tap]! };
  return conv2d(op, geometry, ends, filter, channelParameters(filter, weights, op.optional(2), ends.from, ends.to));
}

export function lowerDepthwise(op: Lowering, options: Op<'DEPTHWISE_CONV_2D'>): Step {
  const weights = op.input(1);
  const [one, kernelH, kernelW, outC] = fourSizes(weights, op.label);
  if (one !== 1)
    throw new MoteError('MODEL_FORMAT', `${op.label}: ${tensorLabel(weights)} must have 1 as its first size`);
  const geometry = window(op, options, kernelH, kernelW, outC);
  const ends = readEnds(op, options.activation);
  filterScales(weights, outC);
  const data = int8Data(weights);
  const filter: Filter = {
    channels: outC,
    taps: kernelH * kernelW,
    weight: (channel, tap) => data[tap * outC + channel]!,
  };
  const channels = channelParameters(filter, weights, op.optional(2), ends.from, ends.to);
  // One input channel with several filters is a plain convolution, whose kernel is faster.
  if (geometry.inC === 1) return conv2d(op, geometry, ends, filter, channels);
  if (geometry.inC !== outC) {
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${op.label} makes ${outC} channels from ${geometry.inC}: a depth multiplier needs a single input channel`,
    );
  }
  return depthwise(op, geometry, ends, filter, channels);
}

export function lowerFullyConnected(op: Lowering, options: Op<'FULLY_CONNECTED'>): Step {
  if (options.shuffled)
    throw new MoteError('MODEL_UNSUPPORTED', `${op.label} has shuffled weights: convert the model for int8`);
  const weights = op.input(1);
  const [outputs, inputs] = weights.shape;
  if (weights.shape.length !== 2 || outputs === undefined || inputs === undefined) {
    throw new MoteError('MODEL_FORMAT', `${op.label}: ${tensorLabel(weights)} must have two dimensions`);
  }
  const ends = readEnds(op, options.activation);
  const rows = ends.input.elements / inputs;
  if (!Number.isInteger(rows) || ends.output.elements !== rows * outputs) {
    throw new MoteError(
      'MODEL_FORMAT',
      `${op.label} has weights ${weights.shape.join('x')} for ${ends.input.elements} inputs and ${ends.output.elements} outputs`,
    );
  }
  const scales = filterScales(weights, outputs);
  const data = int8Data(weights);
  const filter: Filter = { channels: outputs, taps: inputs, weight: (channel, tap) => data[channel * inputs + tap]! };
  let channels = channelParameters(filter, weights, op.optional(2), ends.from, ends.to);
  if (weights.quantization?.scales.length === 1) {
    // GetQuantizedConvolutionMultipler: with one scale, and only then, the product is a float32.
    const multiplier = quantizeMultiplier(Math.fround(ends.from.scale * scales[0]!) / ends.to.scale);
    channels = channels.map(({ bias }) => ({ bias, multiplier }));
  }
  if (rows === 1) return fullyConnected(op, ends, filter, channels);
  const pointwise = {
    batch: 1,
    inH: 1,
    inW: rows,
    inC: inputs,
    outH: 1,
    outW: rows,
    outC: outputs,
    kernelH: 1,
    kernelW: 1,
  };
  const still = { strideH: 1, strideW: 1, dilationH: 1, dilationW: 1, padTop: 0, padLeft: 0 };
  return conv2d(op, { ...pointwise, ...still }, ends, filter, channels);
}

function readEnds(op: Lowering, activation: Op<'CONV_2D'>['activation']): Ends {
  const input = op.input(0);
  const to = affine(op.output);
  return { input, output: op.output, from: affine(input), to, range: activationRange(activation, to, op.label) };
}

function window(
  op: Lowering,
  options: Op<'CONV_2D'> | Op<'DEPTHWISE_CONV_2D'>,
  kernelH: number,
  kernelW: number,
  outC: number,
): Geometry {
  const [batch, inH, inW, inC] = nhwc(op.input(0), op.label);
  const { strideH, strideW, dilationH, dilationW, padding } = options;
  const vertical = windowAxis(inH, kernelH, strideH, dilationH, padding, op.label);
  const horizontal = windowAxis(inW, kernelW, strideW, dilationW, padding, op.label);
  expectShape(op.output, [batch, vertical.size, horizontal.size, outC], op.label);
  const output = {
    outH: vertical.size,
    outW: horizontal.size,
    outC,
    padTop: vertical.padBefore,
    padLeft: horizontal.padBefore,
  };
  return { batch, inH, inW, inC, ...output, kernelH, kernelW, strideH, strideW, dilationH, dilationW };
}

function conv2d(op: Lowering, g: Geometry, ends: Ends, filter: Filter, signed: readonly Channel[]): Step {
  if (filter.taps > MAX_TAPS)
    throw new MoteError('MODEL_UNSUPPORTED', `${op.label} sums ${filter.taps} products, at most ${MAX_TAPS} fit`);
  // The kernel works on input + 128.
  const channels = signed.map(({ bias, multiplier }, i) => ({
    bias: (bias - 128 * weightSum(filter, i)) | 0,
    multiplier,
  }));
  const steps = Math.ceil(filter.taps / 4);
  const tile = tiles(2 * stepBytes * steps, groupBytes(stepBytes * steps), filter.channels);
  return {
    ...common(op, ends),
    kernel: 'conv2d',
    scratch: tile.scratch,
    macs: g.batch * g.outH * g.outW * g.outC * filter.taps,
    work: g.outH * g.outW * g.outC * filter.taps,
    records: (at) => {
      const weights = at.rom(packDense(filter, channels));
      return pictures(g, ends, at).map((tensors) => ({
        ...tensors,
        ...g,
        ...outputFields(ends),
        inputZero: ends.from.zero,
        weights,
        tileGroups: tile.groups(at.scratchBytes),
      }));
    },
  };
}

function depthwise(op: Lowering, g: Geometry, ends: Ends, filter: Filter, channels: readonly Channel[]): Step {
  // Groups read four channels of each tap, so the patch is three bytes longer, then aligned.
  const fixed = Math.floor((filter.taps * filter.channels + 6) / 4) * 4;
  const tile = tiles(fixed, groupBytes(tapBytes * filter.taps), filter.channels);
  return {
    ...common(op, ends),
    kernel: 'depthwise_conv2d',
    scratch: tile.scratch,
    macs: g.batch * g.outH * g.outW * g.outC * filter.taps,
    work: g.outH * g.outW * g.outC * filter.taps,
    records: (at) => {
      const weights = at.rom(packDepthwise(filter, channels));
      return pictures(g, ends, at).map((tensors) => ({
        ...tensors,
        ...g,
        channels: g.inC,
        ...outputFields(ends),
        inputZero: ends.from.zero,
        weights,
        tileGroups: tile.groups(at.scratchBytes),
      }));
    },
  };
}

function fullyConnected(op: Lowering, ends: Ends, filter: Filter, channels: readonly Channel[]): Step {
  const steps = Math.ceil(filter.taps / 4);
  const minimum = Math.min(stepBytes * steps, MIN_FULLY_CONNECTED_TILE);
  return {
    ...common(op, ends),
    kernel: 'fully_connected',
    scratch: { min: minimum, unit: stepBytes, good: minimum, max: stepBytes * steps },
    macs: filter.channels * filter.taps,
    work: filter.channels * 4 * steps,
    records: (at) => [
      {
        input: at.tensor(ends.input.index),
        output: at.tensor(ends.output.index),
        scratch: at.scratch,
        steps,
        outputs: filter.channels,
        ...outputFields(ends),
        weights: at.rom(packDense(filter, channels)),
        tileSteps: Math.floor(at.scratchBytes / stepBytes),
      },
    ],
  };
}

function common(op: Lowering, ends: Ends): Pick<Step, 'operator' | 'reads' | 'writes' | 'inPlace'> {
  return { operator: op.operator, reads: [ends.input.index], writes: [ends.output.index], inPlace: [] };
}

/** Scratch of `fixed` bytes and as many groups of weights as fit, at least one. */
function tiles(fixed: number, group: number, channels: number) {
  const groups = Math.ceil(channels / 4);
  return {
    scratch: {
      min: fixed + group,
      unit: group,
      good: fixed + Math.min(groups, GOOD_TILE_GROUPS) * group,
      max: fixed + groups * group,
    },
    groups: (scratchBytes: number) => Math.min(groups, Math.floor((scratchBytes - fixed) / group)),
  };
}

/** Position of each picture of a batch. */
function pictures(g: Geometry, ends: Ends, at: Addresses): { input: number; output: number; scratch: number }[] {
  const input = at.tensor(ends.input.index);
  const output = at.tensor(ends.output.index);
  return Array.from({ length: g.batch }, (_, n) => ({
    input: input + n * g.inH * g.inW * g.inC,
    output: output + n * g.outH * g.outW * g.outC,
    scratch: at.scratch,
  }));
}

/** The fields about the output in the record of each operator with weights. */
function outputFields({ to, range }: Ends): { outputZero: number; outputMin: number; outputMax: number } {
  return { outputZero: to.zero, outputMin: range.low, outputMax: range.high };
}
