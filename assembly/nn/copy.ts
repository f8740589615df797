// Tensors that are copied unchanged: a reshape that couldn't stay in place, and constants that an operator needs in the
// arena.

import { field, open, read } from './operator';
import { ConstantRecord, CopyRecord } from './records';

/** Copies from one place in the arena to another. */
export function copy(arena: usize, rom: i32): void {
  open(rom, CopyRecord.WORDS);
  memory.copy(arena + field(CopyRecord.OUTPUT), arena + field(CopyRecord.INPUT), field(CopyRecord.BYTES));
}

/** Copies from rom into the arena. */
export function constant(arena: usize, rom: i32): void {
  open(rom, ConstantRecord.WORDS);
  read(field(ConstantRecord.INPUT), arena + field(ConstantRecord.OUTPUT), field(ConstantRecord.BYTES));
}
