// One int8 to another through a table of 256 bytes that the compiler made: logistic, tanh, relu, and quantize from int8 to int8.
// In place where the plan says so.

import { field, open, read } from './operator';

const INPUT: usize = 0;
const OUTPUT: usize = 1;
const SCRATCH: usize = 2;
const COUNT: usize = 3;
/** Rom offset of the table: the output for -128 first. */
const TABLE: usize = 4;
const WORDS: i32 = 5;

export function lookup(arena: usize, rom: i32): void {
  open(rom, WORDS);
  const table = arena + field(SCRATCH);
  read(field(TABLE), table, 256);
  let input = arena + field(INPUT);
  let output = arena + field(OUTPUT);
  const end = input + field(COUNT);
  for (; input < end; ++input) {
    store<u8>(output, load<u8>(table + 128 + i32.load8_s(input)));
    ++output;
  }
}
