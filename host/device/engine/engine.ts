/**
 * The interface of a WebAssembly engine. wasm3 and V8 implement it, and one conformance suite (`conformance.test.ts`)
 * runs against each.
 */
import { type ErrorCode, MoteError } from '../../base/index.ts';

export interface Limits {
  /** Linear memory that the module may touch, in bytes; can be below one page of 64 KiB. */
  memoryBytes: number;
  /** Interpreter stack in bytes (wasm3; V8 uses its own). An overflow is a `stack` trap in both. */
  stackBytes: number;
  /**
   * Fuel of one call: loop iterations, calls and the known work of kernels. Ignored for a module without a `fuel`
   * global.
   */
  fuel: bigint;
  /**
   * Wall-clock limit of one call in milliseconds, in addition to the fuel. Infinity: no limit, for modules whose fuel
   * is trusted.
   */
  deadlineMs: number;
}

/** A WebAssembly value: i32, f32 and f64 are numbers, i64 is a bigint. */
export type Value = number | bigint;
export type HostFunction = (...args: Value[]) => Value | undefined;

/**
 * Host functions by import name, all of module `mote`. The engine itself provides `rom_read` and `rom_size`, over
 * `rom`.
 */
export interface LoadOptions {
  wasm: Uint8Array;
  rom?: Uint8Array;
  imports: Record<string, HostFunction>;
  limits: Limits;
}

export interface Instance {
  /** Calls an export. Throws `Trap` if the module faults; afterwards the instance can only be closed. */
  call(name: string, ...args: Value[]): Value | undefined;
  has(name: string): boolean;
  /** Returns the value of an exported global, or undefined if there is none. */
  global(name: string): Value | undefined;
  /** Bounds-checked view of linear memory, valid until the module runs again. Throws a `memory` trap out of bounds. */
  bytes(ptr: number, length: number): Uint8Array;
  /** Fuel spent by the last call; 0n for a module without fuel. */
  fuelUsed(): bigint;
  close(): void;
}

export interface Engine {
  readonly name: EngineName;
  load(options: LoadOptions): Instance;
}

export type EngineName = 'wasm3' | 'v8';
export type TrapKind =
  | 'memory'
  | 'stack'
  | 'fuel'
  | 'deadline'
  | 'unreachable'
  | 'divide'
  | 'integer'
  | 'indirect'
  | 'host'
  | 'other';

/** An error that code of a module caused. */
export class ModuleError extends MoteError {
  /**
   * Where it happened: the offset in the module of the instruction, then those of the calls that led to it, as far as
   * the engine knows them. Empty if it knows none.
   */
  offsets: readonly number[];

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; offsets?: readonly number[] }) {
    super(code, message, options);
    this.offsets = options?.offsets ?? [];
  }
}

/** A fault of a module. `kind` is the same for the same fault in every engine. */
export class Trap extends ModuleError {
  readonly kind: TrapKind;

  constructor(kind: TrapKind, message: string, options?: { cause?: unknown; offsets?: readonly number[] }) {
    super(`TRAP_${kind.toUpperCase() as Uppercase<TrapKind>}`, message, options);
    this.name = 'Trap';
    this.kind = kind;
  }
}
