/** One suite for every engine: the same module gives the same values, the same traps and the same memory. */
import { beforeAll, describe, expect, it } from 'vitest';
import { MoteError } from '../error.ts';
import { ENGINE_NAMES, type Engine, type Instance, type LoadOptions, loadEngine, Trap, type Value } from './index.ts';
import { LIMITS, wat } from './testing.ts';

const MEMORY = '(memory $m 1) (export "memory" (memory $m))';

/** Kind of the trap that `run` ends in, or what else it threw. */
function trapKind(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof Trap ? error.kind : `no trap: ${String(error)}`;
  }
  return 'returned';
}

function errorCode(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof MoteError ? error.code : `no MoteError: ${String(error)}`;
  }
  return 'returned';
}

interface Row {
  says: string;
  body: string;
  args?: Value[];
  gives?: Value | undefined;
  traps?: string;
}

const IDENTITY = (type: string) => `(func (export "f") (param $a ${type}) (result ${type}) (local.get $a))`;
const NULLARY = (result: string, code: string) => `(func (export "f") (result ${result}) ${code})`;
const TABLE = `(type $i (func (param i32) (result i32))) (type $v (func)) (table 3 funcref) (elem (i32.const 0) $a $b)
  (func $a (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))) (func $b)
  (func (export "f") (param $n i32) (result i32) (call_indirect (type $i) (i32.const 41) (local.get $n)))`;

const VALUES: Row[] = [
  { says: 'i32', body: IDENTITY('i32'), args: [-5], gives: -5 },
  { says: 'i32 of all ones', body: IDENTITY('i32'), args: [0xffffffff], gives: -1 },
  { says: 'the smallest i64', body: IDENTITY('i64'), args: [-(2n ** 63n)], gives: -(2n ** 63n) },
  { says: 'the largest i64', body: IDENTITY('i64'), args: [2n ** 63n - 1n], gives: 2n ** 63n - 1n },
  { says: 'an i64 that wraps', body: IDENTITY('i64'), args: [2n ** 64n - 1n], gives: -1n },
  { says: 'f32, rounded', body: IDENTITY('f32'), args: [0.1], gives: Math.fround(0.1) },
  { says: 'f64', body: IDENTITY('f64'), args: [Math.PI], gives: Math.PI },
  { says: 'nothing', body: '(func (export "f"))', gives: undefined },
  {
    says: 'many arguments in order',
    body: `(func (export "f") (param i32 i64 i32 f64 i64) (result i64) (i64.sub (i64.add (local.get 1) (local.get 4))
      (i64.extend_i32_s (i32.mul (local.get 0) (local.get 2)))))`,
    args: [3, 100n, 5, 0.5, 7n],
    gives: 92n,
  },
  { says: 'an indirect call', body: TABLE, args: [0], gives: 42 },
  { says: 'sign extension', body: NULLARY('i32', '(i32.extend8_s (i32.const 0x80))'), gives: -128 },
  { says: 'saturating truncation', body: NULLARY('i32', '(i32.trunc_sat_f64_s (f64.const 1e30))'), gives: 2147483647 },
  {
    says: 'fill and copy of memory',
    body: `${MEMORY}(func (export "f") (result i32) (memory.fill (i32.const 8) (i32.const 7) (i32.const 4))
      (memory.copy (i32.const 10) (i32.const 8) (i32.const 4)) (i32.load (i32.const 10)))`,
    gives: 0x07070707,
  },
  {
    says: 'data segments and memory size',
    body: `${MEMORY}(data (i32.const 16) "abcd")
      (func (export "f") (result i32) (i32.add (i32.load (i32.const 16)) (memory.size)))`,
    gives: 0x64636261 + 1,
  },
  {
    says: 'a start value of a global',
    body: `(global $g (mut i64) (i64.const -3)) ${NULLARY('i64', '(global.get $g)')}`,
    gives: -3n,
  },
];

const TRAPS: Row[] = [
  { says: 'unreachable', body: NULLARY('i32', '(unreachable)'), traps: 'unreachable' },
  { says: 'division by zero', body: NULLARY('i32', '(i32.div_s (i32.const 1) (i32.const 0))'), traps: 'divide' },
  { says: 'remainder by zero', body: NULLARY('i64', '(i64.rem_u (i64.const 1) (i64.const 0))'), traps: 'divide' },
  {
    says: 'division overflow',
    body: NULLARY('i32', '(i32.div_s (i32.const 0x80000000) (i32.const -1))'),
    traps: 'integer',
  },
  { says: 'truncation overflow', body: NULLARY('i32', '(i32.trunc_f64_s (f64.const 1e30))'), traps: 'integer' },
  { says: 'truncation of NaN', body: NULLARY('i32', '(i32.trunc_f64_s (f64.const nan))'), traps: 'integer' },
  { says: 'an indirect call of the wrong type', body: TABLE, args: [1], traps: 'indirect' },
  { says: 'an indirect call of nothing', body: TABLE, args: [2], traps: 'indirect' },
  { says: 'an indirect call outside the table', body: TABLE, args: [3], traps: 'indirect' },
  {
    says: 'a load outside memory',
    body: `${MEMORY}${NULLARY('i32', '(i32.load (i32.const 65533))')}`,
    traps: 'memory',
  },
  {
    says: 'a load whose address wraps',
    body: `${MEMORY}${NULLARY('i32', '(i32.load offset=16 (i32.const -8))')}`,
    traps: 'memory',
  },
  {
    says: 'a store outside memory',
    body: `${MEMORY}(func (export "f") (i64.store (i32.const 65529) (i64.const 1)))`,
    traps: 'memory',
  },
  {
    says: 'a fill outside memory',
    body: `${MEMORY}(func (export "f") (memory.fill (i32.const 65530) (i32.const 1) (i32.const 7)))`,
    traps: 'memory',
  },
  {
    says: 'a copy from outside memory',
    body: `${MEMORY}(func (export "f") (memory.copy (i32.const 0) (i32.const -4) (i32.const 8)))`,
    traps: 'memory',
  },
  { says: 'recursion without an end', body: '(func $f (export "f") (call $f))', traps: 'stack' },
  {
    says: 'recursion with locals',
    body: '(func $f (export "f") (param i64) (result i64) (i64.add (call $f (local.get 0)) (local.get 0)))',
    args: [1n],
    traps: 'stack',
  },
  { says: 'a loop without an end', body: '(func (export "f") (loop $l (br $l)))', traps: 'deadline' },
  {
    says: 'calls without an end',
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

  function load(text: string, options: Partial<LoadOptions> = {}): Instance {
    return engine.load({
      wasm: wat(`(module ${text})`),
      imports: {},
      ...options,
      limits: { ...LIMITS, ...options.limits },
    });
  }

  it.each(VALUES)('gives $says', ({ body, args = [], gives }) => {
    const instance = load(body);
    expect(instance.call('f', ...args)).toBe(gives);
    instance.close();
  });

  it.each(TRAPS)('traps at $says', ({ body, args = [], traps }) => {
    const instance = load(body, { limits: { ...LIMITS, deadlineMs: 50 } });
    expect(trapKind(() => instance.call('f', ...args))).toBe(traps);
    expect(errorCode(() => instance.call('f', ...args))).toBe('ENGINE_DEAD');
    instance.close();
  });
});
