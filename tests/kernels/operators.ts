/**
 * Random cases of each operator, with everything that the compiler may write and some records that it doesn't write.
 */

import { OperatorConstant, type OperatorRecords } from '../../host/base/abi/index.ts';
import { Case, type Dice, FILTER_BANK, REAL_FFT } from './case-file.ts';
import { softmaxTableFor } from './softmax-table.ts';

const PARAMS_BYTES = OperatorConstant.paramsBytes;

/** Multiplier and shifts of a channel: mostly as in models, sometimes extreme values. */
function scaling(dice: Dice, sums: number): { multiplier: number; left: number; right: number } {
  const multiplier = dice.chance(3)
    ? dice.pick([0, -0x40000000])
    : dice.chance(5)
      ? 0x7fffffff
      : 2 ** 30 + (dice.bits() & 0x3fffffff);
  const usual = Math.max(1, Math.round(Math.log2(sums)) - 7);
  if (dice.chance(10)) return { multiplier, left: dice.int(0, 6), right: 0 };
  return {
    multiplier,
    left: 0,
    right: dice.chance(85) ? dice.int(Math.max(1, usual - 2), usual + 1) : dice.int(0, 31),
  };
}

function bias(dice: Dice, sums: number): number {
  if (dice.chance(4)) return dice.pick([0x7fffffff, -0x80000000, 0x40000000, 0x40000080, -0x40000000]);
  return dice.int(-sums, sums);
}

/**
 * Rom offset of groups of four channels: parameters, then `weightBytes` of weights. The last `padding` taps of the last
 * step are zeros.
 */
function groups(test: Case, channels: number, weightBytes: number, taps: number, padding: number): number {
  const { dice } = test;
  const count = Math.ceil(channels / 4);
  const bytes = PARAMS_BYTES + weightBytes;
  const offset = test.romFilled(count * bytes);
  const sums = 40 * 40 * Math.sqrt(taps) * 4;
  for (let group = 0; group < count; group++) {
    const lanes = Array.from({ length: 4 }, () => ({ ...scaling(dice, sums), bias: bias(dice, sums) }));
    test.patch('rom', offset + group * bytes, [
      ...lanes.map((lane) => lane.bias),
      ...lanes.map((lane) => lane.multiplier),
      ...lanes.map((lane) => lane.left | (lane.right << 8)),
    ]);
    if (padding === 0) continue;
    const mask = 0xffffffff >>> (8 * padding);
    const last = offset + group * bytes + bytes - 16;
    test.patch(
      'rom',
      last,
      Array.from({ length: 4 }, () => dice.bits() & mask),
    );
  }
  return offset;
}

/** Limits of the output: mostly all of int8. */
function range(dice: Dice): { outputMin: number; outputMax: number } {
  if (dice.chance(75)) return { outputMin: -128, outputMax: 127 };
  const outputMin = dice.int(-128, 127);
  return { outputMin, outputMax: dice.int(outputMin, 127) };
}

const zeroPoint = (dice: Dice) => (dice.chance(40) ? -128 : dice.int(-128, 127));

interface Axis {
  input: number;
  output: number;
  kernel: number;
  stride: number;
  dilation: number;
  before: number;
}

/** One axis of a window: padding as in SAME and VALID, or any other. */
function axis(dice: Dice, max: { input: number; kernel: number; dilation: number }): Axis {
  const kernel = dice.int(1, max.kernel);
  const stride = dice.int(1, 3);
  const dilation = dice.chance(80) ? 1 : dice.int(1, max.dilation);
  const reach = (kernel - 1) * dilation + 1;
  const before = dice.chance(50) ? 0 : dice.int(0, reach - 1);
  const input = dice.int(1, max.input);
  const fitting = Math.floor((input + before + dice.int(0, before) - reach) / stride) + 1;
  return { input, output: Math.max(1, fitting), kernel, stride, dilation, before };
}

