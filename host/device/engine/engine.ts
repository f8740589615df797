/**
 * The engine seam: everything the product needs from a WebAssembly engine. wasm3 and V8 are files behind it, and one conformance suite
 * (`conformance.test.ts`) runs against each.
 */
import { MoteError } from '../../base/index.ts';

export interface Limits {
  /** Linear memory that the module may touch, in bytes; may be below one 64 KiB page. */
  memoryBytes: number;
  /** Interpreter stack in bytes (wasm3; V8 uses its own). Overflow is a `stack` trap in both. */
  stackBytes: number;
  /** Fuel for one call: loop iterations, calls and the known work of kernels. Ignored by a module without a `fuel` global. */
  fuel: bigint;
  /** Wall-clock watchdog for one call in milliseconds, behind the fuel. Infinity: none, for modules whose fuel is trusted. */
  deadlineMs: number;
}

/** Values cross the seam as wasm sees them: i32 is a number, i64 a bigint. */
export type Value = number | bigint;
export type HostFunction = (...args: Value[]) => Value | undefined;

/** Host functions by import name, all of module `mote`. `rom_read` and `rom_size` are the engine's own, over `rom`. */
export interface LoadOptions {
  wasm: Uint8Array;
  rom?: Uint8Array;
  imports: Record<string, HostFunction>;
  limits: Limits;
}

export interface Instance {
  /** Calls an export. Throws `Trap` when the module faults; after that the instance only can be closed. */
  call(name: string, ...args: Value[]): Value | undefined;
  has(name: string): boolean;
  /** Reads an exported global. */
  global(name: string): Value | undefined;
  /** Bounds-checked view of linear memory, valid until the module runs again. Out of bounds throws a `memory` trap. */
  bytes(ptr: number, length: number): Uint8Array;
  /** Fuel spent by the last call, 0n for a module without fuel. */
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

/** A module's fault. `kind` is the same for the same fault in every engine. */
export class Trap extends MoteError {
  readonly kind: TrapKind;

  constructor(kind: TrapKind, message: string, options?: { cause?: unknown }) {
    super(`TRAP_${kind.toUpperCase()}`, message, options);
    this.name = 'Trap';
    this.kind = kind;
  }
}
