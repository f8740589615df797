/** WebAssembly engines: load a module, call it and limit it, with the same behaviour on every engine. */
import { MoteError } from '../../base/index.ts';
import type { Engine, EngineName } from './engine.ts';
import { v8Engine } from './v8.ts';
import { loadWasm3 } from './wasm3/index.ts';

export * from '../../base/abi/index.ts';
export * from './engine.ts';
export type { EngineImport } from './instance.ts';
export type { ExportedFunction, ExportedGlobal, ImportInfo, Signature, ValueType } from './parse.ts';
export { abiText, checkAbi, type ModuleInfo, type ValidateOptions, validateModule } from './validate.ts';

export const ENGINE_NAMES = ['wasm3', 'v8'] as const satisfies readonly EngineName[];

/**
 * Returns the engine of that name; wasm3's native addon is built at first use. Throws `ENGINE_NAME`, or the errors of
 * the build.
 */
export async function loadEngine(name: EngineName | (string & {})): Promise<Engine> {
  if (name === 'wasm3') return loadWasm3();
  if (name === 'v8') return v8Engine;
  throw new MoteError('ENGINE_NAME', `there is no engine ${name}: use ${ENGINE_NAMES.join(' or ')}`);
}
