/** For tests: AssemblyScript from text, run in V8. */
import { packageRoot } from '../paths.ts';
import { compileAssembly } from './asc.ts';
import { readSource } from './library.ts';

/** Compiles text as if it were a file in the root of this package. */
export async function assembleText(text: string): Promise<Uint8Array> {
  const { wasm } = await compileAssembly({
    entry: 'test.ts',
    readFile: (name) => (name === 'test.ts' ? text : readSource(packageRoot, name)),
    args: ['-O3', '--use', 'abort=assembly/mote/abort/abort'],
  });
  return wasm;
}

export interface Program {
  memory: Uint8Array;
  call(name: string, ...args: (number | bigint)[]): number;
  callBig(name: string, ...args: (number | bigint)[]): bigint;
}

/** Compiles and instantiates text; the node's functions answer 0. */
export async function runText(text: string): Promise<Program> {
  const module = new WebAssembly.Module((await assembleText(text)) as Uint8Array<ArrayBuffer>);
  const mote = new Proxy({}, { get: () => () => 0 });
  const { exports } = new WebAssembly.Instance(module, { mote });
  const call = (name: string, args: (number | bigint)[]) => (exports[name] as (...args: unknown[]) => unknown)(...args);
  return {
    memory: new Uint8Array((exports.memory as WebAssembly.Memory).buffer),
    call: (name, ...args) => Number(call(name, args)),
    callBig: (name, ...args) => call(name, args) as bigint,
  };
}
