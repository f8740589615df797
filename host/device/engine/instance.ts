/**
 * The common part of every engine's instances: names, argument checks, fuel, bounds of `bytes`, and the state of an
 * instance. An engine provides a `Core`, which only runs code and traps.
 */
import { MoteError, sentence } from '../../base/index.ts';
import { type HostFunction, type Instance, type LoadOptions, Trap, type Value } from './engine.ts';
import type { ExportedFunction, ExportedGlobal, ImportInfo, ValueType } from './parse.ts';
import { type ModuleInfo, validateModule } from './validate.ts';

/**
 * One loaded module in an engine. Functions and globals are those of `ModuleInfo`, so an engine can use names or
 * indices.
 */
export interface Core {
  /** Linear memory; detached or emptied by `close`. */
  readonly memory: ArrayBuffer;
  /**
   * Runs an export after setting the fuel global, if there is one, to `limits.fuel`. Arguments have the right types.
   * Throws `Trap`.
   */
  call(name: string, target: ExportedFunction, args: Value[]): Value | undefined;
  global(name: string, target: ExportedGlobal): Value;
  close(): void;
}

/** Imports that the engine itself provides, over `rom`. */
const ROM_NAMES = ['rom_read', 'rom_size'] as const;
/** Native kernels, which only boards have: if the host doesn't provide them, the engine returns 0. */
export const KERNEL_NAMES = ['nn_run', 'nn_real_fft', 'nn_filter_bank'] as const;
/** Imports that a host may omit. */
export type EngineImport = (typeof ROM_NAMES)[number] | (typeof KERNEL_NAMES)[number];

/**
 * Checks `options` and returns the properties of the module. Throws `MoteError` with a code `WASM_...` or
 * `ENGINE_LIMITS`.
 */
export function inspect(options: LoadOptions): ModuleInfo {
  const { memoryBytes, stackBytes, deadlineMs, fuel } = options.limits;
  const whole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;
  if (!whole(memoryBytes, 0) || !whole(stackBytes, 1024) || !(deadlineMs > 0) || fuel < 0n || fuel >= 1n << 63n) {
    throw new MoteError(
      'ENGINE_LIMITS',
      'the limits are invalid: memoryBytes and fuel must be integers of at least 0, stackBytes at least 1024, deadlineMs above 0',
    );
  }
  const hostNames = new Set([...Object.keys(options.imports), ...ROM_NAMES, ...KERNEL_NAMES]);
  const info = validateModule(options.wasm, { profile: 'harness', hostNames });
  for (const { name } of info.imports) {
    if (!hostNames.has(name)) {
      throw new MoteError(
        'WASM_IMPORT',
        `module imports mote.${name}, which this host doesn't provide: update the host`,
      );
    }
  }
  if (info.dataEnd > memoryBytes)
    throw new Trap('memory', `the module fills ${info.dataEnd} bytes of memory, its limit is ${memoryBytes}`);
  return info;
}

/** The host function for an import; `inspect` has checked that it exists. Null if the engine provides it. */
export function hostFunction(options: LoadOptions, { name }: ImportInfo): HostFunction | null {
  if ((ROM_NAMES as readonly string[]).includes(name)) return null;
  return options.imports[name] ?? null;
}

/** Turns an exception of a host function into the trap that stops the module. A `Trap` only gets its place. */
export function hostTrap(cause: unknown, offsets: readonly number[]): Trap {
  if (cause instanceof Trap) {
    cause.offsets = offsets;
    return cause;
  }
  if (cause instanceof RangeError && /call stack/.test(cause.message)) {
    return new Trap('stack', 'the module recursed until the host had no stack left', { cause, offsets });
  }
  const text = cause instanceof Error ? cause.message : String(cause);
  return new Trap('host', `a host function failed: ${text}`, { cause, offsets });
}

function checkArguments(name: string, types: readonly ValueType[], args: Value[]): void {
  const fits =
    args.length === types.length && types.every((type, i) => typeof args[i] === (type === 'i64' ? 'bigint' : 'number'));
  if (fits) return;
  const given = args.map((arg) => typeof arg).join(', ');
  throw new MoteError('ENGINE_ARGUMENTS', `${name} takes (${types.join(', ')}), not (${given})`);
}

export function createInstance(info: ModuleInfo, options: LoadOptions, core: Core): Instance {
  const { memoryBytes, fuel } = options.limits;
  const top = Math.min(memoryBytes, info.memoryPages * 65536);
  const fuelGlobal = info.hasFuel ? info.globals.get('fuel') : undefined;
  let called = false;
  let state: 'ready' | 'running' | 'dead' | 'closed' = 'ready';
  /** Fuel of the last call, once the instance is closed. */
  let used = 0n;

  function open(): void {
    if (state === 'closed') throw new MoteError('ENGINE_CLOSED', 'this instance was closed: load the module again');
  }

  function fuelUsed(): bigint {
    if (state === 'closed' || fuelGlobal === undefined || !called) return used;
    return fuel - (core.global('fuel', fuelGlobal) as bigint);
  }

  return {
    call(name, ...args) {
      open();
      if (state === 'dead') throw new MoteError('ENGINE_DEAD', 'this instance has trapped: close it and load again');
      if (state === 'running') {
        throw new MoteError(
          'ENGINE_BUSY',
          `${name} was called from a host function of the same instance: call it after that function has returned`,
        );
      }
      const target = info.functions.get(name);
      if (target === undefined) throw new MoteError('ENGINE_EXPORT', `the module has no function ${name}`);
      checkArguments(name, target.type.params, args);
      state = 'running';
      try {
        called = true;
        const result = core.call(name, target, args);
        state = 'ready';
        return result;
      } catch (error) {
        state = 'dead';
        if (error instanceof Trap) error.offsets = error.offsets.map((offset) => offset + info.codeShift);
        if (error instanceof Trap && /^(unreachable|fuel)$/.test(error.kind) && fuelUsed() > fuel) {
          throw new Trap('fuel', sentence('trap_fuel', name, `${fuel}`), { cause: error, offsets: error.offsets });
        }
        throw error;
      }
    },
    has: (name) => info.functions.has(name),
    global(name) {
      open();
      const target = info.globals.get(name);
      return target === undefined ? undefined : core.global(name, target);
    },
    bytes(ptr, length) {
      open();
      // i32 pointers above 2^31 arrive as negative numbers.
      const start = ptr >>> 0;
      if (!(length >= 0) || start + length > top) {
        throw new Trap('memory', sentence('outside_memory', start, start + length, top));
      }
      return new Uint8Array(core.memory, start, length);
    },
    fuelUsed,
    close() {
      if (state === 'closed') return;
      if (state === 'running')
        throw new MoteError('ENGINE_BUSY', 'an instance cannot be closed by its own host function');
      used = fuelUsed();
      state = 'closed';
      core.close();
    },
  };
}
