// Depthwise convolution of int8, NHWC, one batch, one output channel an input channel (a single input channel with several output
// channels is a plain convolution). Equal to reference_integer_ops::DepthwiseConvPerChannel of TensorFlow Lite.
//
// Weights come in groups of four channels: PARAMS_BYTES of parameters, then four bytes a tap, one a channel (missing channels are
// zeros). Zero points are folded into the biases as in conv2d.

import { field, open, PARAMS_BYTES, read } from './operator';
import { clamp, multiply } from './requantize';

const INPUT: usize = 0;
const OUTPUT: usize = 1;
const SCRATCH: usize = 2;
const IN_H: usize = 3;
const IN_W: usize = 4;
const CHANNELS: usize = 5;
const OUT_H: usize = 6;
const OUT_W: usize = 7;
const KERNEL_H: usize = 8;
const KERNEL_W: usize = 9;
const STRIDE_H: usize = 10;
const STRIDE_W: usize = 11;
const DILATION_H: usize = 12;
const DILATION_W: usize = 13;
const PAD_TOP: usize = 14;
const PAD_LEFT: usize = 15;
const INPUT_ZERO: usize = 16;
const OUTPUT_ZERO: usize = 17;
const OUTPUT_MIN: usize = 18;
const OUTPUT_MAX: usize = 19;
/** Rom offset of the first group. */
const WEIGHTS: usize = 20;
/** Groups that the scratch holds at once. */
const TILE_GROUPS: usize = 21;
const WORDS: i32 = 22;

export function depthwise_conv2d(arena: usize, rom: i32): void {
  open(rom, WORDS);
  const channels = field(CHANNELS);
  const outH = field(OUT_H);
  const outW = field(OUT_W);
  const taps = field(KERNEL_H) * field(KERNEL_W);

  const patch = arena + field(SCRATCH);
  // Groups read four channels of each tap, so the last tap may be read up to three bytes past its end.
  const tile = patch + ((taps * channels + 6) & ~3);
  const groupBytes = PARAMS_BYTES + (taps << 2);
  const tileGroups = field(TILE_GROUPS);
  const groups = (channels + 3) >> 2;

  for (let group = 0; group < groups; group += tileGroups) {
    const inTile = min(tileGroups, groups - group);
    read(field(WEIGHTS) + group * groupBytes, tile, inTile * groupBytes);
    const firstC = group << 2;
    const count = min(inTile << 2, channels - firstC);
    let output = arena + field(OUTPUT) + firstC;
    let top = -field(PAD_TOP);
    for (let y = 0; y < outH; ++y) {
      let left = -field(PAD_LEFT);
      for (let x = 0; x < outW; ++x) {
        gather(arena, top, left, patch, firstC, count);
        convolve(patch, count, tile, taps, output);
        output += channels;
        left += field(STRIDE_W);
      }
      top += field(STRIDE_H);
    }
  }
}

/** Copies `count` channels of the window at (y, left) to `patch`, the input's zero point where it lies outside. */
function gather(arena: usize, y: i32, left: i32, patch: usize, firstC: i32, count: i32): void {
  const channels = field(CHANNELS);
  const inW = field(IN_W);
  const kernelW = field(KERNEL_W);
  const dilation = field(DILATION_W);
  const whole = count == channels && dilation == 1 && left >= 0 && left + kernelW <= inW;
  for (let rows = field(KERNEL_H); rows > 0; --rows) {
    const from = arena + field(INPUT) + y * inW * channels + firstC;
    const outside = <u32>y >= <u32>field(IN_H);
    if (outside || whole) {
      const bytes = kernelW * count;
      if (outside) memory.fill(patch, <u8>field(INPUT_ZERO), bytes);
      else memory.copy(patch, from + left * channels, bytes);
      patch += bytes;
    } else {
      let x = left;
      for (let columns = kernelW; columns > 0; --columns) {
        if (<u32>x >= <u32>inW) memory.fill(patch, <u8>field(INPUT_ZERO), count);
        else memory.copy(patch, from + x * channels, count);
        patch += count;
        x += dilation;
      }
    }
    y += field(DILATION_H);
  }
}

/** `count` channels of one output pixel. */
function convolve(patch: usize, count: i32, group: usize, taps: i32, output: usize): void {
  for (let left = count; left > 0; left -= 4) {
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    let x = patch;
    let w = group + PARAMS_BYTES;
    const end = w + (taps << 2);
    do {
      sum0 += i32.load8_s(x) * i32.load8_s(w);
      sum1 += i32.load8_s(x, 1) * i32.load8_s(w, 1);
      sum2 += i32.load8_s(x, 2) * i32.load8_s(w, 2);
      sum3 += i32.load8_s(x, 3) * i32.load8_s(w, 3);
      x += count;
      w += 4;
    } while (w < end);
    scale(sum0, group, output);
    if (left > 1) scale(sum1, group + 4, output + 1);
    if (left > 2) scale(sum2, group + 8, output + 2);
    if (left > 3) scale(sum3, group + 12, output + 3);
    patch += 4;
    output += 4;
    group = end;
  }
}

function scale(sum: i32, params: usize, output: usize): void {
  const total = sum + load<i32>(params);
  const value = multiply(total, load<i32>(params, 16), load<u8>(params, 32), load<u8>(params, 33)) + field(OUTPUT_ZERO);
  store<i8>(output, <i8>clamp(value, field(OUTPUT_MIN), field(OUTPUT_MAX)));
}