function convolution(test: Case): { vertical: Axis; horizontal: Axis } {
  const { dice } = test;
  if (dice.chance(35)) {
    const still = { kernel: 1, stride: 1, dilation: 1, before: 0 };
    const [height, width] = [dice.int(1, 5), dice.int(1, 6)];
    return {
      vertical: { ...still, input: height, output: height },
      horizontal: { ...still, input: width, output: width },
    };
  }
  if (dice.chance(40)) {
    const three = () => {
      const [input, stride, before] = [dice.int(2, 14), dice.int(1, 2), dice.int(0, 1)];
      const output = Math.max(1, Math.floor((input + before + dice.int(0, 1) - 3) / stride) + 1);
      return { kernel: 3, stride, dilation: 1, before, input, output };
    };
    return { vertical: three(), horizontal: three() };
  }
  const max = { input: 9, kernel: 5, dilation: 3 };
  return { vertical: axis(dice, max), horizontal: axis(dice, max) };
}

export function conv2d(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const { vertical: v, horizontal: h } = convolution(test);
  const inC = dice.chance(60) ? 4 * dice.int(1, 8) : dice.int(1, 20);
  const outC = dice.chance(3) ? dice.int(125, 140) : dice.chance(60) ? 4 * dice.int(1, 5) : dice.int(1, 17);
  const taps = v.kernel * h.kernel * inC;
  const steps = Math.ceil(taps / 4);
  const group = PARAMS_BYTES + 16 * steps;
  const tile = dice.int(1, Math.ceil(outC / 4) + 1);
  const weights = groups(test, outC, 16 * steps, taps, 4 * steps - taps);
  const input = test.input(v.input * h.input * inC, true);
  const scratch = test.scratchOf(32 * steps + Math.min(tile, Math.ceil(outC / 4)) * group);
  const output = test.outputOf(v.output * h.output * outC, true);
  return test.operator('conv2d', {
    ...{ input, output, scratch, inC, outC },
    ...{ inH: v.input, inW: h.input, outH: v.output, outW: h.output, kernelH: v.kernel, kernelW: h.kernel },
    ...{ strideH: v.stride, strideW: h.stride, dilationH: v.dilation, dilationW: h.dilation },
    ...{ padTop: v.before, padLeft: h.before, inputZero: zeroPoint(dice), outputZero: zeroPoint(dice) },
    ...range(dice),
    weights,
    tileGroups: tile,
  });
}

export function depthwiseConv2d(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const { vertical: v, horizontal: h } = convolution(test);
  const channels = dice.chance(60) ? 4 * dice.int(1, 5) : dice.int(1, 19);
  const taps = v.kernel * h.kernel;
  const group = PARAMS_BYTES + 4 * taps;
  const tile = dice.int(1, Math.ceil(channels / 4));
  const weights = groups(test, channels, 4 * taps, taps, 0);
  const input = test.input(v.input * h.input * channels, true);
  const scratch = test.scratchOf(Math.floor((taps * channels + 6) / 4) * 4 + tile * group);
  const output = test.outputOf(v.output * h.output * channels, true);
  return test.operator('depthwise_conv2d', {
    ...{ input, output, scratch, channels },
    ...{ inH: v.input, inW: h.input, outH: v.output, outW: h.output, kernelH: v.kernel, kernelW: h.kernel },
    ...{ strideH: v.stride, strideW: h.stride, dilationH: v.dilation, dilationW: h.dilation },
    ...{ padTop: v.before, padLeft: h.before, inputZero: zeroPoint(dice), outputZero: zeroPoint(dice) },
    ...range(dice),
    weights,
    tileGroups: tile,
  });
}

export function fullyConnected(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const wide = dice.chance(3);
  const steps = wide ? dice.int(505, 530) : dice.int(1, 40);
  const outputs = wide ? dice.int(1, 4) : dice.int(1, 24);
  const tile = dice.int(1, steps + 1);
  const weights = groups(test, outputs, 16 * steps, 4 * steps, 0);
  const input = test.input(4 * steps);
  const scratch = test.scratchOf(16 * Math.min(tile, steps));
  const output = test.outputOf(outputs);
  return test.operator('fully_connected', {
    ...{
      input,
      output,
      scratch,
      steps,
      outputs,
      outputZero: zeroPoint(dice),
      ...range(dice),
      weights,
      tileSteps: tile,
    },
  });
}

