// Transposition of up to four dimensions of int8.

import { field, open } from './operator';

const INPUT: usize = 0;
const OUTPUT: usize = 1;
/** Output sizes, outermost first. */
const DIM0: usize = 2;
const DIM1: usize = 3;
const DIM2: usize = 4;
const DIM3: usize = 5;
/** Input bytes from one output index of a dimension to the next. */
const STRIDE0: usize = 6;
const STRIDE1: usize = 7;
const STRIDE2: usize = 8;
const STRIDE3: usize = 9;
const WORDS: i32 = 10;

export function transpose(arena: usize, rom: i32): void {
  open(rom, WORDS);
  const stride = field(STRIDE3);
  let output = arena + field(OUTPUT);
  for (let i = 0; i < field(DIM0); ++i) {
    for (let j = 0; j < field(DIM1); ++j) {
      for (let k = 0; k < field(DIM2); ++k) {
        let from = arena + field(INPUT) + i * field(STRIDE0) + j * field(STRIDE1) + k * field(STRIDE2);
        for (let n = field(DIM3); n > 0; --n) {
          store<u8>(output, load<u8>(from));
          from += stride;
          ++output;
        }
      }
    }
  }
}
