/**
 * The driver of the AssemblyScript compiler: flags from `asconfig.json`, files from anywhere, and the passes behind it.
 */
export type { Block } from './blocks.ts';
export { type Calls, culprits, isReached } from './calls.ts';
export { compileError } from './compile-error.ts';
export type { ModuleDebug } from './fuel.ts';
export { functionBodies } from './instructions.ts';
export { readSource, type SourceTree, sourceTree } from './library.ts';
export { loadCompiler } from './load.ts';
export { type Mapping, mappingAt } from './source-map.ts';
