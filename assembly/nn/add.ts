// Sum of two int8 tensors of equal shape, in place if the memory plan requires it. Equal to reference_integer_ops::Add
// of TensorFlow Lite: both inputs are shifted left by ADD_LIFT bits and scaled to a common scale before they are added.

import { field, open } from './operator';
import { ADD_LIFT, AddRecord } from './records';
import { clamp, multiply } from './requantize';

export function add(arena: usize, rom: i32): void {
  open(rom, AddRecord.WORDS);
  let count = field(AddRecord.COUNT);
  let a = arena + field(AddRecord.INPUT_A);
  let b = arena + field(AddRecord.INPUT_B);
  let output = arena + field(AddRecord.OUTPUT);
  const zeroA = field(AddRecord.ZERO_A);
  const multiplierA = field(AddRecord.MULTIPLIER_A);
  const shiftA = field(AddRecord.SHIFT_A);
  const zeroB = field(AddRecord.ZERO_B);
  const multiplierB = field(AddRecord.MULTIPLIER_B);
  const shiftB = field(AddRecord.SHIFT_B);
  const zero = field(AddRecord.OUTPUT_ZERO);
  const multiplier = field(AddRecord.MULTIPLIER);
  const shift = field(AddRecord.SHIFT);
  const low = field(AddRecord.OUTPUT_MIN);
  const high = field(AddRecord.OUTPUT_MAX);
  for (; count > 0; --count) {
    const scaledA = multiply((i32.load8_s(a) - zeroA) << ADD_LIFT, multiplierA, 0, shiftA);
    const scaledB = multiply((i32.load8_s(b) - zeroB) << ADD_LIFT, multiplierB, 0, shiftB);
    const value = multiply(scaledA + scaledB, multiplier, 0, shift) + zero;
    store<i8>(output, <i8>clamp(value, low, high));
    ++a;
    ++b;
    ++output;
  }
}
