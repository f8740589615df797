/** Debug information of modules: kept by digest, and what the place of a trap is in the sources. */
export { type DebugInfo, sha256 } from './debug-info.ts';
export { makeDebugInfo } from './make.ts';
export { saveDebugInfo, savePackageDigest } from './store.ts';
export type { Trace, TracedFrame } from './trace.ts';
export { debugFolder, openTracer, type Tracer } from './tracer.ts';
