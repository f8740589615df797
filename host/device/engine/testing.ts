/** For tests: modules from WebAssembly text, and limits of an engine. */
import binaryen from 'binaryen';
import type { Limits } from './engine.ts';

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
