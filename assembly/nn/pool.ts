// The walk that both poolings share: every output pixel with the part of its window that lies inside the picture.

import { field, open } from './operator';
import { clamp } from './requantize';

const INPUT: usize = 0;
const OUTPUT: usize = 1;
const IN_H: usize = 2;
const IN_W: usize = 3;
const CHANNELS: usize = 4;
const OUT_H: usize = 5;
const OUT_W: usize = 6;
const KERNEL_H: usize = 7;
const KERNEL_W: usize = 8;
const STRIDE_H: usize = 9;
const STRIDE_W: usize = 10;
const PAD_TOP: usize = 11;
const PAD_LEFT: usize = 12;
const OUTPUT_MIN: usize = 13;
const OUTPUT_MAX: usize = 14;
const WORDS: i32 = 15;

// @ts-ignore: decorator
@inline
export function pool(arena: usize, rom: i32, average: bool): void {
  open(rom, WORDS);
  const inH = field(IN_H);
  const inW = field(IN_W);
  const channels = field(CHANNELS);
  const outH = field(OUT_H);
  const outW = field(OUT_W);
  const kernelH = field(KERNEL_H);
  const kernelW = field(KERNEL_W);

  let output = arena + field(OUTPUT);
  for (let y = 0; y < outH; ++y) {
    const top = y * field(STRIDE_H) - field(PAD_TOP);
    const firstY = max(top, 0);
    const rows = min(top + kernelH, inH) - firstY;
    for (let x = 0; x < outW; ++x) {
      const left = x * field(STRIDE_W) - field(PAD_LEFT);
      const firstX = max(left, 0);
      const columns = min(left + kernelW, inW) - firstX;
      const from = arena + field(INPUT) + (firstY * inW + firstX) * channels;
      for (let channel = 0; channel < channels; ++channel) {
        const at = from + channel;
        const value = average ? mean(at, rows, columns, inW * channels, channels) : most(at, rows, columns, inW * channels, channels);
        store<i8>(output, <i8>clamp(value, field(OUTPUT_MIN), field(OUTPUT_MAX)));
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

/** The largest of them. */
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
