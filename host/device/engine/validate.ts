/**
 * The static check: determines the properties of a module and whether this host may run it, without running any of its
 * code. Interpreters on nodes validate little, so nothing is signed, loaded or flashed that fails here.
 */

import {
  ABI_EXPORTS,
  ABI_GLOBALS,
  ABI_IMPORTS,
  ABI_MODULE,
  ABI_VERSION,
  type FunctionType,
} from '../../base/abi/index.ts';
import { MoteError, sentenceError } from '../../base/index.ts';
import type { Value } from './engine.ts';
import { type ParsedModule, parseModule, type Signature } from './parse.ts';

export interface ModuleInfo extends ParsedModule {
  /** ABI that the module was built for, major x 65536 + minor; null without `abi_version`. */
  readonly abi: number | null;
  /** Whether the module counts its work down in a global `fuel`. */
  readonly hasFuel: boolean;
  /** Linear memory that the module touches at most, in bytes: its `memory_bytes`, or all its pages. */
  readonly memoryBytes: number;
}

export interface ValidateOptions {
  /**
   * `app` (default): all exports that a node calls must exist. `harness`: a module with any exports, such as one model
   * in a test; its imports may also be names of `hostNames`.
   */
  readonly profile?: 'app' | 'harness';
  /** Imports beyond the ABI that the host provides; only for `harness`. */
  readonly hostNames?: ReadonlySet<string>;
}

/** Version for people: 65536 is `1.0`. */
export function abiText(version: number): string {
  return `${version >>> 16}.${version & 0xffff}`;
}

/**
 * Throws `WASM_ABI` unless a module built for ABI `version` runs on this host: same major version, and no newer minor
 * version.
 */
export function checkAbi(version: number, host: number = ABI_VERSION): void {
  if (version >>> 16 === host >>> 16 && (version & 0xffff) <= (host & 0xffff)) return;
  const built = `module was built for ABI ${abiText(version)}, this host has ${abiText(host)}`;
  throw new MoteError('WASM_ABI', `${built}: update the host or rebuild the module`);
}

/**
 * Checks a module and returns its properties. Throws `MoteError` with a code `WASM_...` and a sentence for the module's
 * developer.
 */
export function validateModule(wasm: Uint8Array, options: ValidateOptions = {}): ModuleInfo {
  const app = options.profile !== 'harness';
  // A copy, so that the bytes can't change after the check.
  const bytes = new Uint8Array(wasm);
  if (!WebAssembly.validate(bytes)) {
    throw new MoteError('WASM_INVALID', 'this is not a valid WebAssembly module: rebuild it or fetch it again');
  }
  const module = parseModule(bytes);
  checkImports(module, app ? undefined : options.hostNames);
  const abi = versionOf(module);
  if (abi !== null) checkAbi(abi);
  else if (app) throw missing('the global abi_version');
  const hasFuel = checkFuel(module);
  const memoryBytes = checkMemory(module, app);
  if (app) for (const [name, type] of Object.entries(ABI_EXPORTS)) checkExport(module, name, type);
  return { ...module, abi, hasFuel, memoryBytes };
}

function checkImports(module: ParsedModule, hostNames: ReadonlySet<string> | undefined): void {
  for (const { module: from, name, type } of module.imports) {
    const expected = Object.hasOwn(ABI_IMPORTS, name) ? (ABI_IMPORTS as Record<string, FunctionType>)[name] : undefined;
    if (from !== ABI_MODULE || (expected === undefined && !hostNames?.has(name))) {
      const what = `module imports ${from}.${name}, which ABI ${abiText(ABI_VERSION)} doesn't have`;
      throw new MoteError('WASM_IMPORT', `${what}: update the host or rebuild the module without it`);
    }
    if (expected !== undefined && !sameType(type, expected)) {
      const types = `${typeText(type)}, this host provides ${typeText(expected)}`;
      throw new MoteError('WASM_IMPORT', `module imports ${from}.${name} as ${types}: rebuild it with this SDK`);
    }
  }
}

function checkExport(module: ParsedModule, name: string, type: FunctionType): void {
  const found = module.functions.get(name);
  if (found === undefined) throw missing(`the function ${name}${typeText(type)}`);
  if (sameType(found.type, type)) return;
  const types = `${typeText(found.type)}, a node calls it as ${typeText(type)}`;
  throw new MoteError('WASM_EXPORT', `module exports ${name} as ${types}: rebuild it with this SDK`);
}

function constantI32(module: ParsedModule, name: keyof typeof ABI_GLOBALS): number | null {
  const found = module.globals.get(name);
  if (found === undefined) return null;
  const value: Value | undefined = found.initial;
  if (found.type === 'i32' && !found.mutable && typeof value === 'number') return value;
  throw new MoteError('WASM_EXPORT', `module exports ${name}, but not as an immutable i32: rebuild it with mote build`);
}

function versionOf(module: ParsedModule): number | null {
  const version = constantI32(module, 'abi_version');
  return version === null ? null : version >>> 0;
}

function checkFuel(module: ParsedModule): boolean {
  const fuel = module.globals.get('fuel');
  if (fuel === undefined) return false;
  if (fuel.type === ABI_GLOBALS.fuel && fuel.mutable) return true;
  throw new MoteError('WASM_EXPORT', 'module exports fuel, but not as a mutable i64: rebuild it with mote build');
}

function checkMemory(module: ParsedModule, app: boolean): number {
  const all = module.memoryPages * 65536;
  if (all > 0 && module.memoryName === null)
    throw new MoteError('WASM_MEMORY', "module doesn't export its memory, so that a host can't read it: rebuild it");
  const declared = constantI32(module, 'memory_bytes');
  if (declared === null) {
    if (app) throw missing('the global memory_bytes');
    return all;
  }
  const bytes = declared >>> 0;
  if (bytes > all || bytes < module.dataEnd) {
    const what = `module declares ${bytes} bytes of memory, but has ${all} and fills ${module.dataEnd}`;
    throw new MoteError('WASM_MEMORY', `${what}: rebuild it with mote build`);
  }
  return bytes;
}

function missing(what: string): MoteError {
  return sentenceError('wasm_export', what);
}

function sameType(a: Signature, b: FunctionType): boolean {
  return (
    a.result === b.result && a.params.length === b.params.length && a.params.every((type, i) => type === b.params[i])
  );
}

function typeText(type: Signature): string {
  return `(${type.params.join(', ')})${type.result === null ? '' : ` -> ${type.result}`}`;
}
