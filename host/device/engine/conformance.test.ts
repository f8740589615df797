/** One suite for every engine: the same module has the same results, the same traps and the same memory on each. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_NAMES, type Engine, type LoadOptions, loadEngine, type Value } from './index.ts';
import { errorCode, LIMITS, loadText, MEMORY, trapKind, wat } from './testing.ts';

interface Row {
  description: string;
  body: string;
  args?: Value[];
  expected?: Value | undefined;
  traps?: string;
}

const IDENTITY = (type: string) => `(func (export "f") (param $a ${type}) (result ${type}) (local.get $a))`;
const NULLARY = (result: string, code: string) => `(func (export "f") (result ${result}) ${code})`;
const TABLE = `(type $i (func (param i32) (result i32))) (type $v (func)) (table 3 funcref) (elem (i32.const 0) $a $b)
  (func $a (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))) (func $b)
  (func (export "f") (param $n i32) (result i32) (call_indirect (type $i) (i32.const 41) (local.get $n)))`;

const VALUES: Row[] = [
  { description: 'i32', body: IDENTITY('i32'), args: [-5], expected: -5 },
  { description: 'i32 of all ones', body: IDENTITY('i32'), args: [0xffffffff], expected: -1 },
  { description: 'the smallest i64', body: IDENTITY('i64'), args: [-(2n ** 63n)], expected: -(2n ** 63n) },
  { description: 'the largest i64', body: IDENTITY('i64'), args: [2n ** 63n - 1n], expected: 2n ** 63n - 1n },
  { description: 'an i64 that wraps', body: IDENTITY('i64'), args: [2n ** 64n - 1n], expected: -1n },
  { description: 'f32, rounded', body: IDENTITY('f32'), args: [0.1], expected: Math.fround(0.1) },
  { description: 'f64', body: IDENTITY('f64'), args: [Math.PI], expected: Math.PI },
  { description: 'nothing', body: '(func (export "f"))', expected: undefined },
  {
    description: 'many arguments in order',
    body: `(func (export "f") (param i32 i64 i32 f64 i64) (result i64) (i64.sub (i64.add (local.get 1) (local.get 4))
      (i64.extend_i32_s (i32.mul (local.get 0) (local.get 2)))))`,
    args: [3, 100n, 5, 0.5, 7n],
    expected: 92n,
  },
  { description: 'an indirect call', body: TABLE, args: [0], expected: 42 },
  { description: 'sign extension', body: NULLARY('i32', '(i32.extend8_s (i32.const 0x80))'), expected: -128 },
  {
    description: 'saturating truncation',
    body: NULLARY('i32', '(i32.trunc_sat_f64_s (f64.const 1e30))'),
    expected: 2147483647,
  },
  {
    description: 'fill and copy of memory',
    body: `${MEMORY}(func (export "f") (result i32) (memory.fill (i32.const 8) (i32.const 7) (i32.const 4))
      (memory.copy (i32.const 10) (i32.const 8) (i32.const 4)) (i32.load (i32.const 10)))`,
    expected: 0x07070707,
  },
  {
    description: 'data segments and memory size',
    body: `${MEMORY}(data (i32.const 16) "abcd")
      (func (export "f") (result i32) (i32.add (i32.load (i32.const 16)) (memory.size)))`,
    expected: 0x64636261 + 1,
  },
  {
    description: 'a start value of a global',
    body: `(global $g (mut i64) (i64.const -3)) ${NULLARY('i64', '(global.get $g)')}`,
    expected: -3n,
  },
];

const TRAPS: Row[] = [
  { description: 'unreachable', body: NULLARY('i32', '(unreachable)'), traps: 'unreachable' },
  { description: 'division by zero', body: NULLARY('i32', '(i32.div_s (i32.const 1) (i32.const 0))'), traps: 'divide' },
  {
    description: 'remainder by zero',
    body: NULLARY('i64', '(i64.rem_u (i64.const 1) (i64.const 0))'),
    traps: 'divide',
  },
  {
    description: 'division overflow',
    body: NULLARY('i32', '(i32.div_s (i32.const 0x80000000) (i32.const -1))'),
    traps: 'integer',
  },
  { description: 'truncation overflow', body: NULLARY('i32', '(i32.trunc_f64_s (f64.const 1e30))'), traps: 'integer' },
  { description: 'truncation of NaN', body: NULLARY('i32', '(i32.trunc_f64_s (f64.const nan))'), traps: 'integer' },
  { description: 'an indirect call of the wrong type', body: TABLE, args: [1], traps: 'indirect' },
  { description: 'an indirect call of nothing', body: TABLE, args: [2], traps: 'indirect' },
  { description: 'an indirect call outside the table', body: TABLE, args: [3], traps: 'indirect' },
  {
    description: 'a load outside memory',
    body: `${MEMORY}${NULLARY('i32', '(i32.load (i32.const 65533))')}`,
    traps: 'memory',
  },
  {
    description: 'a load whose address wraps',
    body: `${MEMORY}${NULLARY('i32', '(i32.load offset=16 (i32.const -8))')}`,
    traps: 'memory',
  },
  {
    description: 'a store outside memory',
    body: `${MEMORY}(func (export "f") (i64.store (i32.const 65529) (i64.const 1)))`,
    traps: 'memory',
  },
  {
    description: 'a fill outside memory',
    body: `${MEMORY}(func (export "f") (memory.fill (i32.const 65530) (i32.const 1) (i32.const 7)))`,
    traps: 'memory',
  },
  {
    description: 'a copy from outside memory',
    body: `${MEMORY}(func (export "f") (memory.copy (i32.const 0) (i32.const -4) (i32.const 8)))`,
    traps: 'memory',
  },
  { description: 'recursion without an end', body: '(func $f (export "f") (call $f))', traps: 'stack' },
  {
    description: 'recursion with locals',
    body: '(func $f (export "f") (param i64) (result i64) (i64.add (call $f (local.get 0)) (local.get 0)))',
    args: [1n],
    traps: 'stack',
  },
  { description: 'a loop without an end', body: '(func (export "f") (loop $l (br $l)))', traps: 'deadline' },
  {
    description: 'a fuel global that is never counted down',
    body: '(global (export "fuel") (mut i64) (i64.const 0)) (func (export "f") (loop $l (br $l)))',
    traps: 'deadline',
  },
  {
    description: 'calls without an end',
    body: `(func $g (param i32) (if (local.get 0) (then (call $g (i32.sub (local.get 0) (i32.const 1)))
      (call $g (i32.sub (local.get 0) (i32.const 1)))))) (func (export "f") (call $g (i32.const 200)))`,
    traps: 'deadline',
  },
];

describe.each(ENGINE_NAMES)('%s', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await loadEngine(name);
  });
  const load = (text: string, options?: Partial<LoadOptions>) => loadText(engine, text, options);

  it.each(VALUES)('returns $description', ({ body, args = [], expected }) => {
    const instance = load(body);
    expect(instance.call('f', ...args)).toBe(expected);
    instance.close();
  });

  it.each(TRAPS)('traps at $description', ({ body, args = [], traps }) => {
    const instance = load(body, { limits: { ...LIMITS, deadlineMs: traps === 'deadline' ? 50 : 60_000 } });
    expect(trapKind(() => instance.call('f', ...args))).toBe(traps);
    expect(errorCode(() => instance.call('f', ...args))).toBe('ENGINE_DEAD');
    instance.close();
  });

  describe('memory', () => {
    const STORE = `${MEMORY}(func (export "store") (param i32) (i32.store8 (local.get 0) (i32.const 1)))`;
    const capped = (memoryBytes: number, text = STORE) => load(text, { limits: { ...LIMITS, memoryBytes } });

    it.each([100, 1, 65535])('is capped at %i bytes, below a page', (memoryBytes) => {
      const instance = capped(memoryBytes);
      instance.call('store', memoryBytes - 1);
      expect([...instance.bytes(memoryBytes - 1, 1)]).toEqual([1]);
      expect(trapKind(() => instance.call('store', memoryBytes))).toBe('memory');
    });

    it('can be capped at 0 bytes', () => {
      expect(trapKind(() => capped(0).call('store', 0))).toBe('memory');
      expect(capped(0).bytes(0, 0).length).toBe(0);
    });

    it('rejects a data segment beyond the cap', () => {
      const text = `${MEMORY}(data (i32.const 96) "12345678")`;
      expect(Buffer.from(capped(104, text).bytes(96, 8)).toString()).toBe('12345678');
      expect(trapKind(() => capped(103, text))).toBe('memory');
    });

    it.each<[number, number]>([
      [0, 101],
      [100, 1],
      [101, 0],
      [-1, 1],
      [0, -1],
      [2 ** 32 - 4, 8],
      [0, Number.NaN],
    ])('returns no bytes at %i of length %i under a cap of 100', (ptr, length) => {
      expect(trapKind(() => capped(100).bytes(ptr, length))).toBe('memory');
    });

    it('is written through bytes()', () => {
      const instance = load(`${MEMORY}(func (export "f") (result i32) (i32.load (i32.const 8)))`);
      instance.bytes(8, 4).set([1, 2, 3, 4]);
      expect(instance.call('f')).toBe(0x04030201);
    });

    it('of a module without one is empty', () => {
      const instance = load('(func (export "f"))');
      expect(instance.bytes(0, 0).length).toBe(0);
      expect(trapKind(() => instance.bytes(0, 1))).toBe('memory');
      instance.close();
    });

    it('is still accessible after a trap', () => {
      const instance = load(`${MEMORY}(func (export "f") (i32.store (i32.const 0) (i32.const 7)) (unreachable))`);
      expect(trapKind(() => instance.call('f'))).toBe('unreachable');
      expect([...instance.bytes(0, 2)]).toEqual([7, 0]);
    });
  });

  describe('globals', () => {
    it('are read by name', () => {
      const instance = load(`(global $a i32 (i32.const -1)) (global $b i64 (i64.const -9223372036854775808))
        (global $c f32 (f32.const 0.5)) (global $d (mut f64) (f64.const -0.25))
        (export "a" (global $a)) (export "b" (global $b)) (export "c" (global $c)) (export "d" (global $d))
        (func (export "set") (global.set $d (f64.const 8)))`);
      expect(['a', 'b', 'c', 'd', 'e'].map((one) => instance.global(one))).toEqual([
        -1,
        -(2n ** 63n),
        0.5,
        -0.25,
        undefined,
      ]);
      instance.call('set');
      expect(instance.global('d')).toBe(8);
    });
  });

  describe('an instance', () => {
    it('rejects calls of missing exports, and wrong arguments', () => {
      const instance = load('(func (export "f") (param i32 i64))');
      expect(instance.has('f')).toBe(true);
      expect(instance.has('g')).toBe(false);
      expect(errorCode(() => instance.call('g'))).toBe('ENGINE_EXPORT');
      for (const args of [[], [1], [1, 2], [1n, 2n], [1, 2n, 3]]) {
        expect(errorCode(() => instance.call('f', ...args))).toBe('ENGINE_ARGUMENTS');
      }
      instance.call('f', 1, 2n);
    });

    it('does nothing after close', () => {
      const instance = load(`${MEMORY}(func (export "f")) (global $g i32 (i32.const 1)) (export "g" (global $g))`);
      instance.close();
      instance.close();
      for (const act of [() => instance.call('f'), () => instance.bytes(0, 1), () => instance.global('g')]) {
        expect(errorCode(act)).toBe('ENGINE_CLOSED');
      }
    });

    it('is independent of other instances', () => {
      const text = `(module ${MEMORY}(global $n (mut i32) (i32.const 0)) (func (export "f") (param i32) (result i32)
        (global.set $n (i32.add (global.get $n) (local.get 0))) (i32.store (i32.const 0) (global.get $n)) (global.get $n)))`;
      const wasm = wat(text);
      const all = Array.from({ length: 300 }, () => engine.load({ wasm, imports: {}, limits: LIMITS }));
      for (let round = 1; round <= 3; round++) {
        for (const [i, one] of all.entries()) expect(one.call('f', i)).toBe(i * round);
      }
      for (const [i, one] of all.entries()) {
        expect(Buffer.from(one.bytes(0, 4)).readInt32LE()).toBe(i * 3);
        one.close();
      }
    });
  });

  describe('loading', () => {
    it.each([
      ['a start function', '(func $s) (start $s)', 'WASM_FEATURE'],
      ['memory.grow', `${MEMORY}(func (drop (memory.grow (i32.const 1))))`, 'WASM_FEATURE'],
      ['an import that the host does not provide', '(import "mote" "time_now" (func (result i64)))', 'WASM_IMPORT'],
      ['an import that is not in the ABI', '(import "mote" "fly" (func))', 'WASM_IMPORT'],
      ['an import from another module', '(import "env" "log" (func))', 'WASM_IMPORT'],
      ['an import of another type', '(import "mote" "log" (func (param i64)))', 'WASM_IMPORT'],
    ])('refuses %s', (_description, text, code) => {
      expect(errorCode(() => load(text, { imports: name ? { log: () => undefined } : {} }))).toBe(code);
    });

    it('rejects bytes that are not WebAssembly', () => {
      expect(errorCode(() => engine.load({ wasm: Buffer.from('hello'), imports: {}, limits: LIMITS }))).toBe(
        'WASM_INVALID',
      );
    });

    it.each([
      { memoryBytes: -1 },
      { memoryBytes: 0.5 },
      { stackBytes: 0 },
      { deadlineMs: 0 },
      { deadlineMs: Number.NaN },
      { fuel: -1n },
      { fuel: 2n ** 63n },
    ])('rejects the limits %o', (limits) => {
      expect(errorCode(() => load('', { limits: { ...LIMITS, ...limits } }))).toBe('ENGINE_LIMITS');
    });
  });
});
