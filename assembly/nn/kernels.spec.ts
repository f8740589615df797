// Every kernel on tables of numbers that can be checked by hand. The rom of these tests is the module's own memory.

import { add } from './add';
import { average_pool2d } from './average_pool2d';
import { conv2d } from './conv2d';
import { constant, copy } from './copy';
import { depthwise_conv2d } from './depthwise_conv2d';
import { dequantize } from './dequantize';
import { fully_connected } from './fully_connected';
import { lookup } from './lookup';
import { max_pool2d } from './max_pool2d';
import { mean } from './mean';
import { pad } from './pad';
import { quantize } from './quantize';
import { softmax } from './softmax';
import { transpose } from './transpose';

const ROM: usize = memory.data(4096, 16);
const ARENA: usize = memory.data(4096, 16);
/** Offsets of the tests' tensors. The header is at ROM, weights and tables are 1024 bytes behind it. */
const INPUT: i32 = 0;
const SECOND: i32 = 512;
const OUTPUT: i32 = 1024;
const SCRATCH: i32 = 2048;
const DATA: i32 = 1024;

/** Multiplier of a scale of one: 2^30 / 2^31 x 2^1. */
const ONE: i32 = 1 << 30;

function header(words: i32[]): i32 {
  for (let i = 0; i < words.length; i++) store<i32>(ROM + (<usize>i << 2), words[i]);
  return <i32>ROM;
}

function put(at: i32, values: i32[]): void {
  for (let i = 0; i < values.length; i++) store<i8>(ARENA + at + i, <i8>values[i]);
}

function expectOutput(values: i32[]): void {
  for (let i = 0; i < values.length; i++) {
    expect(<i32>load<i8>(ARENA + OUTPUT + i)).toBe(values[i], 'output ' + i.toString());
  }
  expect(<i32>load<i8>(ARENA + OUTPUT + values.length)).toBe(99, 'writes beyond its output');
}

/** A group of four channels with scale 1; `step` adds `bytes` of weights behind it. */
function group(biases: i32[], weights: i32[]): i32 {
  const at = ROM + DATA;
  for (let i = 0; i < 4; i++) {
    store<i32>(at + (<usize>i << 2), i < biases.length ? biases[i] : 0);
    store<i32>(at + 16 + (<usize>i << 2), ONE);
    store<i32>(at + 32 + (<usize>i << 2), 1);
  }
  for (let i = 0; i < weights.length; i++) store<i8>(at + 48 + i, <i8>weights[i]);
  return <i32>at;
}

beforeEach(() => {
  memory.fill(ROM, 0, 4096);
  memory.fill(ARENA, 99, 4096);
});

describe('conv2d', () => {
  it('is a matrix product for a 1x1 kernel, for an odd number of pixels and channels', () => {
    // Three pixels of two channels, three outputs: x, y, x - y. The biases subtract the 128 that is added to each tap.
    put(INPUT, [1, 2, -3, 4, 127, -128]);
    const weights = group([-128, -128, 0], [1, 0, 0, 0, 0, 1, 0, 0, 1, -1, 0, 0, 0, 0, 0, 0]);
    conv2d(ARENA, header([INPUT, OUTPUT, SCRATCH, 1, 3, 2, 1, 3, 3, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, -128, 127, weights, 1]));
    expectOutput([1, 2, -1, -3, 4, -7, 127, -128, 127]);
  });

  it('reads the zero point outside the image', () => {
    // 3x3 of ones over 2x2 with zero point 5: only values inside the image count.
    put(INPUT, [6, 7, 8, 9]);
    const ones: i32[] = [];
    for (let step = 0; step < 3; step++) for (let i = 0; i < 16; i++) ones.push(i < 4 && step * 4 + i < 9 ? 1 : 0);
    const weights = group([-(128 + 5) * 9], ones);
    conv2d(ARENA, header([INPUT, OUTPUT, SCRATCH, 2, 2, 1, 2, 2, 1, 3, 3, 1, 1, 1, 1, 1, 1, 5, 0, -128, 127, weights, 1]));
    expectOutput([10, 10, 10, 10]);
  });

  it('reads its weights in tiles when they do not fit, with the same result', () => {
    put(INPUT, [1, 2, 3, 4]);
    group([-128, -256, -384, -512], [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]);
    memory.copy(ROM + DATA + 64, ROM + DATA, 64);
    const fields: i32[] = [INPUT, OUTPUT, SCRATCH, 1, 4, 1, 1, 4, 8, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, -128, 127, <i32>ROM + DATA, 1];
    const expected: i32[] = [];
    for (let x = 1; x <= 4; x++) for (let c = 0; c < 8; c++) expected.push(x * ((c & 3) + 1));
    conv2d(ARENA, header(fields));
    expectOutput(expected);
    fields[22] = 2;
    conv2d(ARENA, header(fields));
    expectOutput(expected);
  });

  it('applies strides and dilation', () => {
    put(INPUT, [1, 2, 3, 4, 5, 6, 7]);
    // Two taps with dilation two, stride two: 1 + 3, 3 + 5, 5 + 7.
    const weights = group([-256], [1, 1, 0, 0]);
    conv2d(ARENA, header([INPUT, OUTPUT, SCRATCH, 1, 7, 1, 1, 3, 1, 1, 2, 1, 2, 1, 2, 0, 0, 0, 0, -128, 127, weights, 1]));
    expectOutput([4, 8, 12]);
  });

  it('sums the largest products of both pixels without interference', () => {
    for (let i = 0; i < 64; i++) put(INPUT + i, [i < 32 ? -128 : 127]);
    const minus: i32[] = [];
    for (let step = 0; step < 8; step++) for (let i = 0; i < 16; i++) minus.push(i < 4 ? -128 : 127);
    const weights = group([0, 0, 0, 0], minus);
    // One output channel of 32 taps; scale 2^-14; a bias of +128 for each tap is included.
    store<i32>(<usize>weights, 128 * 128 * 32);
    store<i32>(<usize>weights + 32, 13 << 8);
    conv2d(ARENA, header([INPUT, OUTPUT, SCRATCH, 1, 2, 32, 1, 2, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, -128, 127, weights, 1]));
    // -128 x -128 x 32 / 2^14 = 32, 127 x -128 x 32 / 2^14 = -31.75.
    expectOutput([32, -32]);
  });
});

