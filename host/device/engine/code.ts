/**
 * Checks function bodies. Allowed is what a node's engine supports: WebAssembly 1.0 without `memory.grow`, plus sign
 * extension, saturating truncation, `memory.copy` and `memory.fill`. Types aren't checked here; `WebAssembly.validate`
 * has checked them before.
 */
import { ModuleConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import type { Reader } from './reader.ts';

/**
 * Deepest nesting of blocks: wasm3 compiles them by recursion. A `switch` of AssemblyScript nests one block for each
 * case.
 */
export const MAX_NESTING: number = ModuleConstant.maxNesting;
/** Most parameters and locals of a function; wasm3 has 4000 slots of 32 bits for these and the operand stack. */
export const MAX_LOCALS: number = ModuleConstant.maxLocals;

/** Kinds of immediates that follow an opcode. */
const NONE = 1;
const BLOCK = 2;
const END = 3;
const INDEX = 4;
const TABLE = 5;
const INDIRECT = 6;
const MEMORY = 7;
const ZERO = 8;
const NUMBER = 9;
const FOUR = 10;
const EIGHT = 11;
const PREFIX = 12;

const IMMEDIATES = new Uint8Array(256);
const set = (from: number, to: number, kind: number) => IMMEDIATES.fill(kind, from, to + 1);
set(0x00, 0x01, NONE); // unreachable, nop
set(0x02, 0x04, BLOCK); // block, loop, if
set(0x05, 0x05, NONE); // else
set(0x0b, 0x0b, END);
set(0x0c, 0x0d, INDEX); // br, br_if
set(0x0e, 0x0e, TABLE); // br_table
set(0x0f, 0x0f, NONE); // return
set(0x10, 0x10, INDEX); // call
set(0x11, 0x11, INDIRECT); // call_indirect
set(0x1a, 0x1b, NONE); // drop, select
set(0x20, 0x24, INDEX); // local and global access
set(0x28, 0x3e, MEMORY); // loads and stores
set(0x3f, 0x3f, ZERO); // memory.size
set(0x41, 0x42, NUMBER); // i32.const, i64.const
set(0x43, 0x43, FOUR); // f32.const
set(0x44, 0x44, EIGHT); // f64.const
set(0x45, 0xc4, NONE); // comparisons, arithmetic, conversions, sign extension
set(0xfc, 0xfc, PREFIX);

/** Properties of a function that determine the memory which an interpreter's compiler needs on a board. */
export interface Complexity {
  locals: number;
  /** Largest nesting depth of blocks. */
  blocks: number;
}

/**
 * Checks one function body, which `reader` spans, and returns its complexity. Throws `WASM_FEATURE` or `WASM_LIMIT` at
 * the first instruction that isn't allowed.
 */
export function checkBody(reader: Reader, where: string): Complexity {
  let locals = 0;
  for (let groups = reader.u32(); groups > 0; groups--) {
    locals += reader.u32();
    reader.u8();
    if (locals > MAX_LOCALS) throw new MoteError('WASM_LIMIT', `${where} has more than ${MAX_LOCALS} locals: split it`);
  }
  let depth = 1;
  let blocks = 0;
  while (!reader.done) {
    const opcode = reader.u8();
    switch (IMMEDIATES[opcode]) {
      case NONE:
        break;
      case BLOCK:
        if (reader.u8() < 0x40) throw refused('blocks with parameters or several results', where);
        if (++depth > MAX_NESTING)
          throw new MoteError('WASM_LIMIT', `${where} nests more than ${MAX_NESTING} blocks: split it`);
        blocks = Math.max(blocks, depth - 1);
        break;
      case END:
        depth--;
        break;
      case INDEX:
        reader.u32();
        break;
      case TABLE:
        for (let targets = reader.u32(); targets >= 0; targets--) reader.u32();
        break;
      case INDIRECT:
        reader.u32();
        if (reader.u8() !== 0) throw refused('several tables', where);
        break;
      case MEMORY:
        if (reader.u32() > 3) throw refused('several memories', where);
        reader.u32();
        break;
      case ZERO:
        if (reader.u8() !== 0) throw refused('several memories', where);
        break;
      case NUMBER:
        reader.skipLeb();
        break;
      case FOUR:
        reader.skip(4);
        break;
      case EIGHT:
        reader.skip(8);
        break;
      case PREFIX:
        checkPrefixed(reader, where);
        break;
      default:
        throw opcode === 0x40
          ? new MoteError('WASM_FEATURE', `${where} grows its memory: a node's memory is fixed, use memory.data(N)`)
          : refused(`instruction 0x${opcode.toString(16)}`, where);
    }
  }
  return { locals, blocks };
}

function checkPrefixed(reader: Reader, where: string): void {
  const opcode = reader.u32();
  if (opcode <= 7) return; // saturating truncation
  const zeros = opcode === 0x0a ? 2 : opcode === 0x0b ? 1 : 0;
  if (zeros === 0) throw refused(`instruction 0xfc ${opcode}`, where);
  for (let i = 0; i < zeros; i++) if (reader.u8() !== 0) throw refused('several memories', where);
}

function refused(what: string, where: string): MoteError {
  return new MoteError(
    'WASM_FEATURE',
    `${where} uses ${what}, which nodes don't support: build for WebAssembly 1.0 with sign extension, memory.copy and memory.fill only`,
  );
}
