// Padding of up to four dimensions of int8 with one value. Equal to reference_ops::Pad of TensorFlow Lite.

import { field, open } from './operator';
import { PadRecord } from './records';

export function pad(arena: usize, rom: i32): void {
  open(rom, PadRecord.WORDS);
  const run = field(PadRecord.RUN);
  let input = arena + field(PadRecord.INPUT);
  const output = arena + field(PadRecord.OUTPUT);
  memory.fill(output, <u8>field(PadRecord.VALUE), field(PadRecord.OUTPUT_BYTES));
  for (let i = 0; i < field(PadRecord.SIZE); ++i) {
    for (let j = 0; j < field(PadRecord.SIZE + 1); ++j) {
      let at = output + field(PadRecord.FIRST) + i * field(PadRecord.STRIDE) + j * field(PadRecord.STRIDE + 1);
      for (let k = field(PadRecord.SIZE + 2); k > 0; --k) {
        memory.copy(at, input, run);
        input += run;
        at += field(PadRecord.STRIDE + 2);
      }
    }
  }
}
