// Padding of up to four dimensions of int8 with one value. Equal to reference_ops::Pad of TensorFlow Lite.

import { field, open } from './operator';

const INPUT: usize = 0;
const OUTPUT: usize = 1;
const VALUE: usize = 2;
/** Bytes of the whole output. */
const OUTPUT_BYTES: usize = 3;
/** Input sizes of the three outer dimensions; the compiler merges inner ones that aren't padded. */
const DIM0: usize = 4;
const DIM1: usize = 5;
const DIM2: usize = 6;
/** Bytes that lie together in both tensors. */
const RUN: usize = 7;
/** Output bytes from one index of a dimension to the next, and from the output's start to the first input byte. */
const STRIDE0: usize = 8;
const STRIDE1: usize = 9;
const STRIDE2: usize = 10;
const FIRST: usize = 11;
const WORDS: i32 = 12;

export function pad(arena: usize, rom: i32): void {
  open(rom, WORDS);
  const run = field(RUN);
  let input = arena + field(INPUT);
  const output = arena + field(OUTPUT);
  memory.fill(output, <u8>field(VALUE), field(OUTPUT_BYTES));
  for (let i = 0; i < field(DIM0); ++i) {
    for (let j = 0; j < field(DIM1); ++j) {
      let at = output + field(FIRST) + i * field(STRIDE0) + j * field(STRIDE1);
      for (let k = field(DIM2); k > 0; --k) {
        memory.copy(at, input, run);
        input += run;
        at += field(STRIDE2);
      }
    }
  }
}
