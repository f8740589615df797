/**
 * The engine interface over wasm3, the interpreter of the nodes, as a native addon: the same instructions, limits and
 * traps as on a board. `bytes()` of an instance is a view of the interpreter's memory, so writes through it reach the
 * module; `close` detaches it.
 */
import { createRequire } from 'node:module';
import { MoteError, sentence } from '../../../base/index.ts';
import { type Engine, type HostFunction, type LoadOptions, Trap, type TrapKind, type Value } from '../engine.ts';
import { type Core, createInstance, hostFunction, hostTrap, inspect } from '../instance.ts';
import type { ImportInfo, ValueType } from '../parse.ts';
import type { ModuleInfo } from '../validate.ts';
import { ensureAddon } from './build.ts';

/** The exports of addon.c. If `call` returns a string, it describes a trap: its kind, a space and a description. */
export interface Addon {
  load(
    wasm: Uint8Array,
    rom: Uint8Array,
    imports: readonly string[],
    fuel: bigint,
    memoryBytes: number,
    stackBytes: number,
    deadlineMs: number,
  ): object;
  memory(handle: object): ArrayBuffer;
  call(handle: object, hosts: readonly HostFunction[], index: number, ...args: Value[]): Value | undefined | string;
  /** Offsets in the module of the last trap and of the calls that led to it. */
  places(handle: object): number[];
  global(handle: object, index: number): Value;
  close(handle: object, memory: ArrayBuffer): void;
}

/** Letters of the types, as in instance.h. */
const LETTERS: Readonly<Record<ValueType, string>> = { i32: 'i', i64: 'I', f32: 'f', f64: 'F' };

function importText({ name, type }: ImportInfo): string {
  return `${name} ${type.result === null ? 'v' : LETTERS[type.result]}(${type.params.map((one) => LETTERS[one]).join('')})`;
}

function loadHandle(addon: Addon, info: ModuleInfo, options: LoadOptions, given: readonly ImportInfo[]): object {
  const { memoryBytes, stackBytes, fuel, deadlineMs } = options.limits;
  const memory = Math.min(memoryBytes, info.memoryPages * 65536);
  const rom = options.rom ?? new Uint8Array();
  try {
    return addon.load(info.stripped, rom, given.map(importText), fuel, memory, stackBytes, deadlineMs);
  } catch (cause) {
    throw new MoteError('WASM_LOAD', sentence('wasm_load', (cause as Error).message), { cause });
  }
}

function createCore(addon: Addon, info: ModuleInfo, options: LoadOptions): Core {
  const given = info.imports.filter((entry) => hostFunction(options, entry) !== null);
  const hosts = given.map((entry) => hostFunction(options, entry)!);
  const handle = loadHandle(addon, info, options, given);
  const memory = addon.memory(handle);
  return {
    memory,
    call(_name, { index }, args) {
      let result: Value | undefined | string;
      try {
        result = addon.call(handle, hosts, index, ...args);
      } catch (error) {
        throw hostTrap(error, addon.places(handle));
      }
      if (typeof result === 'string') {
        const space = result.indexOf(' ');
        const text = sentence('trap_other', result.slice(space + 1));
        throw new Trap(result.slice(0, space) as TrapKind, text, { offsets: addon.places(handle) });
      }
      return result;
    },
    global: (_name, { index }) => addon.global(handle, index),
    close: () => addon.close(handle, memory),
  };
}

/** Returns wasm3 and builds its addon if needed. Throws `ENGINE_BUILD` with the packages to install. */
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
