/** A model in a module of its own, with nothing around it: for verification, benchmarks and tests. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import asc from 'assemblyscript/asc';
import { MoteError, packageRoot } from '../../base/index.ts';
import { type CompiledModel, compileGraph } from './compile.ts';
import { parseModel } from './parse.ts';

export interface Harness {
  /** Exports `model_input(i)`, `model_output(i)` and `tensor_at(i)` (pointers, `tensor_at` by tensor index), `model_invoke()`, and
   * `memory_end()`: linear memory that it uses. */
  wasm: Uint8Array;
  rom: Uint8Array;
  model: CompiledModel;
  /** Tensors that lie in the arena. With `separate` each still holds its value after a run. */
  tensors: readonly number[];
}

export interface HarnessOptions {
  /** Every tensor in memory of its own, nothing in place. */
  separate?: boolean;
}

/** Static data beside the arena: the kernels' header and parameters. */
const STATIC_BYTES = 1024;
const PAGE_BYTES = 65_536;

/** Folder of the virtual sources; only a name, so that imports resolve into the package's own `assembly`. */
const FOLDER = 'build/harness';

/** Compiles a model and wraps it in a minimal module that passes static validation. Throws `MODEL_*` errors. */
export async function buildHarness(bytes: Uint8Array, options: HarnessOptions = {}): Promise<Harness> {
  const graph = parseModel(bytes);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const settings = { name: 'model', kernelPath: '../../assembly/nn' };
  const { model, memory } = compileGraph(graph, settings, digest, options);
  const tensors = [...new Set(model.plan.allocations.flatMap((allocation) => allocation.tensors))].sort(
    (a, b) => a - b,
  );
  const entry = entrySource(model, tensors, memory.offsetOf);
  const pages = Math.ceil((model.arenaBytes + STATIC_BYTES) / PAGE_BYTES);
  const wasm = await compileSources({ 'model.ts': model.source, 'entry.ts': entry }, pages);
  return { wasm, rom: model.rom, model, tensors };
}

function entrySource(model: CompiledModel, tensors: readonly number[], offsetOf: (tensor: number) => number): string {
  const pointer = (end: 'input' | 'output', count: number) => `${end}(${count > 1 ? 'index' : ''})`;
  return `import { input, invoke, output, ARENA_BYTES } from './model';
export { ABI_VERSION as abi_version } from '../../assembly/mote/abi';
export function init(): i32 { return ARENA_BYTES > 0 ? 0 : -1; }
export function step(now: i64): i64 { return now; }
export function on_message(id: i32, length: i32): void {}
export function health(): i32 { return 1; }
export function model_input(index: i32): usize { return ${pointer('input', model.inputs.length)}; }
export function model_output(index: i32): usize { return ${pointer('output', model.outputs.length)}; }
export function model_invoke(): void { invoke(); }
export function memory_end(): usize { return __heap_base; }
export function tensor_at(index: i32): usize {
  const arena = input() - ${offsetOf(model.inputs[0]!.index)};
  switch (index) {
${tensors.map((tensor) => `    case ${tensor}: return arena + ${offsetOf(tensor)};`).join('\n')}
  }
  return 0;
}
`;
}

/** AssemblyScript to wasm with a memory of fixed size, from `entry.ts` and its neighbours in memory and the package's own files. */
export async function compileSources(sources: Readonly<Record<string, string>>, pages: number): Promise<Uint8Array> {
  const out = 'out.wasm';
  let wasm: Uint8Array | undefined;
  const memory = ['--initialMemory', String(pages), '--maximumMemory', String(pages)];
  const { error, stderr } = await asc.main(
    [`${FOLDER}/entry.ts`, '--outFile', out, '--runtime', 'stub', '-O3', '--noAssert', ...memory],
    {
      readFile: async (name) =>
        sources[basename(name)] ?? (name === 'asconfig.json' ? null : readText(join(packageRoot, name))),
      writeFile: async (name, contents) => {
        if (name === out && contents instanceof Uint8Array) wasm = contents;
      },
      listFiles: async () => [],
    },
  );
  if (error !== null || wasm === undefined) {
    throw new MoteError('HARNESS_BUILD', `AssemblyScript refused the generated model: ${stderr.toString().trim()}`, {
      cause: error,
    });
  }
  return wasm;
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}
