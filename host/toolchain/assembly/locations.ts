/**
 * Lines of sources for the expressions of Binaryen. Binaryen can't read a module with its source map from JavaScript. So
 * a second copy of the module gets the number of each expression as its line and is written with a map: it has the same
 * instructions in the same order as the compiler's module, and each pair of them connects a line with an expression.
 */
import binaryen from 'binaryen';
import { FEATURES } from './features.ts';
import { functionBodies, instructions } from './instructions.ts';
import { type Mapping, mappingAt, parseSourceMap, type SourceMap } from './source-map.ts';
import { visit } from './visit.ts';

type Module = InstanceType<typeof binaryen.Module>;

/** Numbers all expressions of all functions, in an order that is the same for each copy of a module. */
function number(module: Module, seen: (ref: number, expression: number, index: number) => void): void {
  let index = 0;
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const ref = module.getFunctionByIndex(i);
    const { base, body } = binaryen.getFunctionInfo(ref);
    if (!base) visit(body, (expression) => seen(ref, expression, index++));
  }
}

/** The copy's bytes, and for each offset the number of its expression. */
function numbered(wasm: Uint8Array): { bytes: Uint8Array; mappings: Mapping[] } {
  const module = binaryen.readBinary(wasm);
  const debug = binaryen.getDebugInfo();
  try {
    module.setFeatures(FEATURES);
    const file = module.addDebugInfoFileName('');
    number(module, (ref, expression, index) => module.setDebugLocation(ref, expression, file, index + 1, 0));
    binaryen.setDebugInfo(true);
    const { binary, sourceMap } = module.emitBinary('map');
    return { bytes: binary, mappings: parseSourceMap(JSON.parse(sourceMap ?? '{}'))?.mappings ?? [] };
  } finally {
    binaryen.setDebugInfo(debug);
    module.dispose();
  }
}

/** Gives another expression of a function the location of one that the compiler has made. */
export type CopyLocation = (ref: number, from: number, to: number) => void;

/** Sets the locations of `module`, which was read from `wasm`, to those of the source map of `wasm`. */
export function setLocations(module: Module, wasm: Uint8Array, { sources, mappings }: SourceMap): CopyLocation {
  const copy = numbered(wasm);
  const places = new Map<number, Mapping>();
  const [originals, copies] = [functionBodies(wasm), functionBodies(copy.bytes)];
  for (const [i, body] of originals.entries()) {
    const [before, after] = [instructions(body), instructions(copies[i]!)];
    if (before.length !== after.length || before.some(({ opcode }, i) => opcode !== after[i]!.opcode)) continue;
    for (const [i, { offset }] of before.entries()) {
      const place = mappingAt(mappings, offset);
      const expression = mappingAt(copy.mappings, after[i]!.offset);
      if (place === null || place.offset < body.offset || expression?.offset !== after[i]!.offset) continue;
      places.set(expression.line - 1, place);
    }
  }
  const files = sources.map((source) => module.addDebugInfoFileName(source));
  const known = new Map<number, Mapping>();
  const set = (ref: number, expression: number, place: Mapping | undefined) => {
    if (place === undefined) return;
    known.set(expression, place);
    module.setDebugLocation(ref, expression, files[place.source]!, place.line, place.column - 1);
  };
  number(module, (ref, expression, index) => set(ref, expression, places.get(index)));
  return (ref, from, to) => set(ref, to, known.get(from));
}
