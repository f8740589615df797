import { describe, expect, it } from 'vitest';
import { MoteError, packageRoot } from '../../base/index.ts';
import { ENGINE_NAMES, type Instance, loadEngine, Trap, validateModule } from '../../device/engine/index.ts';
import { LIMITS, wat } from '../../device/engine/testing.ts';
import { compileAssembly } from './asc.ts';
import { addFuel, type FuelOptions } from './fuel.ts';
import { readSource } from './library.ts';

async function assemble(text: string, files: Record<string, string> = {}): Promise<Uint8Array> {
  const all: Record<string, string> = { 'test.ts': text, ...files };
  const { wasm } = await compileAssembly({
    target: 'model',
    entry: 'test.ts',
    readFile: (name) => all[name] ?? readSource(packageRoot, name),
  });
  return wasm;
}

/** What a call leaves behind: how it ended, the fuel it took and a digest of memory. */
function run(instance: Instance, name: string, ...args: (number | bigint)[]) {
  let ended: unknown;
  try {
    ended = instance.call(name, ...args);
  } catch (error) {
    ended = error instanceof Trap ? error.kind : error;
  }
  const memory = Buffer.from(instance.bytes(0, 64)).toString('hex');
  return { ended, fuel: instance.fuelUsed(), memory };
}

/** The same call on every engine; all must agree. */
async function runEverywhere(wasm: Uint8Array, fuel: bigint, name: string, ...args: (number | bigint)[]) {
  const all = [];
  for (const engineName of ENGINE_NAMES) {
    const engine = await loadEngine(engineName);
    const instance = engine.load({ wasm, imports: {}, limits: { ...LIMITS, fuel } });
    all.push(run(instance, name, ...args));
    instance.close();
  }
  for (const one of all) expect(one).toEqual(all[0]);
  return all[0]!;
}

/** What a build's entry file has, for `memory_bytes`. */
const HEAP_BASE = 'export function memory_bytes(): usize { return __heap_base; }';

const MEMORY = '(memory 1) (export "memory" (memory 0))';
const COUNT_IN_MEMORY = '(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))';

interface Row {
  description: string;
  text: string;
  fuel: bigint;
  ended: unknown;
  used: bigint;
  options?: FuelOptions;
}

const LOOP = `(func (export "f") (param $n i32) (loop $l ${COUNT_IN_MEMORY}
  (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))`;

const ROWS: Row[] = [
  {
    description: 'one unit for the function and one for each iteration',
    text: LOOP,
    fuel: 100n,
    ended: undefined,
    used: 11n,
  },
  {
    description: 'nothing in a function without loops and calls',
    text: '(func (export "f") (param i32))',
    fuel: 0n,
    ended: undefined,
    used: 0n,
  },
  { description: 'just enough fuel', text: LOOP, fuel: 11n, ended: undefined, used: 11n },
  { description: 'one unit too little', text: LOOP, fuel: 10n, ended: 'fuel', used: 11n },
  {
    description: 'nested loops',
    text: `(func (export "f") (param $n i32) (local $m i32) (loop $a (local.set $m (i32.const 3)) (loop $b ${COUNT_IN_MEMORY}
      (br_if $b (local.tee $m (i32.sub (local.get $m) (i32.const 1)))))
      (br_if $a (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))`,
    fuel: 1000n,
    ended: undefined,
    used: 41n,
  },
  {
    description: 'a runaway loop',
    text: `(func (export "f") (param i32) (loop $l ${COUNT_IN_MEMORY} (br $l)))`,
    fuel: 5000n,
    ended: 'fuel',
    used: 5001n,
  },
  {
    description: 'runaway recursion in a tree',
    text: `(func $g (param $d i32) ${COUNT_IN_MEMORY} (if (local.get $d) (then
      (call $g (i32.sub (local.get $d) (i32.const 1))) (call $g (i32.sub (local.get $d) (i32.const 1))))))
      (func (export "f") (param i32) (call $g (i32.const 30)))`,
    fuel: 5000n,
    ended: 'fuel',
    used: 5001n,
  },
  {
    description: 'indirect recursion',
    text: `(type $t (func (param i32))) (table 1 funcref) (elem (i32.const 0) $g) (func $g (param i32) ${COUNT_IN_MEMORY}
      (if (local.get 0) (then (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))))
      (func (export "f") (param i32) (call $g (local.get 0)))`,
    fuel: 100n,
    ended: undefined,
    used: 12n,
  },
  {
    description: 'nothing in exempt functions',
    text: `(func $assembly/nn/k (param $n i32) (loop $l ${COUNT_IN_MEMORY}
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
      (func (export "f") (param i32) (call $assembly/nn/k (local.get 0)))`,
    fuel: 100n,
    ended: undefined,
    used: 1n,
  },
];

