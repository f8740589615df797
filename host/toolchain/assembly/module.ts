/** From AssemblyScript to what a node runs: the compiler, then the passes that every shipped module goes through. */
import { type AscOptions, type AscResult, compileAssembly } from './asc.ts';
import { type Block, readBlocks } from './blocks.ts';
import type { Calls } from './calls.ts';
import { type ModuleDebug, makeModule } from './fuel.ts';
import { readCalls } from './read-calls.ts';

export interface ModuleOptions extends Pick<AscOptions, 'entry' | 'readFile' | 'guard'> {
  /** `release` for an app, `model` for a model on its own. They differ only in the treatment of top-level code. */
  target: 'release' | 'model';
  /** The library's `assembly` folder as asc names what is in it. The entry file must import `mote/abort` from it. */
  library: string;
  /** Receives the call graph before the passes, while each function of the source still exists. It may throw. */
  inspect?(calls: Calls): void;
}

export interface ModuleResult extends Omit<AscResult, 'map'> {
  /** Null if the compiler gave no source map. */
  debug: ModuleDebug | null;
  /** With `guard`: the blocks of memory, for `addGuard`. */
  blocks: Block[] | null;
}

/** Components of the library whose functions pay for their work themselves. */
const EXEMPT = ['nn', 'dsp', 'cbor'];

/** Throws `BUILD_COMPILE`, `FUEL_*`, and what `inspect` throws. */
export async function compileModule({ library, inspect, ...options }: ModuleOptions): Promise<ModuleResult> {
  const args = ['--use', `abort=${library}/mote/abort/abort`];
  const { wasm, map, warnings } = await compileAssembly({ ...options, args, sourceMap: true });
  inspect?.(readCalls(wasm));
  const exempt = EXEMPT.map((component) => `${library}/${component}/`);
  const isExempt = (name: string) => exempt.some((prefix) => name.startsWith(prefix));
  const blocks = options.guard === true ? readBlocks(wasm) : null;
  return { ...makeModule(wasm, map, { isExempt }), warnings, blocks };
}
