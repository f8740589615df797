// Tensors that move without a change: a reshape that couldn't stay in place, and constants that an operator wants in the arena.

import { field, open, read } from './operator';

const INPUT: usize = 0;
const OUTPUT: usize = 1;
const BYTES: usize = 2;
const WORDS: i32 = 3;

/** From one place of the arena to another. */
export function copy(arena: usize, rom: i32): void {
  open(rom, WORDS);
  memory.copy(arena + field(OUTPUT), arena + field(INPUT), field(BYTES));
}

/** From rom into the arena; here INPUT is a rom offset. */
export function constant(arena: usize, rom: i32): void {
  open(rom, WORDS);
  read(field(INPUT), arena + field(OUTPUT), field(BYTES));
}
