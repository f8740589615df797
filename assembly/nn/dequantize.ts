// int8 to float32: the edge of a model whose output is float. Equal to reference_ops::Dequantize of TensorFlow Lite.

import { field, open } from './operator';

const INPUT: usize = 0;
const OUTPUT: usize = 1;
const COUNT: usize = 2;
/** float32 bits. */
const SCALE: usize = 3;
const ZERO: usize = 4;
const WORDS: i32 = 5;

export function dequantize(arena: usize, rom: i32): void {
  open(rom, WORDS);
  let input = arena + field(INPUT);
  let output = arena + field(OUTPUT);
  const scale = reinterpret<f32>(field(SCALE));
  const zero = field(ZERO);
  for (let count = field(COUNT); count > 0; --count) {
    store<f32>(output, <f32>(i32.load8_s(input) - zero) * scale);
    ++input;
    output += 4;
  }
}
