// The common loop of both poolings: for every output pixel, the part of its window inside the image.

import { field, open } from './operator';
import { PoolRecord } from './records';
import { clamp } from './requantize';

// @ts-ignore: decorator
@inline
export function pool(arena: usize, rom: i32, average: bool): void {
  open(rom, PoolRecord.WORDS);
  const inH = field(PoolRecord.IN_H);
  const inW = field(PoolRecord.IN_W);
  const channels = field(PoolRecord.CHANNELS);
  const outH = field(PoolRecord.OUT_H);
  const outW = field(PoolRecord.OUT_W);
  const kernelH = field(PoolRecord.KERNEL_H);
  const kernelW = field(PoolRecord.KERNEL_W);

  let output = arena + field(PoolRecord.OUTPUT);
  for (let y = 0; y < outH; ++y) {
    const top = y * field(PoolRecord.STRIDE_H) - field(PoolRecord.PAD_TOP);
    const firstY = max(top, 0);
    const rows = min(top + kernelH, inH) - firstY;
    for (let x = 0; x < outW; ++x) {
      const left = x * field(PoolRecord.STRIDE_W) - field(PoolRecord.PAD_LEFT);
      const firstX = max(left, 0);
      const columns = min(left + kernelW, inW) - firstX;
      const from = arena + field(PoolRecord.INPUT) + (firstY * inW + firstX) * channels;
      for (let channel = 0; channel < channels; ++channel) {
        const at = from + channel;
        const value = average ? mean(at, rows, columns, inW * channels, channels) : most(at, rows, columns, inW * channels, channels);
        store<i8>(output, <i8>clamp(value, field(PoolRecord.OUTPUT_MIN), field(PoolRecord.OUTPUT_MAX)));
        ++output;
      }
    }
  }
}

/** The mean of `rows` x `columns` values from `from`, `rowBytes` and `channels` apart, halves away from zero. */
function mean(from: usize, rows: i32, columns: i32, rowBytes: i32, channels: i32): i32 {
  let sum = 0;
  for (let y = 0; y < rows; ++y) {
    let at = from;
    for (let x = 0; x < columns; ++x) {
      sum += i32.load8_s(at);
      at += channels;
    }
    from += rowBytes;
  }
  const count = rows * columns;
  const half = count >> 1;
  return (sum > 0 ? sum + half : sum - half) / count;
}

/** The largest of these values. */
function most(from: usize, rows: i32, columns: i32, rowBytes: i32, channels: i32): i32 {
  let value: i32 = i8.MIN_VALUE;
  for (let y = 0; y < rows; ++y) {
    let at = from;
    for (let x = 0; x < columns; ++x) {
      value = max(value, i32.load8_s(at));
      at += channels;
    }
    from += rowBytes;
  }
  return value;
}
