/**
 * A model alone in a module, for verification, benchmarks and tests. It is compiled as `mote build` compiles it into an app: with the same
 * flags, passes and rom layout.
 */
import { createHash } from 'node:crypto';
import { packageRoot } from '../../base/index.ts';
import { validateModule } from '../../device/engine/index.ts';
import { loadCompiler, readSource } from '../assembly/index.ts';
import { type CompiledModel, compileGraph } from './compile.ts';
import { parseModel } from './parse.ts';

export interface Harness {
  /**
   * Exports `model_input(i)`, `model_output(i)` and `tensor_at(i)` (pointers, `tensor_at` by tensor index), and
   * `model_invoke()`.
   */
  wasm: Uint8Array;
  /** Linear memory that it uses, which an engine must provide. */
  memoryBytes: number;
  rom: Uint8Array;
  model: CompiledModel;
  /** Tensors in the arena. With `separate` each keeps its value after a run. */
  tensors: readonly number[];
}

export interface HarnessOptions {
  /** Give every tensor memory of its own; nothing works in place. */
  separate?: boolean;
}

/** Folder of the virtual sources; only a name, so that imports resolve into the package's own `assembly`. */
const FOLDER = 'build/harness';

/** Compiles a model and wraps it in a minimal module. Throws `MODEL_*` and `COMPILER_MISSING`. */
export async function buildHarness(bytes: Uint8Array, options: HarnessOptions = {}): Promise<Harness> {
  const { compileModule } = await loadCompiler();
  const graph = parseModel(bytes);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const settings = { name: 'model', kernelPath: '../../assembly/nn' };
  const { model, memory } = compileGraph(graph, settings, digest, options);
  const tensors = [...new Set(model.plan.allocations.flatMap((allocation) => allocation.tensors))].sort(
    (a, b) => a - b,
  );
  const entry = entrySource(model, tensors, memory.offsetOf);
  const sources = new Map([
    [`${FOLDER}/model.ts`, model.source],
    [`${FOLDER}/entry.ts`, entry],
  ]);
  const { wasm } = await compileModule({
    target: 'model',
    entry: `${FOLDER}/entry.ts`,
    readFile: (name) => sources.get(name) ?? readSource(packageRoot, name),
    library: 'assembly',
  });
  return { wasm, memoryBytes: validateModule(wasm).memoryBytes, rom: model.rom, model, tensors };
}

function entrySource(model: CompiledModel, tensors: readonly number[], offsetOf: (tensor: number) => number): string {
  const pointer = (end: 'input' | 'output', count: number) => `${end}(${count > 1 ? 'index' : ''})`;
  return `import { input, invoke, output, ARENA_BYTES } from './model';
import '../../assembly/mote/abort';
export { ABI_VERSION as abi_version } from '../../assembly/abi/module';
export function init(): i32 { return ARENA_BYTES > 0 ? 0 : -1; }
export function step(now: i64): i64 { return now; }
export function on_message(id: i32, length: i32): void {}
export function health(): i32 { return 1; }
export function memory_bytes(): usize { return __heap_base; }
export function model_input(index: i32): usize { return ${pointer('input', model.inputs.length)}; }
export function model_output(index: i32): usize { return ${pointer('output', model.outputs.length)}; }
export function model_invoke(): void { invoke(); }
export function tensor_at(index: i32): usize {
  const arena = input() - ${offsetOf(model.inputs[0]!.index)};
  switch (index) {
${tensors.map((tensor) => `    case ${tensor}: return arena + ${offsetOf(tensor)};`).join('\n')}
  }
  return 0;
}
`;
}
