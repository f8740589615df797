/**
 * Reads what a host must know about a module before it runs an instruction: types, imports, exports, memory and the
 * constants of its globals. Rejects whatever a node's engine can't support. `WebAssembly.validate` has accepted the
 * module before.
 */
import { ModuleConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import { type Complexity, checkBody } from './code.ts';
import type { Value } from './engine.ts';
import { Reader } from './reader.ts';

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64';

export interface Signature {
  readonly params: readonly ValueType[];
  readonly result: ValueType | null;
}

export interface ImportInfo {
  readonly module: string;
  readonly name: string;
  readonly type: Signature;
}

export interface ExportedFunction {
  /** In the function index space of the module, imports first. */
  readonly index: number;
  readonly type: Signature;
}

export interface ExportedGlobal {
  readonly index: number;
  readonly type: ValueType;
  readonly mutable: boolean;
  /** Initial value: i32 as a number, i64 as a bigint, floats as `undefined` (no host reads them before a call). */
  readonly initial: Value | undefined;
}

export interface ParsedModule {
  readonly imports: readonly ImportInfo[];
  readonly functions: ReadonlyMap<string, ExportedFunction>;
  readonly globals: ReadonlyMap<string, ExportedGlobal>;
  /** Initial linear memory in 64 KiB pages, 0 without a memory. */
  readonly memoryPages: number;
  /** The name under which the module exports its memory. */
  readonly memoryName: string | null;
  /** The largest value of each property over all functions. */
  readonly most: Readonly<Complexity>;
  /** First byte behind the last data segment. */
  readonly dataEnd: number;
  /** The module without custom sections and data count, which is all that an engine needs. */
  readonly stripped: Uint8Array;
  /** What to add to an offset in the code of `stripped` for that in the module. */
  readonly codeShift: number;
}

const PAGE = 65536;
/** Most parameters of one function: they are passed to the engine in a fixed buffer. */
export const MAX_PARAMS: number = ModuleConstant.maxParams;
/** Most entries of the function table. */
export const MAX_TABLE: number = ModuleConstant.maxTable;

const VALUE_TYPES: Record<number, ValueType> = { 127: 'i32', 126: 'i64', 125: 'f32', 124: 'f64' };

function feature(what: string): MoteError {
  return new MoteError('WASM_FEATURE', `the module uses ${what}, which nodes don't support: build it with mote build`);
}

function valueType(code: number): ValueType {
  const type = VALUE_TYPES[code];
  if (type === undefined) throw feature(`the value type 0x${code.toString(16)}`);
  return type;
}

function at<T>(list: readonly T[], index: number, what: string): T {
  const item = list[index];
  if (item === undefined)
    throw new MoteError('WASM_INVALID', `the module names ${what} ${index}, which it doesn't have`);
  return item;
}

/** Reads the smallest size of a table or memory. 64-bit and shared ones have other flags. */
function limits(reader: Reader): number {
  const flags = reader.u8();
  if (flags > 1) throw feature('a shared or 64-bit memory');
  const min = reader.u32();
  if (flags === 1) reader.u32();
  return min;
}

/** Reads an initializer that is one constant. */
function constant(reader: Reader): Value | undefined {
  let value: Value | undefined;
  switch (reader.u8()) {
    case 0x41:
      value = Number(reader.s64());
      break;
    case 0x42:
      value = reader.s64();
      break;
    case 0x43:
      reader.skip(4);
      break;
    case 0x44:
      reader.skip(8);
      break;
    default:
      throw feature('an initializer that is not one constant');
  }
  if (reader.u8() !== 0x0b) throw feature('an initializer that is not one constant');
  return value;
}

/** Reads the unsigned offset of a segment. */
function segmentOffset(reader: Reader): number {
  if (reader.u32() !== 0) throw feature('passive segments or several memories');
  return Number(constant(reader)) >>> 0;
}

interface State {
  types: Signature[];
  imports: ImportInfo[];
  functionTypes: Signature[];
  tableSize: number;
  memoryPages: number;
  globals: ExportedGlobal[];
  functions: Map<string, ExportedFunction>;
  exportedGlobals: Map<string, ExportedGlobal>;
  memoryName: string | null;
  most: Complexity;
  dataEnd: number;
}

const SECTIONS: Record<number, (r: Reader, s: State) => void> = {
  1: (r, s) => {
    if (r.u8() !== 0x60) throw feature('a type that is not a function');
    const params: ValueType[] = [];
    const count = r.u32();
    if (count > MAX_PARAMS) throw new MoteError('WASM_LIMIT', `a function has more than ${MAX_PARAMS} parameters`);
    for (let i = 0; i < count; i++) params.push(valueType(r.u8()));
    const results = r.u32();
    if (results > 1) throw feature('functions with several results');
    s.types.push({ params, result: results === 1 ? valueType(r.u8()) : null });
  },
  2: (r, s) => {
    const module = r.name();
    const name = r.name();
    if (r.u8() !== 0) {
      const what = `imports ${module}.${name}, which is not a function`;
      throw new MoteError('WASM_IMPORT', `the module ${what}: a node provides functions only`);
    }
    const type = at(s.types, r.u32(), 'type');
    s.imports.push({ module, name, type });
    s.functionTypes.push(type);
  },
  3: (r, s) => {
    s.functionTypes.push(at(s.types, r.u32(), 'type'));
  },
  4: (r, s) => {
    if (r.u8() !== 0x70 || s.tableSize >= 0) throw feature('a table of other things than functions, or several tables');
    s.tableSize = limits(r);
    if (s.tableSize > MAX_TABLE)
      throw new MoteError('WASM_LIMIT', `the function table has more than ${MAX_TABLE} entries`);
  },
  5: (r, s) => {
    if (s.memoryPages >= 0) throw feature('several memories');
    s.memoryPages = limits(r);
  },
  6: (r, s) => {
    const type = valueType(r.u8());
    const mutable = r.u8() === 1;
    s.globals.push({ index: s.globals.length, type, mutable, initial: constant(r) });
  },
  7: (r, s) => {
    const name = r.name();
    const kind = r.u8();
    const index = r.u32();
    if (kind === 0) s.functions.set(name, { index, type: at(s.functionTypes, index, 'function') });
    else if (kind === 2) s.memoryName = name;
    else if (kind === 3) s.exportedGlobals.set(name, at(s.globals, index, 'global'));
    else if (kind !== 1) throw feature('an export of an unknown kind');
  },
  9: (r, s) => {
    const offset = segmentOffset(r);
    const count = r.u32();
    if (offset + count > s.tableSize)
      throw new MoteError('WASM_INVALID', 'an element segment of the module is larger than its table: rebuild it');
    for (let i = 0; i < count; i++) r.u32();
  },
  11: (r, s) => {
    const end = segmentOffset(r) + r.skipCounted();
    s.dataEnd = Math.max(s.dataEnd, end);
    if (end > s.memoryPages * PAGE)
      throw new MoteError('WASM_MEMORY', 'a data segment of the module lies outside its memory: rebuild it');
  },
};

/** Parses a module. Throws `MoteError` with a code `WASM_...`. */
export function parseModule(wasm: Uint8Array): ParsedModule {
  const s: State = {
    types: [],
    imports: [],
    functionTypes: [],
    tableSize: -1,
    memoryPages: -1,
    globals: [],
    functions: new Map(),
    exportedGlobals: new Map(),
    memoryName: null,
    most: { locals: 0, blocks: 0 },
    dataEnd: 0,
  };
  const kept: Uint8Array[] = [wasm.subarray(0, 8)];
  const reader = new Reader(wasm, 8);
  let codeShift = 0;
  while (!reader.done) {
    const start = reader.offset;
    const id = reader.u8();
    const section = reader.slice(reader.u32());
    if (id === 0 || id === 12) continue;
    kept.push(wasm.subarray(start, reader.offset));
    if (id === 8) throw feature('a start function: code would run before the host has checked it');
    if (id === 10) {
      codeShift = reader.offset - kept.reduce((sum, { length }) => sum + length, 0);
      parseCode(section, s);
    } else {
      const entry = SECTIONS[id];
      if (entry === undefined) throw feature(`section ${id}`);
      for (let count = section.u32(); count > 0; count--) entry(section, s);
    }
  }
  const { imports, functions, exportedGlobals: globals, memoryName, dataEnd } = s;
  const stripped = Buffer.concat(kept);
  return {
    imports,
    functions,
    globals,
    memoryPages: Math.max(s.memoryPages, 0),
    memoryName,
    most: s.most,
    dataEnd,
    stripped,
    codeShift,
  };
}

function parseCode(section: Reader, s: State): void {
  const count = section.u32();
  for (let i = 0; i < count; i++) {
    const index = s.imports.length + i;
    const { locals, blocks } = checkBody(section.slice(section.u32()), `function ${index} of the module`);
    s.most = { locals: Math.max(s.most.locals, locals), blocks: Math.max(s.most.blocks, blocks) };
  }
}
