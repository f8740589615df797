/** For tests: modules from WebAssembly text, limits of an engine, and the errors of a call. Not part of the product. */
import binaryen from 'binaryen';
import { MoteError } from '../../base/index.ts';
import type { Engine, Instance, Limits, LoadOptions } from './engine.ts';
import { Trap } from './index.ts';

/** Assembles WebAssembly text with Binaryen, without optimization. `names` keeps the names of functions. */
export function wat(text: string, { names = false } = {}): Uint8Array {
  const module = binaryen.parseText(text);
  const before = binaryen.getDebugInfo();
  try {
    binaryen.setDebugInfo(names);
    module.setFeatures(
      binaryen.Features.SignExt |
        binaryen.Features.BulkMemory |
        binaryen.Features.MutableGlobals |
        binaryen.Features.NontrappingFPToInt,
    );
    return module.emitBinary();
  } finally {
    binaryen.setDebugInfo(before);
    module.dispose();
  }
}

export const LIMITS: Limits = { memoryBytes: 65536, stackBytes: 65536, fuel: 1_000_000n, deadlineMs: 60_000 };

/** One page of memory, exported. */
export const MEMORY = '(memory $m 1) (export "memory" (memory $m))';

/** Returns the kind of the trap that `run` ends in, or a description of any other outcome. */
export function trapKind(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof Trap ? error.kind : `no trap: ${String(error)}`;
  }
  return 'returned';
}

/** Returns the code of the `MoteError` that `run` throws, or a description of any other outcome. */
export function errorCode(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof MoteError ? error.code : `no MoteError: ${String(error)}`;
  }
  return 'returned';
}

/** Loads the text of a module without its outer parentheses. */
export function loadText(engine: Engine, text: string, options: Partial<LoadOptions> = {}): Instance {
  return engine.load({
    wasm: wat(`(module ${text})`),
    imports: {},
    ...options,
    limits: { ...LIMITS, ...options.limits },
  });
}
