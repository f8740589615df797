/** For tests: AssemblyScript from text, run in V8. */
import { type ASUtil, instantiate } from '@assemblyscript/loader';
import { packageRoot } from '../../base/index.ts';
import { compileAssembly } from './asc.ts';
import { readSource } from './library.ts';

/** The node's functions, all of which return 0. */
const MOTE = new Proxy({}, { get: () => () => 0 });

/** Compiles text as if it were the file `test.ts` in the root of this package. */
export async function assembleText(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const { wasm } = await compileAssembly({
    target: 'test',
    entry: 'test.ts',
    // An entry that uses the SDK imports its `abort`.
    readFile: (name) =>
      name === 'test.ts' ? `import './assembly/mote/abort';\n${text}` : readSource(packageRoot, name),
    args: ['--use', 'abort=assembly/mote/abort/abort'],
  });
  return wasm as Uint8Array<ArrayBuffer>;
}

/**
 * Compiles and instantiates text. `Exports` are its functions as the loader shows them: pointers to objects are
 * numbers.
 */
export async function runText<Exports>(text: string): Promise<ASUtil & Exports> {
  const { exports } = await instantiate(await assembleText(text), { mote: MOTE });
  return exports as ASUtil & Exports;
}
