/**
 * The fuel pass: a module counts its own work, so that a runaway stops at the same instruction on every engine.
 *
 * The pass adds the exported mutable global `fuel` (i64). Each loop iteration and each function call takes one unit.
 * Below zero the module executes `unreachable`, and the engine, which finds `fuel` below zero, reports a `fuel` trap. A
 * function without loops and calls takes nothing: its work is bounded by its length, and its callers pay. Library
 * kernels are exempt, and pay with `charge(n)`.
 *
 * The pass runs before the optimizer, because an inlined kernel would lose its exemption. So the targets `release` and
 * `model` of asconfig.json compile with `-O0 --debug --use MOTE_FUEL=1`, and this file optimizes.
 */
import binaryen from 'binaryen';
import { MoteError } from '../../base/index.ts';
import { FEATURES } from './features.ts';
import { type CopyLocation, setLocations } from './locations.ts';
import { parseSourceMap, type SourceMap } from './source-map.ts';
import { moveStartIntoInit } from './start.ts';
import { visit } from './visit.ts';

type Module = InstanceType<typeof binaryen.Module>;
type Expression = number;
type LoopInfo = ReturnType<typeof binaryen.getExpressionInfo> & { body: Expression };

/** In Binaryen, but not in its types. */
interface BodySetter {
  setBody(target: number, body: Expression): void;
}
const { Loop, Function: Func } = binaryen as unknown as { Loop: BodySetter; Function: BodySetter };

export interface FuelOptions {
  /**
   * Whether a function with this internal name (`assembly/nn/conv/conv2d`) pays by `charge` only. Default: the SDK's
   * kernels.
   */
  isExempt?: (name: string) => boolean;
  /** Bytes of linear memory, if the module has no `__heap_base` of AssemblyScript. */
  memoryBytes?: number;
  /** Keeps the names of functions, for traces. */
  names?: boolean;
  /** Runs Binaryen's optimizer at -O3; on by default. */
  optimize?: boolean;
}

/**
 * Largest function that the optimizer may inline at its only call. Above that an interpreter gains nothing, and a whole
 * model in one function would be compiled at once on a node.
 */
const ONE_CALLER_INLINE_SIZE = 64;

const HEAP_BASE = '~lib/memory/__heap_base';
const FUEL = 'fuel';
const MEMORY_BYTES = 'memory_bytes';

const isLibrary = (name: string) => /(^|\/)assembly\/(nn|dsp|cbor)\//.test(name);

/** What is known of the functions and instructions of a module, and isn't in it. */
export interface ModuleDebug {
  /** Names of the functions by index, imports first. */
  names: string[];
  map: SourceMap;
}

/**
 * Throws `FUEL_INPUT` for a module that isn't readable or already has fuel, `FUEL_MEMORY` when its memory isn't known.
 */
export function addFuel(wasm: Uint8Array, options: FuelOptions = {}): Uint8Array {
  return withModule(wasm, (module) => {
    instrumentAll(module, options, () => {});
    return emit(module, options);
  });
}

/**
 * All passes on a module of the compiler with its source map, which add nothing to what `addFuel` makes of it: the debug
 * information is beside the module. Throws what `addFuel` throws.
 */
export function makeModule(
  wasm: Uint8Array,
  map: SourceMap | null,
  options: FuelOptions,
): { wasm: Uint8Array; debug: ModuleDebug | null } {
  return withModule(wasm, (module) => {
    const copyLocation = map === null ? () => {} : setLocations(module, wasm, map);
    moveStartIntoInit(module);
    instrumentAll(module, options, copyLocation);
    const shipped = emit(module, options);
    return { wasm: shipped, debug: map && debugInfo(module, shipped) };
  });
}

function withModule<T>(wasm: Uint8Array, work: (module: Module) => T): T {
  const module = read(wasm);
  try {
    return work(module);
  } finally {
    module.dispose();
  }
}

function instrumentAll(module: Module, options: FuelOptions, copyLocation: CopyLocation): void {
  const { isExempt = isLibrary } = options;
  if (module.getExport(FUEL) !== 0) throw new MoteError('FUEL_INPUT', 'the module exports fuel already: build it anew');
  addMemoryBytes(module, options.memoryBytes);
  module.addGlobal(FUEL, binaryen.i64, true, module.i64.const(0n));
  module.addGlobalExport(FUEL, FUEL);
  const functions = definedFunctions(module);
  for (const { name, ref } of functions) if (!isExempt(name)) instrument(module, ref, copyLocation);
  defineCharge(module);
}

/** Null if Binaryen writes another module with debug information than without, which it never did. */
function debugInfo(module: Module, shipped: Uint8Array): ModuleDebug | null {
  const before = binaryen.getDebugInfo();
  try {
    binaryen.setDebugInfo(true);
    const { binary, sourceMap } = module.emitBinary('map');
    const map = parseSourceMap(JSON.parse(sourceMap ?? 'null'));
    if (map === null || Buffer.compare(binary.subarray(0, shipped.length), shipped) !== 0) return null;
    return { names: functionNames(module), map };
  } finally {
    binaryen.setDebugInfo(before);
  }
}

