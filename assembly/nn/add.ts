// Sum of two int8 tensors of equal shape, in place where the plan says so. Equal to reference_integer_ops::Add of TensorFlow Lite:
// both inputs are lifted by 20 bits and scaled to a common scale before they are added.

import { field, open } from './operator';
import { clamp, multiply } from './requantize';

const INPUT_A: usize = 0;
const INPUT_B: usize = 1;
const OUTPUT: usize = 2;
const COUNT: usize = 3;
const ZERO_A: usize = 4;
const MULTIPLIER_A: usize = 5;
const SHIFT_A: usize = 6;
const ZERO_B: usize = 7;
const MULTIPLIER_B: usize = 8;
const SHIFT_B: usize = 9;
const ZERO: usize = 10;
const MULTIPLIER: usize = 11;
const SHIFT: usize = 12;
const OUTPUT_MIN: usize = 13;
const OUTPUT_MAX: usize = 14;
const WORDS: i32 = 15;

const LIFT: i32 = 20;

export function add(arena: usize, rom: i32): void {
  open(rom, WORDS);
  let count = field(COUNT);
  let a = arena + field(INPUT_A);
  let b = arena + field(INPUT_B);
  let output = arena + field(OUTPUT);
  const zeroA = field(ZERO_A);
  const multiplierA = field(MULTIPLIER_A);
  const shiftA = field(SHIFT_A);
  const zeroB = field(ZERO_B);
  const multiplierB = field(MULTIPLIER_B);
  const shiftB = field(SHIFT_B);
  const zero = field(ZERO);
  const multiplier = field(MULTIPLIER);
  const shift = field(SHIFT);
  const low = field(OUTPUT_MIN);
  const high = field(OUTPUT_MAX);
  for (; count > 0; --count) {
    const scaledA = multiply((i32.load8_s(a) - zeroA) << LIFT, multiplierA, 0, shiftA);
    const scaledB = multiply((i32.load8_s(b) - zeroB) << LIFT, multiplierB, 0, shiftB);
    const value = multiply(scaledA + scaledB, multiplier, 0, shift) + zero;
    store<i8>(output, <i8>clamp(value, low, high));
    ++a;
    ++b;
    ++output;
  }
}
