// Transposition of up to four dimensions of int8.

import { field, open } from './operator';
import { TransposeRecord } from './records';

export function transpose(arena: usize, rom: i32): void {
  open(rom, TransposeRecord.WORDS);
  const stride = field(TransposeRecord.STRIDE + 3);
  let output = arena + field(TransposeRecord.OUTPUT);
  for (let i = 0; i < field(TransposeRecord.SIZE); ++i) {
    for (let j = 0; j < field(TransposeRecord.SIZE + 1); ++j) {
      for (let k = 0; k < field(TransposeRecord.SIZE + 2); ++k) {
        let from = arena + field(TransposeRecord.INPUT) + i * field(TransposeRecord.STRIDE) +
          j * field(TransposeRecord.STRIDE + 1) + k * field(TransposeRecord.STRIDE + 2);
        for (let n = field(TransposeRecord.SIZE + 3); n > 0; --n) {
          store<u8>(output, load<u8>(from));
          from += stride;
          ++output;
        }
      }
    }
  }
}
