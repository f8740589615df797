// Mean of int8 over neighbouring dimensions. Equal to reference_ops::QuantizedMeanOrSum of TensorFlow Lite (integer arithmetic; the
// compiler has folded the count into the multiplier).

import { field, open } from './operator';
import { clamp, multiply } from './requantize';

const INPUT: usize = 0;
const OUTPUT: usize = 1;
/** The input seen as outer x reduced x inner. */
const OUTER: usize = 2;
const REDUCED: usize = 3;
const INNER: usize = 4;
/** Minus input zero point x reduced. */
const BIAS: usize = 5;
const MULTIPLIER: usize = 6;
const LEFT: usize = 7;
const RIGHT: usize = 8;
const OUTPUT_ZERO: usize = 9;
const WORDS: i32 = 10;

export function mean(arena: usize, rom: i32): void {
  open(rom, WORDS);
  const reduced = field(REDUCED);
  const inner = field(INNER);
  let input = arena + field(INPUT);
  let output = arena + field(OUTPUT);
  for (let outer = field(OUTER); outer > 0; --outer) {
    for (let i = 0; i < inner; ++i) {
      let sum = field(BIAS);
      let at = input + i;
      for (let n = reduced; n > 0; --n) {
        sum += i32.load8_s(at);
        at += inner;
      }
      const value = multiply(sum, field(MULTIPLIER), field(LEFT), field(RIGHT)) + field(OUTPUT_ZERO);
      store<i8>(output, <i8>clamp(value, i8.MIN_VALUE, i8.MAX_VALUE));
      ++output;
    }
    input += reduced * inner;
  }
}
