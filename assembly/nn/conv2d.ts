// 2-D convolution of int8, NHWC, one batch; also depthwise convolution of a single channel and fully connected over several rows,
// which the compiler writes as this. Equal to reference_integer_ops::ConvPerChannel of TensorFlow Lite.
//
// Weights come in groups of four output channels: PARAMS_BYTES of parameters, then 16 bytes for every four taps: four weights of
// the first channel, of the second, ... (missing channels and taps are zeros). Biases hold the input's zero point x the sum of weights; taps
// outside the picture read the zero point, which then adds nothing.
//
// Two output pixels share each multiplication: pixel a sits in the low and b in the high half of 64 bits, and
// (a + b 2^32) w = a w + b w 2^32. It halves the work of an interpreter, and costs 8 bytes of scratch a tap. Pixels are kept as
// value + 128, which the biases know too, so that both halves can be written on their own.

import { field, open, PARAMS_BYTES, read } from './operator';
import { clamp, multiply } from './requantize';

const INPUT: usize = 0;
const OUTPUT: usize = 1;
const SCRATCH: usize = 2;
const IN_H: usize = 3;
const IN_W: usize = 4;
const IN_C: usize = 5;
const OUT_H: usize = 6;
const OUT_W: usize = 7;
const OUT_C: usize = 8;
const KERNEL_H: usize = 9;
const KERNEL_W: usize = 10;
const STRIDE_H: usize = 11;
const STRIDE_W: usize = 12;
const DILATION_H: usize = 13;
const DILATION_W: usize = 14;
const PAD_TOP: usize = 15;
const PAD_LEFT: usize = 16;
const INPUT_ZERO: usize = 17;
const OUTPUT_ZERO: usize = 18;
const OUTPUT_MIN: usize = 19;
const OUTPUT_MAX: usize = 20;
/** Rom offset of the first group. */
const WEIGHTS: usize = 21;
/** Groups that the scratch holds at once. */
const TILE_GROUPS: usize = 22;
const WORDS: i32 = 23;

export function conv2d(arena: usize, rom: i32): void {
  open(rom, WORDS);
  const outC = field(OUT_C);
  const outW = field(OUT_W);
  const pixels = field(OUT_H) * outW;
  const taps = field(KERNEL_H) * field(KERNEL_W) * field(IN_C);
  const steps = (taps + 3) >> 2;

  const pairs = arena + field(SCRATCH);
  const tile = pairs + (steps << 5);
  const groupBytes = PARAMS_BYTES + (steps << 4);
  const groups = (outC + 3) >> 2;
  const tileGroups = field(TILE_GROUPS);
  const resident = tileGroups >= groups;
  if (resident) read(field(WEIGHTS), tile, groups * groupBytes);

  let output = arena + field(OUTPUT);
  for (let pixel = 0; pixel < pixels; pixel += 2) {
    // The last pixel of an odd number is its own partner.
    const other = min(pixel + 1, pixels - 1);
    gather(arena, pixel, outW, pairs);
    gather(arena, other, outW, pairs + 4);
    const outputB = output + (other - pixel) * outC;
    if (resident) {
      channels(pairs, tile, steps, outC, output, outputB);
    } else {
      for (let group = 0; group < groups; group += tileGroups) {
        const inTile = min(tileGroups, groups - group);
        read(field(WEIGHTS) + group * groupBytes, tile, inTile * groupBytes);
        const first = group << 2;
        channels(pairs, tile, steps, min(inTile << 2, outC - first), output + first, outputB + first);
      }
    }
    output += outC << 1;
  }
}

/** Writes the window of output pixel `pixel` to one half of `pairs`, the input's zero point where it lies outside. */
function gather(arena: usize, pixel: i32, outW: i32, pairs: usize): void {
  const inW = field(IN_W);
  const inC = field(IN_C);
  const kernelW = field(KERNEL_W);
  const dilation = field(DILATION_W);
  const left = (pixel % outW) * field(STRIDE_W) - field(PAD_LEFT);
  let y = (pixel / outW) * field(STRIDE_H) - field(PAD_TOP);
  const inside = dilation == 1 && left >= 0 && left + kernelW <= inW;
  for (let rows = field(KERNEL_H); rows > 0; --rows) {
    const from = arena + field(INPUT) + y * inW * inC;
    if (<u32>y >= <u32>field(IN_H)) {
      pairs = blank(pairs, kernelW * inC);
    } else if (inside) {
      pairs = copy(pairs, from + left * inC, kernelW * inC);
    } else {
      let x = left;
      for (let columns = kernelW; columns > 0; --columns) {
        pairs = <u32>x >= <u32>inW ? blank(pairs, inC) : copy(pairs, from + x * inC, inC);
        x += dilation;
      }
    }
    y += field(DILATION_H);
  }
}

