/**
 * The program that `scripts/asan.mjs` runs under AddressSanitizer. It validates damaged and random modules, and loads
 * and calls those that are valid. Arguments: the addon, the number of modules, the seed. Prints counts as JSON; a fault
 * ends the process.
 */
import { MoteError } from '../../../base/index.ts';
import { type Instance, Trap, type Value, type ValueType, validateModule } from '../index.ts';
import { mutate, random } from '../mutate.ts';
import { generateModule } from '../random-module.ts';
import { SEED_MODULES } from '../seeds.ts';
import { loadWasm3 } from './index.ts';

const [addon, modules, seed] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const engine = await loadWasm3(addon);
const below = random(seed);
const counts = { modules: 0, loaded: 0, calls: 0, trapped: 0 };
const gate = { profile: 'harness', hostNames: new Set(['time_now', 'log']) } as const;

const number = () => [0, 1, -1, 5, 65535, 0x7fffffff, below(2 ** 32)][below(7)]!;
const argument: Record<ValueType, () => Value> = {
  i32: number,
  i64: () => BigInt(number()),
  f32: () => number() / 3,
  f64: () => number() / 7,
};
const imports = {
  time_now: () => 5n,
  log: () => {
    if (below(4) === 0) throw new Error('host');
    return undefined;
  },
};

/** Half of them are damaged seeds; the others are random modules, most of them damaged as well. */
function nextModule(): Uint8Array {
  if (below(2) === 0) return mutate(SEED_MODULES[below(SEED_MODULES.length)]!, below);
  const wasm = generateModule(below, 1 + below(5));
  return below(3) === 0 ? wasm : mutate(wasm, below);
}

function load(wasm: Uint8Array): Instance | null {
  const limits = { memoryBytes: 1024 + below(70_000), stackBytes: 1024 + below(8192), fuel: 500n, deadlineMs: 1 };
  try {
    return engine.load({ wasm, rom: new Uint8Array(below(40)), imports, limits });
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    return null;
  }
}

for (; counts.modules < modules; counts.modules++) {
  const wasm = nextModule();
  const instance = load(wasm);
  if (instance === null) continue;
  counts.loaded++;
  for (const [name, { type }] of validateModule(wasm, gate).functions) {
    counts.calls++;
    try {
      instance.call(name, ...type.params.map((one) => argument[one]()));
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      counts.trapped++;
      break;
    }
  }
  instance.bytes(0, 0);
  // The others are left to the garbage collector.
  if (below(4) > 0) instance.close();
}
console.log(JSON.stringify(counts));