describe('depthwise_conv2d', () => {
  it('applies its own window to each channel, and the zero point outside', () => {
    // One row of three pixels and two channels; window of three ones in channel 0, of 1, 2, 3 in channel 1; zero point
    // 1.
    put(INPUT, [2, 3, 4, 5, 6, 7]);
    const weights = group([-3, -6], [1, 1, 0, 0, 1, 2, 0, 0, 1, 3, 0, 0]);
    depthwise_conv2d(ARENA, header([INPUT, OUTPUT, SCRATCH, 1, 3, 2, 1, 3, 1, 3, 1, 1, 1, 1, 0, 1, 1, 0, -128, 127, weights, 1]));
    // Without zero point the pixels are 1, 3, 5 and 2, 4, 6.
    expectOutput([4, 2 * 2 + 4 * 3, 9, 2 + 8 + 18, 8, 4 + 12]);
  });

  it('handles more channels than a tile', () => {
    put(INPUT, [1, 2, 3, 4, 5]);
    group([0, 0, 0, 0], [1, 1, 1, 1]);
    memory.copy(ROM + DATA + 52, ROM + DATA, 52);
    depthwise_conv2d(ARENA, header([INPUT, OUTPUT, SCRATCH, 1, 1, 5, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, -128, 127, <i32>ROM + DATA, 1]));
    expectOutput([1, 2, 3, 4, 5]);
  });
});

describe('fully_connected', () => {
  it('sums in tiles, clamps and does not write missing channels', () => {
    put(INPUT, [1, 2, 3, 4, 5]);
    const weights = group([10, 0], [1, 1, 1, 1, 127, 127, 127, 127, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 127, 0, 0, 0]);
    fully_connected(ARENA, header([INPUT, OUTPUT, SCRATCH, 2, 2, 0, -128, 127, weights, 1]));
    expectOutput([25, 127]);
  });
});

/** One 2x2 window over one channel of 2x2 pixels. */
function onePool(): i32 {
  return header([INPUT, OUTPUT, 2, 2, 1, 1, 1, 2, 2, 2, 2, 0, 0, -128, 127]);
}

describe('pooling', () => {
  it('averages with halves away from zero', () => {
    put(INPUT, [1, 2, 3, 4]);
    average_pool2d(ARENA, onePool());
    expectOutput([3]);
    put(INPUT, [-1, -2, -3, -4]);
    average_pool2d(ARENA, onePool());
    expectOutput([-3]);
    put(INPUT, [-128, -128, -128, -128]);
    average_pool2d(ARENA, onePool());
    expectOutput([-128]);
  });

  it('counts only pixels inside the image', () => {
    put(INPUT, [10, 20, 30, 40]);
    average_pool2d(ARENA, header([INPUT, OUTPUT, 2, 2, 1, 2, 2, 2, 2, 1, 1, 0, 0, -128, 127]));
    expectOutput([25, 30, 35, 40]);
  });

  it('returns the largest value, clamped', () => {
    put(INPUT, [-128, -5, -7, -100]);
    max_pool2d(ARENA, onePool());
    expectOutput([-5]);
    max_pool2d(ARENA, header([INPUT, OUTPUT, 2, 2, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 127]));
    expectOutput([0]);
  });
});

