import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { samplesSource } from '../../device/node/index.ts';
import { lowerBound, Series, Signal } from './lines.ts';

const extremesOf = (values: Iterable<number>): [number, number] => {
  const list = [...values];
  return [list.reduce((a, b) => Math.min(a, b)), list.reduce((a, b) => Math.max(a, b))];
};

describe('a signal', () => {
  const RATE = 1000;

  it('has in each pair of a wide range the extremes of the samples of that time, in every channel', () => {
    const sizes = fc.record({
      channels: fc.integer({ min: 1, max: 3 }),
      length: fc.integer({ min: 1, max: 20_000 }),
      points: fc.integer({ min: 1, max: 300 }),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      to: fc.double({ min: 0, max: 1, noNaN: true }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(sizes, ({ channels, length, points, from, to, seed }) => {
        const samples = Int16Array.from(
          { length: length * channels },
          (_, i) => Math.imul(i ^ seed, 0x9e37_79b1) >> 16,
        );
        const signal = new Signal(samplesSource(samples, RATE, channels), 0);
        const endS = length / RATE;
        signal.advance(Math.round(endS * 1e6));
        const range = signal.range(Math.min(from, to) * endS, Math.max(from, to) * endS, points);
        for (const line of range.y) expect(line).toHaveLength(range.x.length);
        expect(range.x.length).toBeLessThanOrEqual(2 * (points + 2));
        for (let i = 0; range.pairs && i < range.x.length; i += 2) {
          const first = Math.round(range.x[i]! * RATE) - 1;
          const size = Math.round((range.x[i + 1]! - range.x[i]!) * 2 * RATE);
          for (const [c, line] of range.y.entries()) {
            const part = samples.subarray(first * channels, (first + size) * channels);
            expect([line[i], line[i + 1]]).toEqual(extremesOf(part.filter((_, k) => k % channels === c)));
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('has each sample of a narrow range at its time, and none that is not due', () => {
    const signal = new Signal(samplesSource(Int16Array.of(10, 20, 30, 40), RATE), 500_000);
    signal.advance(503_000);
    expect(signal.range(0, 9, 100)).toEqual({
      pairs: false,
      x: [0.501, 0.502, 0.503].map((t) => expect.closeTo(t, 9)),
      y: [[10, 20, 30]],
    });
  });
});

describe('a series', () => {
  it('keeps its extremes when it is reduced, and when it holds too many values', () => {
    const series = new Series();
    const count = (1 << 20) + 10;
    for (let i = 0; i < count; i++) series.add(i, i === 777_777 ? 5000 : i === 123_456 ? -4000 : i % 7);
    const { x, y } = series.range(0, count, 100);
    expect(extremesOf(y[0]!)).toEqual([-4000, 5000]);
    expect(x[y[0]!.indexOf(5000)]).toBe(777_777);
    expect(x).toEqual([...x].sort((a, b) => a - b));
  });

  it('has one value beyond each edge of a range', () => {
    const series = new Series();
    for (const t of [1, 2, 3, 4, 5]) series.add(t, 10 * t);
    expect(series.range(2.5, 3.5, 10)).toEqual({ pairs: false, x: [2, 3, 4], y: [[20, 30, 40]] });
  });
});

it('lowerBound finds the first item that is not below a value', () => {
  expect([0, 1, 2, 5].map((value) => lowerBound([1, 2, 2, 4], value))).toEqual([0, 0, 1, 4]);
});
