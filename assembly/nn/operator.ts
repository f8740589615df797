// What every kernel shares. The record of an operator lies in rom (its fields: abi/operators.json). A kernel reads it into a fixed
// place here, so that it takes two arguments only; a host with a native kernel reads the same record in place.

import { rom_read } from '../abi/module';
import { MAX_RECORD_BYTES, PARAMS_BYTES } from './records';

/** The record of the operator that runs. */
const RECORD: usize = memory.data(MAX_RECORD_BYTES, 16);
/** Where a kernel puts the parameters of the current four channels when it doesn't keep them in its tile. */
export const PARAMS: usize = memory.data(PARAMS_BYTES, 16);

/** Reads the record at `rom`, which has `words` words. */
export function open(rom: i32, words: i32): void {
  read(rom, RECORD, words << 2);
}

/** Reads rom. A compiled model stays within its rom, so an error means a broken package and stops the module. */
export function read(offset: i32, dst: usize, bytes: i32): void {
  if (rom_read(offset, dst, bytes) != 0) unreachable();
}

/** A word of the record, by its number. */
// @ts-ignore: decorator
@inline
export function field(word: usize): i32 {
  return load<i32>(RECORD + (word << 2));
}
