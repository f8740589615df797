/** Random cases of each operator, in all that the compiler may write and some that it doesn't. */

import { Case, type Dice, FILTER_BANK, REAL_FFT } from './case-file.ts';
import { softmaxTableFor } from './softmax-table.ts';

const PARAMS_BYTES = 48;

/** Multiplier and shifts of a channel: mostly what models have, sometimes the ends. */
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

/** Rom offset of groups of four channels: parameters, then `weightBytes` of weights, of which the last `padding` taps of a step are zeros. */
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
    const kept = 0xffffffff >>> (8 * padding);
    const last = offset + group * bytes + bytes - 16;
    test.patch(
      'rom',
      last,
      Array.from({ length: 4 }, () => dice.bits() & kept),
    );
  }
  return offset;
}

/** Ends of the output's range: mostly all of int8. */
function range(dice: Dice): [number, number] {
  if (dice.chance(75)) return [-128, 127];
  const low = dice.int(-128, 127);
  return [low, dice.int(low, 127)];
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

/** One axis of a window: padding as SAME and VALID have it, or any. */
function axis(dice: Dice, most: { input: number; kernel: number; dilation: number }): Axis {
  const kernel = dice.int(1, most.kernel);
  const stride = dice.int(1, 3);
  const dilation = dice.chance(80) ? 1 : dice.int(1, most.dilation);
  const reach = (kernel - 1) * dilation + 1;
  const before = dice.chance(50) ? 0 : dice.int(0, reach - 1);
  const input = dice.int(1, most.input);
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
  const most = { input: 9, kernel: 5, dilation: 3 };
  return { vertical: axis(dice, most), horizontal: axis(dice, most) };
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
  return test.operator([
    ...[input, output, scratch, v.input, h.input, inC, v.output, h.output, outC, v.kernel, h.kernel],
    ...[v.stride, h.stride, v.dilation, h.dilation, v.before, h.before],
    ...[zeroPoint(dice), zeroPoint(dice), ...range(dice), weights, tile],
  ]);
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
  return test.operator([
    ...[input, output, scratch, v.input, h.input, channels, v.output, h.output, v.kernel, h.kernel],
    ...[v.stride, h.stride, v.dilation, h.dilation, v.before, h.before],
    ...[zeroPoint(dice), zeroPoint(dice), ...range(dice), weights, tile],
  ]);
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
  return test.operator([input, output, scratch, steps, outputs, zeroPoint(dice), ...range(dice), weights, tile]);
}

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
  return test.operator([
    ...[input, output, v.input, h.input, channels, v.output, h.output, v.kernel, h.kernel, v.stride, h.stride],
    ...[v.before, h.before, ...range(dice)],
  ]);
}

export function add(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const count = dice.int(1, 300);
  const [a, b] = [test.input(count), test.input(count)];
  const own = test.memory(count);
  const output = test.outputAt(dice.pick([a, b, own]), count);
  const side = () => [
    zeroPoint(dice),
    2 ** 30 + (dice.bits() & 0x3fffffff),
    dice.chance(80) ? dice.int(0, 4) : dice.int(0, 31),
  ];
  const end = [
    zeroPoint(dice),
    2 ** 30 + (dice.bits() & 0x3fffffff),
    dice.chance(80) ? dice.int(16, 20) : dice.int(0, 31),
  ];
  return test.operator([a, b, output, count, ...side(), ...side(), ...end, ...range(dice)]);
}

export function lookup(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const count = dice.int(1, 300);
  const input = test.input(count);
  const scratch = test.scratchOf(256);
  const output = test.outputAt(dice.chance(50) ? input : test.memory(count), count);
  return test.operator([input, output, scratch, count, test.romFilled(256)]);
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

const scale = (dice: Dice) =>
  floatBits(dice.chance(10) ? dice.pick([1, 1e-38, 1e38, 0.5]) : 2 ** dice.int(-12, 2) * (1 + dice.bits() / 2 ** 32));

export function quantize(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const count = dice.int(1, 100);
  const input = test.input(4 * count);
  const given = Array.from({ length: count }, () =>
    dice.chance(30) ? floatBits(dice.pick(FLOATS)) : floatBits(dice.int(-2000, 2000) / dice.pick([2, 3, 4, 1000])),
  );
  if (dice.chance(80)) test.patch('memory', test.arena + input, given);
  const output = test.outputOf(count);
  return test.operator([input, output, count, dice.chance(20) ? floatBits(1) : scale(dice), zeroPoint(dice)]);
}

export function dequantize(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const count = dice.int(1, 200);
  const input = test.input(count);
  const output = test.outputOf(4 * count);
  return test.operator([input, output, count, scale(dice), zeroPoint(dice)]);
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
  return test.operator([input, output, rows, depth, at, table.length]);
}

export function mean(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const [outer, reduced, inner] = [dice.int(1, 4), dice.int(1, 40), dice.int(1, 20)];
  const input = test.input(outer * reduced * inner);
  const output = test.outputOf(outer * inner);
  const { multiplier, left, right } = scaling(dice, 128 * reduced);
  const words = [outer, reduced, inner, dice.int(-128, 128) * reduced, multiplier, left, right, zeroPoint(dice)];
  return test.operator([input, output, ...words]);
}

export function copy(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const bytes = dice.int(1, 400);
  const input = test.input(bytes, true);
  // A reshape's two places may overlap as memory.copy allows.
  const output = dice.chance(30) ? input - Math.min(dice.int(0, 8), input) : test.memory(bytes);
  return test.operator([input, test.outputAt(output, bytes), bytes]);
}

export function constant(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const bytes = dice.int(1, 400);
  return test.operator([test.romFilled(bytes), test.outputOf(bytes, true), bytes]);
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
  return test.operator([
    ...[input, output, dice.int(-128, 127), bytes, d0.size, d1.size, d2.size, d3.size],
    ...[stride0, stride1, stride2, first],
  ]);
}

export function transpose(kind: number, dice: Dice): Case {
  const test = new Case(kind, dice);
  const sizes = Array.from({ length: 4 }, () => dice.int(1, 7));
  const strides = sizes.map((_, i) => sizes.slice(i + 1).reduce((a, b) => a * b, 1));
  const order = [0, 1, 2, 3].map((i) => ({ i, at: dice.bits() })).sort((a, b) => a.at - b.at);
  const bytes = sizes.reduce((a, b) => a * b, 1);
  const input = test.input(bytes);
  const output = test.outputOf(bytes);
  return test.operator([input, output, ...order.map(({ i }) => sizes[i]!), ...order.map(({ i }) => strides[i]!)]);
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
