/** Random modules have the same results in every bit on every engine. */
import { beforeAll, expect, it } from 'vitest';
import { cases } from '../../base/test-form.ts';
import { ENGINE_NAMES, type Engine, loadEngine, Trap, type Value, type ValueType, validateModule } from './index.ts';
import { random } from './mutate.ts';
import { generateModule } from './random-module.ts';
import { LIMITS } from './testing.ts';

const MODULES = cases(6000);
/** The loops end by themselves, so V8 needs no watchdog, which would take most of the time. */
const limits = { ...LIMITS, deadlineMs: Number.POSITIVE_INFINITY };
/** Frames that both engines keep of a deep stack. */
const FRAMES = 8;
let engines: Engine[];
beforeAll(async () => {
  engines = await Promise.all(ENGINE_NAMES.map(loadEngine));
});

function argument(type: ValueType, below: (bound: number) => number): Value {
  const number = [0, 1, -1, 7, 0x7fffffff, -0x80000000, below(2 ** 32) | 0][below(7)]!;
  if (type === 'i64') return below(2) ? BigInt(number) : BigInt(number) << 31n;
  return type === 'i32' ? number : number / 3;
}

/**
 * Returns the values, traps with their places, globals and memory after the calls. All NaNs count as equal: their bits depend on the
 * engine.
 */
function run(engine: Engine, wasm: Uint8Array, calls: readonly (readonly [string, Value[]])[]) {
  const instance = engine.load({ wasm, imports: {}, limits });
  const results: unknown[] = [];
  for (const [name, args] of calls) {
    try {
      results.push(instance.call(name, ...args));
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      results.push(error.kind, error.offsets.slice(0, FRAMES));
      break;
    }
  }
  for (let i = 0; i < 6; i++) results.push(instance.global(`g${i}`));
  const memory = Buffer.from(instance.bytes(0, 65536));
  instance.close();
  return { results, memory };
}

it(`agree on ${MODULES} random modules`, () => {
  const below = random(3);
  let traps = 0;
  for (let i = 0; i < MODULES; i++) {
    const wasm = generateModule(below, 3 + (i % 4));
    const info = validateModule(wasm, { profile: 'harness' });
    const calls = [...info.functions].map(([name, { type }]) => {
      return [name, type.params.map((one) => argument(one, below))] as const;
    });
    const [first, ...others] = engines.map((engine) => run(engine, wasm, calls));
    for (const other of others) {
      if (!first!.memory.equals(other.memory)) throw new Error(`module ${i}: memory differs`);
      expect(other.results, `module ${i}`).toEqual(first!.results);
    }
    if (first!.results.some((one) => typeof one === 'string')) traps++;
  }
  expect(traps).toBeGreaterThan(MODULES / 20);
  expect(traps).toBeLessThan(MODULES * 0.8);
}, 180_000);
