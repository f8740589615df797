import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { type FaultPlan, transportPair } from './pair.ts';
import { Xorshift } from './random.ts';

/** What arrives at `b` of what `a` writes, each with its time in ms; `random` returns these numbers, then 1. */
function stream(faults: FaultPlan = {}, randoms: number[] = []) {
  const clock = new VirtualClock();
  const pair = transportPair(clock, faults, () => randoms.shift() ?? 1);
  const arrived: string[] = [];
  const note = (text: string) => arrived.push(`${clock.nowUs() / 1000} ${text}`);
  pair.b.onData((bytes) => note(Buffer.from(bytes).toString('hex')));
  pair.a.onClose(() => note('a closed'));
  pair.b.onClose(() => note('b closed'));
  return { ...pair, arrived, run: (ms: number) => clock.runUntil(clock.nowUs() + 1000 * ms) };
}

describe('a stream between two ends', () => {
  it('delivers copies in order, after the write and its delay', () => {
    const { a, arrived, run } = stream({ delayMs: 5 });
    const bytes = Uint8Array.of(1, 2);
    a.write(bytes);
    bytes.fill(9);
    run(4);
    expect(arrived).toEqual([]);
    a.write(Uint8Array.of(3));
    run(10);
    expect(arrived).toEqual(['5 0102', '9 03']);
  });

  it('carries bytes in both directions, also before anybody listens', () => {
    const clock = new VirtualClock();
    const { a, b } = transportPair(clock);
    a.write(Uint8Array.of(1));
    clock.runUntil(1000);
    const arrived: Uint8Array[] = [];
    a.onData((bytes) => arrived.push(bytes));
    b.write(Uint8Array.of(2));
    clock.runUntil(2000);
    expect(arrived).toEqual([Uint8Array.of(2)]);
  });

  it.each<[string, FaultPlan, number[], string[]]>([
    ['drops a write', { drop: 0.5 }, [0.4], []],
    ['keeps a write', { drop: 0.5 }, [0.5], ['0 00ff0102']],
    ['flips a bit', { corrupt: 0.5 }, [1, 0.4, 0.5], ['0 00ff0002']],
    ['flips the first bit', { corrupt: 0.5 }, [1, 0.4, 0], ['0 01ff0102']],
    ['flips the last bit', { corrupt: 0.5 }, [1, 0.4, 0.99], ['0 00ff0182']],
    ['flips no bit', { corrupt: 0.5 }, [1, 0.5, 0.5], ['0 00ff0102']],
    ['splits a write', { split: 0.5 }, [1, 1, 0.4, 0.5], ['0 00ff', '0 0102']],
    ['splits no write', { split: 0.5 }, [1, 1, 0.5, 0.5], ['0 00ff0102']],
    ['repeats a write', { duplicate: 0.5 }, [1, 1, 1, 0.4], ['0 00ff0102', '0 00ff0102']],
    ['repeats no write', { duplicate: 0.5 }, [1, 1, 1, 0.5], ['0 00ff0102']],
    ['ends after a write', { cut: 0.5 }, [1, 1, 1, 1, 0.4], ['0 00ff0102', '0 a closed', '0 b closed']],
    ['does not end', { cut: 0.5 }, [1, 1, 1, 1, 0.5], ['0 00ff0102']],
    ['has no fault of itself', {}, [0, 0, 0, 0, 0], ['0 00ff0102']],
  ])('%s by chance', (_what, faults, randoms, expected) => {
    const { a, arrived, run } = stream(faults, randoms);
    a.write(Uint8Array.of(0, 0xff, 1, 2));
    run(1);
    expect(arrived).toEqual(expected);
  });

  it('ends once for both ends, and loses what is under way and written later', () => {
    const { a, arrived, cut, run } = stream({ delayMs: 5 });
    a.write(Uint8Array.of(1));
    cut();
    a.write(Uint8Array.of(2));
    expect(arrived).toEqual([]);
    run(10);
    a.close();
    cut();
    run(10);
    expect(arrived).toEqual(['0 a closed', '0 b closed']);
  });

  it('may end before anybody listens, and loses what is written after the write that ends it', () => {
    const clock = new VirtualClock();
    transportPair(clock).cut();
    clock.runUntil(1000);
    const { a, arrived, run } = stream({ cut: 0.5, delayMs: 5 }, [1, 1, 1, 1, 0.4]);
    a.write(Uint8Array.of(1));
    a.write(Uint8Array.of(2));
    run(10);
    expect(arrived).toEqual(['5 01', '5 a closed', '5 b closed']);
  });
});

describe('repeatable random numbers', () => {
  it('are those of xorshift32, from a state that no seed makes zero', () => {
    for (const seed of [0, 1, -1, 2 ** 31]) {
      const random = new Xorshift(seed);
      let x = random.next();
      expect(x).not.toBe(0);
      for (let i = 0; i < 4; i++) {
        x ^= x << 13;
        x ^= x >>> 17;
        x ^= x << 5;
        expect(random.next()).toBe(x);
      }
    }
    expect(new Xorshift(1).next()).not.toBe(new Xorshift(2).next());
  });

  it('are in their range, and reach both ends of it', () => {
    const random = new Xorshift(1);
    const below = Array.from({ length: 1000 }, () => random.below(4));
    expect([...new Set(below)].sort()).toEqual([0, 1, 2, 3]);
    const units = Array.from({ length: 1000 }, () => random.unit());
    expect(units.every((unit) => unit >= 0 && unit < 1)).toBe(true);
    expect([Math.min(...units) < 0.01, Math.max(...units) > 0.99]).toEqual([true, true]);
  });
});
