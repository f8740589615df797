/** Flash: the interface, its emulations, and the stores that survive power cuts. */
export { FileFlash } from './file-flash.ts';
export type { Flash } from './flash.ts';
export { Journal, type JournalLetter } from './journal.ts';
export { KeyValueStore } from './kv.ts';
export { CUT_MODES, type CutMode, MemoryFlash, type MemoryFlashOptions, PowerCut } from './memory-flash.ts';
export type { FlashGeometry } from './nor.ts';
export { flashRegion } from './region.ts';
