/** Fuel and the deadline, the same on every engine. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_NAMES, type Engine, type LoadOptions, loadEngine } from './index.ts';
import { LIMITS, loadText, MEMORY, trapKind } from './testing.ts';

describe.each(ENGINE_NAMES)('%s', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await loadEngine(name);
  });
  const load = (text: string, options?: Partial<LoadOptions>) => loadText(engine, text, options);

  describe('fuel', () => {
    const FUEL = `(global $fuel (mut i64) (i64.const 5)) (export "fuel" (global $fuel)) ${MEMORY}
      (func (export "f") (param i64) (global.set $fuel (i64.sub (global.get $fuel) (local.get 0)))
        (if (i64.lt_s (global.get $fuel) (i64.const 0)) (then (unreachable))))
      (func (export "bad") (unreachable))`;
    const fuelled = () => load(FUEL, { limits: { ...LIMITS, fuel: 100n } });

    it('is filled before each call and counted', () => {
      const instance = fuelled();
      expect(instance.fuelUsed()).toBe(0n);
      for (const units of [60n, 100n, 0n]) {
        instance.call('f', units);
        expect(instance.fuelUsed()).toBe(units);
        expect(instance.global('fuel')).toBe(100n - units);
      }
      instance.call('f', 30n);
      instance.close();
      expect(instance.fuelUsed()).toBe(30n);
    });

    it('traps below zero, and only then', () => {
      const instance = fuelled();
      expect(trapKind(() => instance.call('f', 101n))).toBe('fuel');
      expect(instance.fuelUsed()).toBe(101n);
      expect(trapKind(() => fuelled().call('bad'))).toBe('unreachable');
    });

    it('is 0 for a module that does not count', () => {
      const instance = load('(func (export "f"))');
      instance.call('f');
      expect(instance.fuelUsed()).toBe(0n);
    });
  });

  describe('the deadline', () => {
    it('can be infinite, for modules whose fuel is trusted', () => {
      const instance = load('(func (export "f") (result i32) (i32.const 7))', {
        limits: { ...LIMITS, deadlineMs: Number.POSITIVE_INFINITY },
      });
      expect(instance.call('f')).toBe(7);
    });

    const WAITS = `(import "mote" "log" (func $log (param i32 i32 i32)))
      (func (export "f") (call $log (i32.const 0) (i32.const 0) (i32.const 0)))
      (func (export "g") (call $log (i32.const 0) (i32.const 0) (i32.const 0)) (loop $l (br $l)))`;

    it('stops a module that loops after a host function', () => {
      const instance = load(WAITS, { imports: { log: () => undefined }, limits: { ...LIMITS, deadlineMs: 30 } });
      const start = performance.now();
      expect(trapKind(() => instance.call('g'))).toBe('deadline');
      expect(performance.now() - start).toBeLessThan(5000);
      instance.close();
    });

    it('affects neither the process nor other instances', () => {
      for (let i = 0; i < 5; i++) {
        const bad = load('(func (export "f") (loop $l (br $l)))', { limits: { ...LIMITS, deadlineMs: 5 } });
        const good = load(WAITS, { imports: { log: () => undefined } });
        expect(trapKind(() => bad.call('f'))).toBe('deadline');
        good.call('f');
        bad.close();
        good.close();
      }
    });
  });
});
