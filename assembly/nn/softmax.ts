// Softmax of int8 rows, in place if the memory plan requires it. Equal to reference_ops::Softmax of TensorFlow Lite,
// with gemmlowp's fixed point. exp is a table in rom with one int32 (31 fractional bits) for each difference from the
// row's maximum: 0, -1, -2 and so on until TensorFlow Lite's diff_min. Beyond it the output is -128.

import { field, open, PARAMS, read } from './operator';
import { SOFTMAX_SUM_BITS, SoftmaxRecord } from './records';
import { divideByPowerOfTwo, multiplyHigh } from './requantize';

export function softmax(arena: usize, rom: i32): void {
  open(rom, SoftmaxRecord.WORDS);
  const depth = field(SoftmaxRecord.DEPTH);
  let input = arena + field(SoftmaxRecord.INPUT);
  let output = arena + field(SoftmaxRecord.OUTPUT);
  for (let rows = field(SoftmaxRecord.ROWS); rows > 0; --rows) {
    row(input, output, depth);
    input += depth;
    output += depth;
  }
}

function row(input: usize, output: usize, depth: i32): void {
  let most: i32 = i8.MIN_VALUE;
  for (let i = 0; i < depth; ++i) most = max(most, i32.load8_s(input + i));
  let sum = 0;
  for (let i = 0; i < depth; ++i) {
    sum += divideByPowerOfTwo(exponential(most - i32.load8_s(input + i)), SOFTMAX_SUM_BITS);
  }
  const headroom = clz(sum);
  const scale = reciprocal(<i32>((<u32>sum << headroom) - 0x80000000));
  const shift = SOFTMAX_SUM_BITS - headroom + 31 - 8;
  for (let i = 0; i < depth; ++i) {
    const e = exponential(most - i32.load8_s(input + i));
    const value = divideByPowerOfTwo(multiplyHigh(scale, e), shift) + i8.MIN_VALUE;
    store<i8>(output + i, <i8>min(value, <i32>i8.MAX_VALUE));
  }
}

/** exp of minus `difference` input steps, with 31 fractional bits; 0 beyond the table. */
function exponential(difference: i32): i32 {
  if (difference >= field(SoftmaxRecord.TABLE_SIZE)) return 0;
  read(field(SoftmaxRecord.TABLE) + (difference << 2), PARAMS, 4);
  return load<i32>(PARAMS);
}

/**
 * 1 / (1 + a) by three Newton-Raphson steps. `a` in [0, 1) and the result have 31 fractional bits
 * (gemmlowp/fixedpoint/fixedpoint.h).
 */
function reciprocal(a: i32): i32 {
  const half = <i32>((<i64>a + i32.MAX_VALUE + 1) >> 1);
  // 29 fractional bits from here on; 48/17 - 32/17 x half is the best linear estimate.
  let x = 1515870810 + multiplyHigh(half, -1010580540);
  for (let i = 0; i < 3; ++i) {
    const error = (1 << 29) - multiplyHigh(half, x);
    x += saturatingShift(multiplyHigh(x, error), 2);
  }
  return saturatingShift(x, 1);
}

function saturatingShift(value: i32, bits: i32): i32 {
  const wide = (<i64>value) << bits;
  return <i32>min(max(wide, <i64>i32.MIN_VALUE), <i64>i32.MAX_VALUE);
}
