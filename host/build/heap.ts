/** Finds code that allocates, before the optimizer hides where that was. */
import binaryen from 'binaryen';
import { MoteError } from '../error.ts';

/** AssemblyScript's allocators. */
const ALLOCATOR = /^~lib\/rt\/(stub|tlsf|itcms)\/__(alloc|new|renew|realloc)$/;

/**
 * Checks a module compiled with `-O0 --debug`. Throws `MoteError('BUILD_HEAP')` when code can reach an allocator, with the app's functions
 * that do and what they call.
 */
export function explainHeap(wasm: Uint8Array): void {
  const calls = callGraph(wasm);
  const allocating = reaching(calls, (name) => ALLOCATOR.test(name));
  if (allocating.size === 0) return;
  const culprits = [...calls].flatMap(([name, callees]) => {
    if (name.startsWith('~')) return [];
    const through = [...callees].find((callee) => callee.startsWith('~') && allocating.has(callee));
    return through === undefined ? [] : [`${name} (through ${through.slice(through.lastIndexOf('/') + 1)})`];
  });
  const where = culprits.length > 0 ? culprits.join(', ') : 'code outside any function';
  const how = 'use memory.data(N) for buffers, literals for text, and @unmanaged classes over static data';
  throw new MoteError('BUILD_HEAP', `nodes have no heap, but it is used by ${where}: ${how}`);
}

/** Names of all functions, each with those that it calls. */
function callGraph(wasm: Uint8Array): Map<string, Set<string>> {
  const module = binaryen.readBinary(wasm);
  const calls = new Map<string, Set<string>>();
  try {
    let callees = new Set<string>();
    for (const [, kind, quoted, bare] of module.emitText().matchAll(/\((func|call) \$(?:"([^"]+)"|([^\s()]+))/g)) {
      const name = quoted ?? bare ?? '';
      if (kind === 'func') {
        callees = new Set();
        calls.set(name, callees);
      } else callees.add(name);
    }
  } finally {
    module.dispose();
  }
  return calls;
}

/** All functions from which a call can lead to one that `isTarget`, and those themselves. */
function reaching(calls: Map<string, Set<string>>, isTarget: (name: string) => boolean): Set<string> {
  const found = new Set([...calls.keys()].filter(isTarget));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [name, callees] of calls) if ([...callees].some((callee) => found.has(callee))) found.add(name);
  }
  return found;
}