/** A case of either pooling; they have the same record. */
export function pool(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const one = (): Axis => {
    const kernel = dice.int(1, 6);
    const stride = dice.int(1, 4);
    const input = dice.int(1, 12);
    const before = dice.int(0, kernel - 1);
    return {
      kernel,
      stride,
      input,
      before,
      dilation: 1,
      output: dice.int(1, Math.floor((input + before - 1) / stride) + 1),
    };
  };
  const [v, h] = [one(), one()];
  const channels = dice.int(1, 20);
  const input = test.input(v.input * h.input * channels, true);
  const output = test.outputOf(v.output * h.output * channels, true);
  return test.operator('max_pool2d', {
    ...{ input, output, channels, inH: v.input, inW: h.input, outH: v.output, outW: h.output },
    ...{ kernelH: v.kernel, kernelW: h.kernel, strideH: v.stride, strideW: h.stride },
    ...{ padTop: v.before, padLeft: h.before, ...range(dice) },
  });
}

export function add(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const count = dice.int(1, 300);
  const [a, b] = [test.input(count), test.input(count)];
  const own = test.memory(count);
  const output = test.outputAt(dice.pick([a, b, own]), count);
  const scaled = (low: number, high: number) => ({
    zero: zeroPoint(dice),
    multiplier: 2 ** 30 + (dice.bits() & 0x3fffffff),
    shift: dice.chance(80) ? dice.int(low, high) : dice.int(0, 31),
  });
  const [end, sideA, sideB] = [scaled(16, 20), scaled(0, 4), scaled(0, 4)];
  return test.operator('add', {
    ...{ inputA: a, inputB: b, output, count },
    ...{ zeroA: sideA.zero, multiplierA: sideA.multiplier, shiftA: sideA.shift },
    ...{ zeroB: sideB.zero, multiplierB: sideB.multiplier, shiftB: sideB.shift },
    ...{ outputZero: end.zero, multiplier: end.multiplier, shift: end.shift, ...range(dice) },
  });
}

export function lookup(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const count = dice.int(1, 300);
  const input = test.input(count);
  const scratch = test.scratchOf(256);
  const output = test.outputAt(dice.chance(50) ? input : test.memory(count), count);
  return test.operator('lookup', { input, output, scratch, count, table: test.romFilled(256) });
}

const FLOATS = [
  0,
  -0,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  1e-45,
  1e38,
  -1e38,
  Infinity,
  -Infinity,
  Number.NaN,
  127.5,
  -128.5,
  511.6,
  512,
];

function floatBits(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint32(0);
}

const scaleOf = (dice: Dice) =>
  dice.chance(10) ? dice.pick([1, 1e-38, 1e38, 0.5]) : 2 ** dice.int(-12, 2) * (1 + dice.bits() / 2 ** 32);

export function quantize(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const count = dice.int(1, 100);
  const input = test.input(4 * count);
  const given = Array.from({ length: count }, () =>
    dice.chance(30) ? floatBits(dice.pick(FLOATS)) : floatBits(dice.int(-2000, 2000) / dice.pick([2, 3, 4, 1000])),
  );
  if (dice.chance(80)) test.patch('memory', test.arena + input, given);
  const output = test.outputOf(count);
  const scale = dice.chance(20) ? 1 : scaleOf(dice);
  return test.operator('quantize', { input, output, count, scale, zero: zeroPoint(dice) });
}

export function dequantize(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const count = dice.int(1, 200);
  const input = test.input(count);
  const output = test.outputOf(4 * count);
  return test.operator('dequantize', { input, output, count, scale: scaleOf(dice), zero: zeroPoint(dice) });
}

export function softmax(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const depth = dice.chance(5) ? dice.int(100, 600) : dice.int(1, 20);
  const rows = dice.int(1, 4);
  const table = softmaxTableFor(dice);
  const at = test.rom(4 * table.length);
  test.patch('rom', at, table);
  const input = test.input(rows * depth, true);
  const output = test.outputAt(dice.chance(50) ? input : test.memory(rows * depth), rows * depth);
  return test.operator('softmax', { input, output, rows, depth, table: at, tableSize: table.length });
}

export function mean(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const [outer, reduced, inner] = [dice.int(1, 4), dice.int(1, 40), dice.int(1, 20)];
  const input = test.input(outer * reduced * inner);
  const output = test.outputOf(outer * inner);
  const { multiplier, left, right } = scaling(dice, 128 * reduced);
  return test.operator('mean', {
    ...{ input, output, outer, reduced, inner, bias: dice.int(-128, 128) * reduced },
    ...{ multiplier, left, right, outputZero: zeroPoint(dice) },
  });
}

