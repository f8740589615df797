/** For tests: modules from text, and an engine's limits. */
import binaryen from 'binaryen';
import type { Limits } from './engine.ts';

/** Assembles WebAssembly text. Binaryen reads its usual format; nothing is optimized. */
export function wat(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  try {
    module.setFeatures(
      binaryen.Features.SignExt |
        binaryen.Features.BulkMemory |
        binaryen.Features.MutableGlobals |
        binaryen.Features.NontrappingFPToInt,
    );
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

export const LIMITS: Limits = { memoryBytes: 65536, stackBytes: 65536, fuel: 1_000_000n, deadlineMs: 2000 };
