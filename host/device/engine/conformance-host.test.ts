/** Host functions and rom, the same on every engine. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_NAMES, type Engine, type Instance, type LoadOptions, loadEngine, Trap, type Value } from './index.ts';
import { errorCode, LIMITS, loadText, MEMORY, trapKind } from './testing.ts';

describe.each(ENGINE_NAMES)('%s', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await loadEngine(name);
  });
  const load = (text: string, options?: Partial<LoadOptions>) => loadText(engine, text, options);

  describe('host functions', () => {
    const CALLER = `(import "mote" "publish" (func $publish (param i32 i64 i32 i32 i32 i32) (result i32)))
      (import "mote" "time_now" (func $now (result i64))) (import "mote" "log" (func $log (param i32 i32 i32)))
      ${MEMORY}
      (func (export "publish") (param i64) (result i32) (call $publish
        (i32.const 1) (local.get 0) (i32.const -3) (i32.const 4) (i32.const 5) (i32.const 6)))
      (func (export "now") (result i64) (call $now))
      (func (export "log") (i32.store (i32.const 0) (i32.const 1)) (call $log (i32.const 1) (i32.const 2) (i32.const 3))
        (i32.store (i32.const 0) (i32.const 2)))`;
    const none = () => undefined;
    const hosts = { publish: () => 0, time_now: () => 0n, log: none };

    it('receive arguments in order and return results', () => {
      const calls: Value[][] = [];
      const publish = (...args: Value[]) => {
        calls.push(args);
        return -7;
      };
      const instance = load(CALLER, { imports: { ...hosts, publish, time_now: () => -(2n ** 63n) } });
      expect(instance.call('publish', 2n ** 63n - 1n)).toBe(-7);
      expect(calls).toEqual([[1, 2n ** 63n - 1n, -3, 4, 5, 6]]);
      expect(instance.call('now')).toBe(-(2n ** 63n));
      expect(instance.call('log')).toBeUndefined();
    });

    it('wrap results that are too large', () => {
      const instance = load(CALLER, {
        imports: { ...hosts, publish: () => 2 ** 32 + 5, time_now: () => 2n ** 64n + 5n },
      });
      expect(instance.call('publish', 0n)).toBe(5);
      expect(instance.call('now')).toBe(5n);
    });

    it.each([
      ['a number for an i64', 'now', { time_now: () => 1 }],
      ['nothing for an i64', 'now', { time_now: none }],
      ['a bigint for an i32', 'publish', { publish: () => 1n }],
    ])('trap when they return %s', (_description, call, wrong) => {
      const instance = load(CALLER, { imports: { ...hosts, ...wrong } });
      expect(trapKind(() => instance.call(call, ...(call === 'publish' ? [1n] : [])))).toBe('host');
    });

    it('stop the module with their exception as the cause', () => {
      for (const cause of [new Error('disk full'), new RangeError('bad length'), 'text', undefined]) {
        const log = () => {
          throw cause;
        };
        const instance = load(CALLER, { imports: { ...hosts, log } });
        const act = () => instance.call('log');
        expect(trapKind(act)).toBe('host');
        expect([...instance.bytes(0, 1)]).toEqual([1]);
        instance.close();
      }
    });

    it('pass their own traps through', () => {
      const trap = new Trap('memory', 'outside');
      const log = () => {
        throw trap;
      };
      const instance = load(CALLER, { imports: { ...hosts, log } });
      expect(() => instance.call('log')).toThrow(trap);
      const outside = load(CALLER, { imports: { ...hosts, log: () => void outside.bytes(65536, 1) } });
      expect(trapKind(() => outside.call('log'))).toBe('memory');
    });

    it('read and write memory while the module runs', () => {
      const log = () => {
        instance.bytes(0, 1)[0]! += 40;
        seen = instance.bytes(0, 1)[0];
        return undefined;
      };
      let seen: number | undefined;
      const instance = load(CALLER, { imports: { ...hosts, log } });
      instance.call('log');
      expect(seen).toBe(41);
    });

    it.each<[string, (instance: Instance) => unknown]>([
      ['call', (instance) => instance.call('now')],
      ['close', (instance) => instance.close()],
    ])('cannot %s the instance that called them', (_description, act) => {
      const codes: string[] = [];
      const log = () => void codes.push(errorCode(() => act(instance)));
      const instance: Instance = load(CALLER, { imports: { ...hosts, log } });
      instance.call('log');
      expect(codes).toEqual(['ENGINE_BUSY']);
      expect(instance.call('now')).toBe(0n);
    });

    it('can call another instance, even one that traps', () => {
      const inner = load(CALLER, { imports: { ...hosts, time_now: () => 5n } });
      const broken = load('(func (export "f") (unreachable))');
      const log = () => {
        expect(inner.call('now')).toBe(5n);
        expect(trapKind(() => broken.call('f'))).toBe('unreachable');
        return undefined;
      };
      const instance = load(CALLER, { imports: { ...hosts, log } });
      instance.call('log');
      expect([...instance.bytes(0, 1)]).toEqual([2]);
    });

    it('that recurse through instances end in a stack trap', () => {
      const chain = (): void => {
        const next = load(CALLER, { imports: { ...hosts, log: () => void chain() } });
        next.call('log');
      };
      expect(trapKind(chain)).toBe('stack');
    });
  });

  describe('rom', () => {
    const ROM = `(import "mote" "rom_size" (func $size (result i32)))
      (import "mote" "rom_read" (func $read (param i32 i32 i32) (result i32))) ${MEMORY}
      (func (export "size") (result i32) (call $size))
      (func (export "read") (param i32 i32 i32) (result i32) (call $read (local.get 0) (local.get 1) (local.get 2)))`;
    const rom = Uint8Array.from({ length: 100 }, (_, i) => i + 1);
    const open = () => load(ROM, { rom, limits: { ...LIMITS, memoryBytes: 1000 } });

    it.each([
      ['the whole rom', [0, 0, 100], 0],
      ['its last byte to the last of memory', [99, 999, 1], 0],
      ['nothing at its end', [100, 1000, 0], 0],
      ['one byte too many', [0, 0, 101], -4],
      ['from beyond its end', [101, 0, 0], -4],
      ['from a negative offset', [-1, 0, 1], -4],
      ['a negative length', [0, 0, -1], -4],
    ])('returns %s', (_description, args, result) => {
      const instance = open();
      expect(instance.call('read', ...args)).toBe(result);
      const [from, to, length] = args as [number, number, number];
      if (result === 0) expect([...instance.bytes(to, length)]).toEqual([...rom.subarray(from, from + length)]);
    });

    it.each([
      [0, 901, 100],
      [0, -1, 1],
      [0, 1001, 0],
    ])('traps when it is read (%i) to memory that does not exist (%i, %i)', (...args) => {
      expect(trapKind(() => open().call('read', ...args))).toBe('memory');
    });

    it('is a copy of the given bytes', () => {
      const bytes = Uint8Array.of(1, 2, 3);
      const instance = load(ROM, { rom: bytes });
      bytes.fill(9);
      instance.call('read', 0, 0, 3);
      expect([...instance.bytes(0, 3)]).toEqual([1, 2, 3]);
      expect(instance.call('size')).toBe(3);
    });

    it('is optional', () => {
      const instance = load(ROM);
      expect(instance.call('size')).toBe(0);
      expect(instance.call('read', 0, 0, 1)).toBe(-4);
    });
  });
});
