// Mean of int8 over neighbouring dimensions. Equal to reference_ops::QuantizedMeanOrSum of TensorFlow Lite (integer
// arithmetic; the compiler has included the count in the multiplier).

import { field, open } from './operator';
import { MeanRecord } from './records';
import { clamp, multiply } from './requantize';

export function mean(arena: usize, rom: i32): void {
  open(rom, MeanRecord.WORDS);
  const reduced = field(MeanRecord.REDUCED);
  const inner = field(MeanRecord.INNER);
  let input = arena + field(MeanRecord.INPUT);
  let output = arena + field(MeanRecord.OUTPUT);
  for (let outer = field(MeanRecord.OUTER); outer > 0; --outer) {
    for (let i = 0; i < inner; ++i) {
      let sum = field(MeanRecord.BIAS);
      let at = input + i;
      for (let n = reduced; n > 0; --n) {
        sum += i32.load8_s(at);
        at += inner;
      }
      const scaled = multiply(sum, field(MeanRecord.MULTIPLIER), field(MeanRecord.LEFT), field(MeanRecord.RIGHT));
      const value = scaled + field(MeanRecord.OUTPUT_ZERO);
      store<i8>(output, <i8>clamp(value, i8.MIN_VALUE, i8.MAX_VALUE));
      ++output;
    }
    input += reduced * inner;
  }
}