function functionNames(module: Module): string[] {
  const all = Array.from({ length: module.getNumFunctions() }, (_, i) =>
    binaryen.getFunctionInfo(module.getFunctionByIndex(i)),
  );
  return [...all.filter(({ base }) => base), ...all.filter(({ base }) => !base)].map(({ name }) => name);
}

function read(wasm: Uint8Array): Module {
  // Binaryen aborts on a module that it can't read, so it gets valid ones only.
  if (!WebAssembly.validate(wasm)) throw new MoteError('FUEL_INPUT', 'this is not a valid WebAssembly module');
  const module = binaryen.readBinary(wasm);
  module.setFeatures(FEATURES);
  return module;
}

/** Functions with a body, imports left out. */
function definedFunctions(module: Module): { name: string; ref: number; body: Expression }[] {
  const found = [];
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const ref = module.getFunctionByIndex(i);
    const { name, base, body } = binaryen.getFunctionInfo(ref);
    if (!base) found.push({ name, ref, body });
  }
  return found;
}

/** Takes `units` (an i64) from the tank, or traps. `locate` gives the trap its place. */
function pay(module: Module, units: Expression, locate: (trap: Expression) => void = () => {}): Expression[] {
  const tank = () => module.global.get(FUEL, binaryen.i64);
  const trap = module.unreachable();
  locate(trap);
  return [
    module.global.set(FUEL, module.i64.sub(tank(), units)),
    module.if(module.i64.lt_s(tank(), module.i64.const(0n)), trap),
  ];
}

function instrument(module: Module, ref: number, copyLocation: CopyLocation): void {
  const { body, results } = binaryen.getFunctionInfo(ref);
  let works = false;
  let first: Expression = body;
  visit(body, (expression, id) => {
    if (first === body) first = expression;
    if (id === binaryen.CallId || id === binaryen.CallIndirectId) works = true;
    if (id !== binaryen.LoopId) return;
    works = true;
    const inner = (binaryen.getExpressionInfo(expression) as LoopInfo).body;
    const type = binaryen.getExpressionType(inner);
    const paid = pay(module, module.i64.const(1n), (trap) => copyLocation(ref, expression, trap));
    Loop.setBody(expression, module.block(null, [...paid, inner], type));
  });
  if (!works) return;
  const paid = pay(module, module.i64.const(1n), (trap) => copyLocation(ref, first, trap));
  Func.setBody(ref, module.block(null, [...paid, body], results));
}

/**
 * Turns the import `mote.charge` into a function that pays. Units are unsigned, so that a charge never fills the tank.
 */
function defineCharge(module: Module): void {
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const { name, module: from, base, params } = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (from !== 'mote' || base !== 'charge' || params !== binaryen.i32) continue;
    module.removeFunction(name);
    const units = module.i64.extend_u(module.local.get(0, binaryen.i32));
    module.addFunction(name, binaryen.i32, binaryen.none, [], module.block(null, pay(module, units)));
    return;
  }
}

function addMemoryBytes(module: Module, given: number | undefined): void {
  const ref = module.getExport(MEMORY_BYTES);
  if (ref !== 0) {
    if (binaryen.getExportInfo(ref).kind === binaryen.ExternalGlobal) return;
    module.removeExport(MEMORY_BYTES);
  }
  const bytes = given ?? heapBase(module);
  module.addGlobal(MEMORY_BYTES, binaryen.i32, false, module.i32.const(bytes));
  module.addGlobalExport(MEMORY_BYTES, MEMORY_BYTES);
}

function heapBase(module: Module): number {
  const ref = module.getGlobal(HEAP_BASE);
  const info = ref === 0 ? null : (binaryen.getExpressionInfo(binaryen.getGlobalInfo(ref).init) as { value?: unknown });
  if (typeof info?.value === 'number') return info.value;
  const how = 'let its entry have `export function memory_bytes(): usize { return __heap_base; }`, or pass memoryBytes';
  throw new MoteError('FUEL_MEMORY', `the module doesn't export where its static memory ends: ${how}`);
}

/** Binaryen's options are global, so they are restored. */
function emit(module: Module, { names = false, optimize = true }: FuelOptions): Uint8Array {
  const before = [
    binaryen.getOptimizeLevel(),
    binaryen.getShrinkLevel(),
    binaryen.getDebugInfo(),
    binaryen.getOneCallerInlineMaxSize(),
  ] as const;
  try {
    setOptions(3, 0, names, ONE_CALLER_INLINE_SIZE);
    if (optimize) {
      module.optimize();
      module.optimize();
    }
    if (!module.validate())
      throw new MoteError('FUEL_OUTPUT', 'the fuel pass made an invalid module: please report it');
    return module.emitBinary();
  } finally {
    setOptions(...before);
  }
}

function setOptions(level: number, shrink: number, names: boolean, oneCallerSize: number): void {
  binaryen.setOptimizeLevel(level);
  binaryen.setShrinkLevel(shrink);
  binaryen.setDebugInfo(names);
  binaryen.setOneCallerInlineMaxSize(oneCallerSize);
}
