// Maps an int8 to another through a table of 256 bytes that the compiler computed: logistic, tanh, relu, and quantize
// from int8 to int8. In place if the memory plan requires it.

import { field, open, read } from './operator';
import { LookupRecord, TABLE_BYTES } from './records';

export function lookup(arena: usize, rom: i32): void {
  open(rom, LookupRecord.WORDS);
  const table = arena + field(LookupRecord.SCRATCH);
  read(field(LookupRecord.TABLE), table, TABLE_BYTES);
  let input = arena + field(LookupRecord.INPUT);
  let output = arena + field(LookupRecord.OUTPUT);
  const end = input + field(LookupRecord.COUNT);
  for (; input < end; ++input) {
    store<u8>(output, load<u8>(table + 128 + i32.load8_s(input)));
    ++output;
  }
}