describe('softmax', () => {
  it('splits evenly, and returns the minimum for values below the table', () => {
    store<i32>(ROM + DATA, i32.MAX_VALUE);
    put(INPUT, [7, 7, -128, 7, 7]);
    softmax(ARENA, header([INPUT, OUTPUT, 1, 5, <i32>ROM + DATA, 1]));
    expectOutput([-64, -64, -128, -64, -64]);
  });

  it('saturates a certain result at 127', () => {
    store<i32>(ROM + DATA, i32.MAX_VALUE);
    put(INPUT, [127, -128]);
    softmax(ARENA, header([INPUT, OUTPUT, 1, 2, <i32>ROM + DATA, 1]));
    expectOutput([127, -128]);
  });
});

describe('add', () => {
  it('adds after both inputs are scaled to a common scale', () => {
    put(INPUT, [10, -128, 127, 3]);
    put(SECOND, [5, -128, 127, -3]);
    // Equal scales: 1/2 for both inputs, and 2 / 2^20 for the sum.
    const half = ONE;
    add(ARENA, header([INPUT, SECOND, OUTPUT, 4, 0, half, 0, 0, half, 0, 0, half, 18, -128, 127]));
    expectOutput([15, -128, 127, 0]);
  });
});

describe('data movement', () => {
  it('pads', () => {
    put(INPUT, [1, 2, 3, 4]);
    pad(ARENA, header([INPUT, OUTPUT, 9, 12, 1, 1, 2, 2, 12, 12, 4, 5]));
    expectOutput([9, 9, 9, 9, 9, 1, 2, 9, 9, 3, 4, 9]);
  });

  it('transposes', () => {
    put(INPUT, [1, 2, 3, 4, 5, 6]);
    transpose(ARENA, header([INPUT, OUTPUT, 1, 1, 3, 2, 0, 0, 1, 3]));
    expectOutput([1, 4, 2, 5, 3, 6]);
  });

  it('copies from the arena and from rom', () => {
    put(INPUT, [1, 2, 3]);
    copy(ARENA, header([INPUT, OUTPUT, 3]));
    expectOutput([1, 2, 3]);
    store<u32>(ROM + DATA, 0x00070605);
    constant(ARENA, header([<i32>ROM + DATA, OUTPUT, 3]));
    expectOutput([5, 6, 7]);
  });
});

describe('elementwise operators and mean', () => {
  it('looks up', () => {
    for (let i = 0; i < 256; i++) store<u8>(ROM + DATA + i, <u8>(127 - i));
    put(INPUT, [-128, 0, 127]);
    lookup(ARENA, header([INPUT, OUTPUT, SCRATCH, 3, <i32>ROM + DATA]));
    expectOutput([127, -1, -128]);
  });

  it('averages over neighbouring dimensions', () => {
    put(INPUT, [1, 10, 2, 20, 4, 40]);
    // Three pixels, two channels, zero point 1; a third as (2^30 x 2 / 3) / 2^30.
    mean(ARENA, header([INPUT, OUTPUT, 1, 3, 2, -3, 715827882, 0, 0, 5]));
    expectOutput([6, 27]);
  });

  it('quantizes float32 with halves away from zero, saturated', () => {
    const values: f32[] = [0.25, -0.25, 0.24, 1e30, -1e30, f32.NaN, f32.POSITIVE_INFINITY];
    for (let i = 0; i < values.length; i++) store<f32>(ARENA + INPUT + (<usize>i << 2), values[i]);
    quantize(ARENA, header([INPUT, OUTPUT, values.length, reinterpret<i32>(<f32>0.5), 3]));
    expectOutput([4, 2, 3, 127, -128, 3, 127]);
  });

  it('dequantizes to float32', () => {
    put(INPUT, [3, -128]);
    dequantize(ARENA, header([INPUT, OUTPUT, 2, reinterpret<i32>(<f32>0.5), 3]));
    expect(load<f32>(ARENA + OUTPUT)).toBe(0);
    expect(load<f32>(ARENA + OUTPUT + 4)).toBe(-65.5);
  });
});