export function copy(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const bytes = dice.int(1, 400);
  const input = test.input(bytes, true);
  // Input and output of a reshape may overlap, as memory.copy allows.
  const output = dice.chance(30) ? input - Math.min(dice.int(0, 8), input) : test.memory(bytes);
  return test.operator('copy', { input, output: test.outputAt(output, bytes), bytes });
}

export function constant(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const bytes = dice.int(1, 400);
  return test.operator('constant', { input: test.romFilled(bytes), output: test.outputOf(bytes, true), bytes });
}

export function pad(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const dims = Array.from({ length: 4 }, () => ({
    size: dice.int(1, 6),
    before: dice.int(0, 2),
    after: dice.int(0, 2),
  }));
  const [d0, d1, d2, d3] = dims as [(typeof dims)[0], (typeof dims)[0], (typeof dims)[0], (typeof dims)[0]];
  const whole = (dim: (typeof dims)[0]) => dim.size + dim.before + dim.after;
  const stride2 = whole(d3);
  const stride1 = stride2 * whole(d2);
  const stride0 = stride1 * whole(d1);
  const bytes = stride0 * whole(d0);
  const first = d0.before * stride0 + d1.before * stride1 + d2.before * stride2 + d3.before;
  const input = test.input(d0.size * d1.size * d2.size * d3.size);
  const output = test.outputOf(bytes);
  return test.operator('pad', {
    ...{ input, output, value: dice.int(-128, 127), outputBytes: bytes, run: d3.size, first },
    ...{ size: [d0.size, d1.size, d2.size], stride: [stride0, stride1, stride2] },
  });
}

export function transpose(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const sizes = Array.from({ length: 4 }, () => dice.int(1, 7));
  const strides = sizes.map((_, i) => sizes.slice(i + 1).reduce((a, b) => a * b, 1));
  const order = [0, 1, 2, 3].map((i) => ({ i, at: dice.bits() })).sort((a, b) => a.at - b.at);
  const bytes = sizes.reduce((a, b) => a * b, 1);
  const input = test.input(bytes);
  const output = test.outputOf(bytes);
  const turned = (of: readonly number[]) =>
    order.map(({ i }) => of[i]!) as unknown as OperatorRecords['transpose']['size'];
  return test.operator('transpose', { input, output, size: turned(sizes), stride: turned(strides) });
}

export function realFft(dice: Dice): Case {
  const test = new Case(REAL_FFT, dice);
  const points = dice.chance(80) ? 1 << dice.int(4, 7) : 1 << dice.int(8, 10);
  const src = test.input(2 * points);
  const twiddles = test.input(3 * points);
  const dst = test.outputOf(2 * points + 4);
  return test.arguments([src, dst, twiddles, points], [0, 1, 2]);
}

export function filterBank(dice: Dice): Case {
  const test = new Case(FILTER_BANK, dice);
  const channels = dice.int(1, 20);
  const edges = [dice.int(0, 30)];
  for (let i = 0; i <= channels; i++) edges.push(edges.at(-1)! + dice.int(0, 12));
  const bins = edges.at(-1)! - edges[0]!;
  const bits = dice.pick([0, 4, 10, 16, 24]);
  const energy = test.memory(4 * bins);
  test.patch(
    'memory',
    test.arena + energy,
    Array.from({ length: bins }, () => dice.bits() >>> bits),
  );
  const weights = test.memory(4 * bins);
  const share = () => (dice.chance(5) ? dice.bits() : dice.int(0, 4096) | (dice.int(0, 4096) << 16));
  test.patch('memory', test.arena + weights, Array.from({ length: bins }, share));
  const edge = test.memory(2 * edges.length + 2);
  const pairs = Array.from(
    { length: Math.ceil(edges.length / 2) },
    (_, i) => edges[2 * i]! | ((edges[2 * i + 1] ?? 0) << 16),
  );
  test.patch('memory', test.arena + edge, pairs);
  const dst = test.outputOf(4 * channels);
  return test.arguments([energy, edge, weights, channels, dice.int(0, 12), dst], [0, 1, 2, 5]);
}
