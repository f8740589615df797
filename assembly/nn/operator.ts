// Common code of the kernels. The record of an operator is in rom (its fields: abi/operators.json). A kernel copies it
// to a fixed place here, so it has only two arguments; a host with a native kernel reads the same record in place.

import { rom_read } from '../abi/module';
import { MAX_RECORD_BYTES, PARAMS_BYTES } from './records';

/** The record of the current operator. */
const RECORD: usize = memory.data(MAX_RECORD_BYTES, 16);
/** The parameters of the current four channels, for a kernel that doesn't store them in its tile. */
export const PARAMS: usize = memory.data(PARAMS_BYTES, 16);

/** Reads the record at `rom`, which has `words` words. */
export function open(rom: i32, words: i32): void {
  read(rom, RECORD, words << 2);
}

/** Reads rom. A compiled model stays within its rom, so an error means a broken package and traps. */
export function read(offset: i32, dst: usize, bytes: i32): void {
  if (rom_read(offset, dst, bytes) != 0) unreachable();
}

/** Returns a word of the record by its number. */
// @ts-ignore: decorator
@inline
export function field(word: usize): i32 {
  return load<i32>(RECORD + (word << 2));
}
