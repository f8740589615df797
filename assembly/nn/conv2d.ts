// 2-D convolution of int8, NHWC, one batch. The compiler also uses it for depthwise convolution of a single channel and
// for fully connected layers over several rows. Equal to reference_integer_ops::ConvPerChannel of TensorFlow Lite.
//
// Weights are in groups of four output channels: PARAMS_BYTES of parameters, then 16 bytes for every four taps: four
// weights of the first channel, four of the second, and so on; missing channels and taps are zeros. The biases include
// the input's zero point x the sum of weights. Taps outside the image read the zero point, which then contributes
// nothing.
//
// Two output pixels share each multiplication: pixel a is in the low and b in the high half of 64 bits, and (a + b
// 2^32) w = a w + b w 2^32. This halves the work of an interpreter, and costs 8 bytes of scratch for each tap. Pixels
// are stored as value + 128, which the biases include too, so that both halves can be written independently.

import { field, open, read } from './operator';
import { Conv2dRecord, PARAMS_BYTES } from './records';
import { clamp, multiply } from './requantize';

export function conv2d(arena: usize, rom: i32): void {
  open(rom, Conv2dRecord.WORDS);
  const outC = field(Conv2dRecord.OUT_C);
  const outW = field(Conv2dRecord.OUT_W);
  const pixels = field(Conv2dRecord.OUT_H) * outW;
  const taps = field(Conv2dRecord.KERNEL_H) * field(Conv2dRecord.KERNEL_W) * field(Conv2dRecord.IN_C);
  const steps = (taps + 3) >> 2;

  const pairs = arena + field(Conv2dRecord.SCRATCH);
  const tile = pairs + (steps << 5);
  const groupBytes = PARAMS_BYTES + (steps << 4);
  const groups = (outC + 3) >> 2;
  const tileGroups = field(Conv2dRecord.TILE_GROUPS);
  const resident = tileGroups >= groups;
  if (resident) read(field(Conv2dRecord.WEIGHTS), tile, groups * groupBytes);

  let output = arena + field(Conv2dRecord.OUTPUT);
  for (let pixel = 0; pixel < pixels; pixel += 2) {
    // The last pixel of an odd number is paired with itself.
    const other = min(pixel + 1, pixels - 1);
    gather(arena, pixel, outW, pairs);
    gather(arena, other, outW, pairs + 4);
    const outputB = output + (other - pixel) * outC;
    if (resident) {
      channels(pairs, tile, steps, outC, output, outputB);
    } else {
      for (let group = 0; group < groups; group += tileGroups) {
        const inTile = min(tileGroups, groups - group);
        read(field(Conv2dRecord.WEIGHTS) + group * groupBytes, tile, inTile * groupBytes);
        const first = group << 2;
        channels(pairs, tile, steps, min(inTile << 2, outC - first), output + first, outputB + first);
      }
    }
    output += outC << 1;
  }
}

/** Writes the window of output pixel `pixel` to one half of `pairs`, with the input's zero point outside the image. */
function gather(arena: usize, pixel: i32, outW: i32, pairs: usize): void {
  const inW = field(Conv2dRecord.IN_W);
  const inC = field(Conv2dRecord.IN_C);
  const kernelW = field(Conv2dRecord.KERNEL_W);
  const dilation = field(Conv2dRecord.DILATION_W);
  const left = (pixel % outW) * field(Conv2dRecord.STRIDE_W) - field(Conv2dRecord.PAD_LEFT);
  let y = (pixel / outW) * field(Conv2dRecord.STRIDE_H) - field(Conv2dRecord.PAD_TOP);
  const inside = dilation == 1 && left >= 0 && left + kernelW <= inW;
  for (let rows = field(Conv2dRecord.KERNEL_H); rows > 0; --rows) {
    const from = arena + field(Conv2dRecord.INPUT) + y * inW * inC;
    if (<u32>y >= <u32>field(Conv2dRecord.IN_H)) {
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
    y += field(Conv2dRecord.DILATION_H);
  }
}

/** Writes the next `count` taps from `from`; returns the address for the taps after them. */
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

/** Writes `count` taps outside the image. */
function blank(pairs: usize, count: i32): usize {
  const zero = field(Conv2dRecord.INPUT_ZERO) + 128;
  for (; count > 0; --count) {
    store<i32>(pairs, zero);
    pairs += 8;
  }
  return pairs;
}

/**
 * Computes `count` channels of a pair of pixels. Taps beyond the window's end keep old values: their weights are zeros.
 */
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
  const scaled = multiply(sum, load<i32>(params, 16), load<u8>(params, 32), load<u8>(params, 33));
  const value = scaled + field(Conv2dRecord.OUTPUT_ZERO);
  store<i8>(output, <i8>clamp(value, field(Conv2dRecord.OUTPUT_MIN), field(Conv2dRecord.OUTPUT_MAX)));
}
