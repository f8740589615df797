// int8 to float32, for a model with float output. Equal to reference_ops::Dequantize of TensorFlow Lite.

import { field, open } from './operator';
import { ConvertRecord } from './records';

export function dequantize(arena: usize, rom: i32): void {
  open(rom, ConvertRecord.WORDS);
  let input = arena + field(ConvertRecord.INPUT);
  let output = arena + field(ConvertRecord.OUTPUT);
  const scale = reinterpret<f32>(field(ConvertRecord.SCALE));
  const zero = field(ConvertRecord.ZERO);
  for (let count = field(ConvertRecord.COUNT); count > 0; --count) {
    store<f32>(output, <f32>(i32.load8_s(input) - zero) * scale);
    ++input;
    output += 4;
  }
}
