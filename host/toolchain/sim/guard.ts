/** Runs a guarded module: its import `guard` traps with the name of the block that a write missed. */
import { type Engine, type HostFunction, Trap } from '../../device/engine/index.ts';
import type { Block } from '../app/index.ts';

/** The engine with the import `guard` for each module that it loads. */
export function guardedEngine(engine: Engine, blocks: readonly Block[]): Engine {
  const guard: HostFunction = (block, address, bytes) => {
    throw new Trap('memory', describe(blocks, Number(block), Number(address) >>> 0, Number(bytes) >>> 0));
  };
  return {
    name: engine.name,
    load: (options) => engine.load({ ...options, imports: { ...options.imports, guard } }),
  };
}

function describe(blocks: readonly Block[], index: number, address: number, bytes: number): string {
  const block = blocks[index];
  if (block === undefined) return `a write of ${bytes} bytes at ${address}, below all blocks: null is no address`;
  const name = block.name ?? `a block without a name at ${block.address}`;
  const offset = address - block.address;
  return `a write of ${bytes} bytes at offset ${offset} leaves ${name}, which has ${block.bytes} bytes`;
}
