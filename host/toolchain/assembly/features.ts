/** The features of WebAssembly that passes may use: those of nodes (host/device/engine/code.ts). */
import binaryen from 'binaryen';

export const FEATURES: number =
  binaryen.Features.SignExt |
  binaryen.Features.MutableGlobals |
  binaryen.Features.NontrappingFPToInt |
  binaryen.Features.BulkMemory |
  binaryen.Features.BulkMemoryOpt;
