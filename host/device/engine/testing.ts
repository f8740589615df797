/** For tests: modules from text, and an engine's limits. */
import binaryen from 'binaryen';
import type { Limits } from './engine.ts';

/** Assembles WebAssembly text. Binaryen reads its usual format; nothing is optimized. `names` keeps those of functions. */
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
