// Depthwise convolution of int8, NHWC, one batch, one output channel for each input channel (a single input channel
// with several output channels is a plain convolution). Equal to reference_integer_ops::DepthwiseConvPerChannel of
// TensorFlow Lite.
//
// Weights are in groups of four channels: PARAMS_BYTES of parameters, then four bytes for each tap, one for each
// channel; missing channels are zeros. Zero points are included in the biases as in conv2d.

import { field, open, read } from './operator';
import { DepthwiseConv2dRecord, PARAMS_BYTES } from './records';
import { clamp, multiply } from './requantize';

export function depthwise_conv2d(arena: usize, rom: i32): void {
  open(rom, DepthwiseConv2dRecord.WORDS);
  const channels = field(DepthwiseConv2dRecord.CHANNELS);
  const outH = field(DepthwiseConv2dRecord.OUT_H);
  const outW = field(DepthwiseConv2dRecord.OUT_W);
  const taps = field(DepthwiseConv2dRecord.KERNEL_H) * field(DepthwiseConv2dRecord.KERNEL_W);

  const patch = arena + field(DepthwiseConv2dRecord.SCRATCH);
  // Groups read four channels of each tap, so the last tap may be read up to three bytes beyond its end.
  const tile = patch + ((taps * channels + 6) & ~3);
  const groupBytes = PARAMS_BYTES + (taps << 2);
  const tileGroups = field(DepthwiseConv2dRecord.TILE_GROUPS);
  const groups = (channels + 3) >> 2;

  for (let group = 0; group < groups; group += tileGroups) {
    const inTile = min(tileGroups, groups - group);
    read(field(DepthwiseConv2dRecord.WEIGHTS) + group * groupBytes, tile, inTile * groupBytes);
    const firstC = group << 2;
    const count = min(inTile << 2, channels - firstC);
    let output = arena + field(DepthwiseConv2dRecord.OUTPUT) + firstC;
    let top = -field(DepthwiseConv2dRecord.PAD_TOP);
    for (let y = 0; y < outH; ++y) {
      let left = -field(DepthwiseConv2dRecord.PAD_LEFT);
      for (let x = 0; x < outW; ++x) {
        gather(arena, top, left, patch, firstC, count);
        convolve(patch, count, tile, taps, output);
        output += channels;
        left += field(DepthwiseConv2dRecord.STRIDE_W);
      }
      top += field(DepthwiseConv2dRecord.STRIDE_H);
    }
  }
}

/** Copies `count` channels of the window at (y, left) to `patch`, with the input's zero point outside the image. */
function gather(arena: usize, y: i32, left: i32, patch: usize, firstC: i32, count: i32): void {
  const channels = field(DepthwiseConv2dRecord.CHANNELS);
  const inW = field(DepthwiseConv2dRecord.IN_W);
  const kernelW = field(DepthwiseConv2dRecord.KERNEL_W);
  const dilation = field(DepthwiseConv2dRecord.DILATION_W);
  const whole = count == channels && dilation == 1 && left >= 0 && left + kernelW <= inW;
  for (let rows = field(DepthwiseConv2dRecord.KERNEL_H); rows > 0; --rows) {
    const from = arena + field(DepthwiseConv2dRecord.INPUT) + y * inW * channels + firstC;
    const outside = <u32>y >= <u32>field(DepthwiseConv2dRecord.IN_H);
    if (outside || whole) {
      const bytes = kernelW * count;
      if (outside) memory.fill(patch, <u8>field(DepthwiseConv2dRecord.INPUT_ZERO), bytes);
      else memory.copy(patch, from + left * channels, bytes);
      patch += bytes;
    } else {
      let x = left;
      for (let columns = kernelW; columns > 0; --columns) {
        if (<u32>x >= <u32>inW) memory.fill(patch, <u8>field(DepthwiseConv2dRecord.INPUT_ZERO), count);
        else memory.copy(patch, from + x * channels, count);
        patch += count;
        x += dilation;
      }
    }
    y += field(DepthwiseConv2dRecord.DILATION_H);
  }
}

/** Computes `count` channels of one output pixel. */
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
  const scaled = multiply(total, load<i32>(params, 16), load<u8>(params, 32), load<u8>(params, 33));
  const value = scaled + field(DepthwiseConv2dRecord.OUTPUT_ZERO);
  store<i8>(output, <i8>clamp(value, field(DepthwiseConv2dRecord.OUTPUT_MIN), field(DepthwiseConv2dRecord.OUTPUT_MAX)));
}
