// What every kernel shares: an operator is a record in rom, written by host/compiler. Its header (32-bit little-endian words,
// listed at the top of each kernel) is read into a fixed place here, so that a kernel takes two arguments only, and so that a
// host with a native kernel can read the same record in place. Addresses of tensors and scratch are offsets into the arena.

import { rom_read } from '../mote/abi';

const HEADER_BYTES: i32 = 96;
/** Per-channel parameters of four channels: int32 bias, int32 multiplier, then one word a channel: left shift, right shift. */
export const PARAMS_BYTES: i32 = 48;

export const HEADER: usize = memory.data(HEADER_BYTES, 16);
/** Where kernels that don't keep parameters in their tile put those of the current four channels. */
export const PARAMS: usize = memory.data(PARAMS_BYTES, 16);

/** Reads the first `words` words of the operator at `rom`. */
export function open(rom: i32, words: i32): void {
  read(rom, HEADER, words << 2);
}

/** Reads rom; a compiled model never asks for what isn't there, so a refusal is a broken package and stops the module. */
export function read(offset: i32, dst: usize, bytes: i32): void {
  if (rom_read(offset, dst, bytes) != 0) unreachable();
}

// @ts-ignore: decorator
@inline
export function field(word: usize): i32 {
  return load<i32>(HEADER + (word << 2));
}