/** The next `count` taps from `from`; returns where the taps after them go. */
function copy(pairs: usize, from: usize, count: i32): usize {
  for (; count >= 4; count -= 4) {
    store<i32>(pairs, i32.load8_u(from) ^ 128);
    store<i32>(pairs, i32.load8_u(from, 1) ^ 128, 8);
    store<i32>(pairs, i32.load8_u(from, 2) ^ 128, 16);
    store<i32>(pairs, i32.load8_u(from, 3) ^ 128, 24);
    pairs += 32;
    from += 4;
  }
  for (; count > 0; --count) {
    store<i32>(pairs, i32.load8_u(from) ^ 128);
    pairs += 8;
    ++from;
  }
  return pairs;
}

/** The next `count` taps lie outside the picture. */
function blank(pairs: usize, count: i32): usize {
  const zero = field(INPUT_ZERO) + 128;
  for (; count > 0; --count) {
    store<i32>(pairs, zero);
    pairs += 8;
  }
  return pairs;
}

/** `count` channels for one pair of pixels. Taps past the window's end keep what they had: their weights are zeros. */
function channels(pairs: usize, group: usize, steps: i32, count: i32, outputA: usize, outputB: usize): void {
  for (let left = count; left > 0; left -= 4) {
    let sum0: i64 = 0;
    let sum1: i64 = 0;
    let sum2: i64 = 0;
    let sum3: i64 = 0;
    let x = pairs;
    let w = group + PARAMS_BYTES;
    const end = w + (steps << 4);
    do {
      const x0 = load<i64>(x);
      const x1 = load<i64>(x, 8);
      const x2 = load<i64>(x, 16);
      const x3 = load<i64>(x, 24);
      sum0 += i64.load8_s(w) * x0;
      sum0 += i64.load8_s(w, 1) * x1;
      sum0 += i64.load8_s(w, 2) * x2;
      sum0 += i64.load8_s(w, 3) * x3;
      sum1 += i64.load8_s(w, 4) * x0;
      sum1 += i64.load8_s(w, 5) * x1;
      sum1 += i64.load8_s(w, 6) * x2;
      sum1 += i64.load8_s(w, 7) * x3;
      sum2 += i64.load8_s(w, 8) * x0;
      sum2 += i64.load8_s(w, 9) * x1;
      sum2 += i64.load8_s(w, 10) * x2;
      sum2 += i64.load8_s(w, 11) * x3;
      sum3 += i64.load8_s(w, 12) * x0;
      sum3 += i64.load8_s(w, 13) * x1;
      sum3 += i64.load8_s(w, 14) * x2;
      sum3 += i64.load8_s(w, 15) * x3;
      x += 32;
      w += 16;
    } while (w < end);
    finish(sum0, group, outputA, outputB);
    if (left > 1) finish(sum1, group + 4, outputA + 1, outputB + 1);
    if (left > 2) finish(sum2, group + 8, outputA + 2, outputB + 2);
    if (left > 3) finish(sum3, group + 12, outputA + 3, outputB + 3);
    outputA += 4;
    outputB += 4;
    group = end;
  }
}

/** Splits a sum into its two pixels and scales both to the output. */
function finish(sum: i64, params: usize, outputA: usize, outputB: usize): void {
  const bias = load<i32>(params);
  const low = <i32>sum;
  scale(low + bias, params, outputA);
  scale(<i32>((sum - <i64>low) >> 32) + bias, params, outputB);
}

function scale(sum: i32, params: usize, output: usize): void {
  const value = multiply(sum, load<i32>(params, 16), load<u8>(params, 32), load<u8>(params, 33)) + field(OUTPUT_ZERO);
  store<i8>(output, <i8>clamp(value, field(OUTPUT_MIN), field(OUTPUT_MAX)));
}
