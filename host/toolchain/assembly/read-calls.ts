/** Reads the calls of a module that was compiled with `-O0 --debug`. */
import binaryen from 'binaryen';
import type { Calls } from './calls.ts';

/**
 * A function, a call, an imported function, or an operator with a float result or float operands; constants and memory
 * don't calculate.
 */
const TOKEN =
  /\((?:(func|call) \$(?:"([^"]+)"|([^\s()]+))|import "([^"]*)" "([^"]*)" \(func \$(?:"([^"]+)"|([^\s()]+))|(f(?:32|64)\.(?!const|load|store|reinterpret)))/g;

export function readCalls(wasm: Uint8Array): Calls {
  const module = binaryen.readBinary(wasm);
  const found: Calls = { callees: new Map(), imports: new Map(), floats: new Set() };
  try {
    let current = '';
    for (const [, kind, quoted, bare, from, name, quotedImport, bareImport, float] of module
      .emitText()
      .matchAll(TOKEN)) {
      if (float !== undefined) found.floats.add(current);
      else if (from !== undefined) found.imports.set(quotedImport ?? bareImport ?? '', `${from}.${name}`);
      else if (kind === 'func') {
        current = quoted ?? bare ?? '';
        found.callees.set(current, new Set());
      } else found.callees.get(current)?.add(quoted ?? bare ?? '');
    }
  } finally {
    module.dispose();
  }
  return found;
}