describe('the fuel pass', () => {
  it.each(ROWS)('takes $description', async ({ text, fuel, ended, used, options }) => {
    for (const optimize of [false, true]) {
      const source = wat(`(module ${MEMORY} ${text})`, { names: true });
      const wasm = addFuel(source, { memoryBytes: 64, optimize, ...options });
      expect(await runEverywhere(wasm, fuel, 'f', 10)).toMatchObject({ ended, fuel: used });
    }
  });

  it('turns charge() into a countdown, with units that cannot fill the tank', async () => {
    const source = `(module (import "mote" "charge" (func $c (param i32))) ${MEMORY}
      (func (export "f") (param i32) ${COUNT_IN_MEMORY} (call $c (local.get 0)) ${COUNT_IN_MEMORY}))`;
    const wasm = addFuel(wat(source), { memoryBytes: 64 });
    expect(validateModule(wasm, { profile: 'harness' }).imports).toEqual([]);
    const once = '01'.padEnd(128, '0');
    const twice = '02'.padEnd(128, '0');
    expect(await runEverywhere(wasm, 100n, 'f', 99)).toEqual({ ended: undefined, fuel: 100n, memory: twice });
    expect(await runEverywhere(wasm, 100n, 'f', 100)).toEqual({ ended: 'fuel', fuel: 101n, memory: once });
    expect(await runEverywhere(wasm, 100n, 'f', -1)).toMatchObject({ ended: 'fuel', fuel: 2n ** 32n });
  });

  it('exempts the kernels of a compiled program, whose charges count', async () => {
    const kernel = `import { charge } from '../abi/fuel';
      export function sum(n: i32): i32 { charge(n * 2); let s = 0; for (let i = 0; i < n; i++) s += i * s + 1; return s; }`;
    const app = (path: string) => `import { sum } from '${path}';
      const arena = memory.data(1000);
      ${HEAP_BASE}
      export function f(n: i32): i32 { store<i32>(arena, sum(n)); return load<i32>(arena); }`;
    const exempt = addFuel(await assemble(app('./assembly/nn/sum'), { 'assembly/nn/sum.ts': kernel }));
    const ended = expect.any(Number);
    expect(await runEverywhere(exempt, 10_000n, 'f', 1000)).toMatchObject({ ended, fuel: 2001n });
    const other = kernel.replace('../abi', '../assembly/abi');
    const counted = addFuel(await assemble(app('./lib/sum'), { 'lib/sum.ts': other }));
    // The call of f, the call of sum, and the loop's last look at its condition.
    expect(await runEverywhere(counted, 10_000n, 'f', 1000)).toMatchObject({ ended, fuel: 3003n });
  });

  it('reports how much memory a compiled program touches', async () => {
    const wasm = addFuel(
      await assemble(`const a = memory.data(5000); export function f(): usize { return a; } ${HEAP_BASE}`),
    );
    const { memoryBytes, hasFuel } = validateModule(wasm, { profile: 'harness' });
    expect(hasFuel).toBe(true);
    expect(memoryBytes).toBe(5016);
    expect(wasm.length).toBeLessThan(200);
  });

  it('keeps names only when asked to', async () => {
    const source = wat(`(module ${MEMORY} (func $hello (export "f") (loop $l (br $l))))`, { names: true });
    const has = (wasm: Uint8Array) => Buffer.from(wasm).includes('hello');
    expect(has(addFuel(source, { memoryBytes: 0, names: true }))).toBe(true);
    expect(has(addFuel(source, { memoryBytes: 0 }))).toBe(false);
  });

  it.each([
    ['FUEL_INPUT', 'no module', () => addFuel(new Uint8Array(8))],
    ['FUEL_INPUT', 'a module with fuel', () => addFuel(addFuel(wat('(module)'), { memoryBytes: 0 }))],
    ['FUEL_MEMORY', 'a module of unknown memory', () => addFuel(wat('(module)'))],
  ])('throws %s for %s', (code, _description, act) => {
    expect(act).toThrow(expect.objectContaining({ code }));
    expect(act).toThrow(MoteError);
  });
});
