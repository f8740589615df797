/**
 * The engine seam over wasm3, the interpreter that nodes run, as a native addon: the same instructions, limits and traps as on a board.
 * `bytes()` of an instance is a view of the interpreter's own memory, so writes through it reach the module; `close` detaches it.
 */
import { createRequire } from 'node:module';
import { MoteError } from '../../error.ts';
import { type Engine, type HostFunction, type LoadOptions, Trap, type TrapKind, type Value } from '../engine.ts';
import { type Core, createInstance, hostFunction, hostTrap, inspect } from '../instance.ts';
import type { ModuleInfo } from '../validate.ts';
import { ensureAddon } from './build.ts';

/** What addon.c exports. A string from `call` is wasm3's text of a trap. */
export interface Addon {
  load(
    wasm: Uint8Array,
    rom: Uint8Array,
    importKinds: Uint8Array,
    fuelGlobal: number,
    fuel: bigint,
    memoryBytes: number,
    stackBytes: number,
    deadlineMs: number,
  ): object;
  memory(handle: object): ArrayBuffer;
  call(
    handle: object,
    hosts: readonly (HostFunction | null)[],
    index: number,
    ...args: Value[]
  ): Value | undefined | string;
  global(handle: object, index: number): Value;
  close(handle: object, memory: ArrayBuffer): void;
}

/** Texts of m3Err_trap... in wasm3.h, and of guard.c. */
const KINDS: Readonly<Record<string, TrapKind>> = {
  '[trap] out of bounds memory access': 'memory',
  '[trap] integer divide by zero': 'divide',
  '[trap] integer overflow': 'integer',
  '[trap] invalid conversion to integer': 'integer',
  '[trap] indirect call type mismatch': 'indirect',
  '[trap] undefined element': 'indirect',
  '[trap] null table element': 'indirect',
  '[trap] unreachable executed': 'unreachable',
  '[trap] stack overflow': 'stack',
  '[trap] native stack overflow': 'stack',
  '[trap] deadline': 'deadline',
};

/** `enum machine_import` of machine.h. */
const IMPORT_KINDS: Readonly<Record<string, number>> = { rom_size: 1, rom_read: 2 };

function loadHandle(addon: Addon, info: ModuleInfo, options: LoadOptions): object {
  const { memoryBytes, stackBytes, fuel, deadlineMs } = options.limits;
  const kinds = Uint8Array.from(info.imports, (entry) =>
    hostFunction(options, entry) === null ? (IMPORT_KINDS[entry.name] ?? 0) : 0,
  );
  const fuelGlobal = info.hasFuel ? info.globals.get('fuel')!.index : -1;
  const memory = Math.min(memoryBytes, info.memoryPages * 65536);
  const rom = options.rom ?? new Uint8Array();
  try {
    return addon.load(info.stripped, rom, kinds, fuelGlobal, fuel, memory, stackBytes, deadlineMs);
  } catch (cause) {
    throw new MoteError('WASM_LOAD', `wasm3 could not load the module: ${(cause as Error).message}`, { cause });
  }
}

function createCore(addon: Addon, info: ModuleInfo, options: LoadOptions): Core {
  const handle = loadHandle(addon, info, options);
  const memory = addon.memory(handle);
  const hosts = info.imports.map((entry) => hostFunction(options, entry));
  return {
    memory,
    call(_name, { index }, args) {
      let result: Value | undefined | string;
      try {
        result = addon.call(handle, hosts, index, ...args);
      } catch (error) {
        throw hostTrap(error);
      }
      if (typeof result === 'string') throw new Trap(KINDS[result] ?? 'other', `the module trapped: ${result}`);
      return result;
    },
    global: (_name, { index }) => addon.global(handle, index),
    close: () => addon.close(handle, memory),
  };
}

/** wasm3, with its addon built if need be. Throws `ENGINE_BUILD` with what to install. */
export async function loadWasm3(addonPath?: string): Promise<Engine> {
  const addon = createRequire(import.meta.url)(addonPath ?? (await ensureAddon())) as Addon;
  return {
    name: 'wasm3',
    load(options) {
      const info = inspect(options);
      return createInstance(info, options, createCore(addon, info, options));
    },
  };
}
