/** Debug information of a module that was just compiled. */
import { functionBodies, type ModuleDebug } from '../assembly/index.ts';
import { type DebugInfo, sha256 } from './debug-info.ts';

export function makeDebugInfo(
  wasm: Uint8Array,
  { names, map }: ModuleDebug,
  library: string,
  read: (name: string) => string | null,
): DebugInfo {
  const bodies = functionBodies(wasm);
  const imports = names.length - bodies.length;
  return {
    format: 1,
    module: sha256(wasm),
    library,
    functions: bodies.map(({ offset }, i) => [offset, names[imports + i]!]),
    sources: map.sources.map((name) => {
      const text = read(name);
      return [name, text === null ? null : sha256(text)];
    }),
    mappings: map.mappings.flatMap(({ offset, source, line, column }) => [offset, source, line, column]),
  };
}
