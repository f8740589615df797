import { describe, expect, it } from 'vitest';
import { Trace } from './trace.ts';

const traceOf = (values: number[]): Trace => {
  const trace = new Trace({ name: 'level', unit: '1', exponent: 0 });
  for (const value of values) trace.add(value);
  return trace;
};

describe('a trace', () => {
  it('keeps a short run as it is', () => {
    const { peaks, count, least, most } = traceOf([3, -1, 4, 1, 5]);
    expect({ peaks, count, least, most }).toEqual({ peaks: [3, -1, 4, 1, 5], count: 5, least: -1, most: 5 });
  });

  it.each([511, 512, 513, 1024, 5000, 100_003])('keeps the peaks of %i values in bounded memory', (count) => {
    const trace = traceOf(Array.from({ length: count }, (_, i) => i));
    expect(trace.count).toBe(count);
    expect(trace.peaks.length).toBeLessThanOrEqual(512);
    expect(trace.peaks.length).toBeGreaterThanOrEqual(Math.min(count, 256));
    expect(trace.peaks.at(-1)).toBe(count - 1);
    // Of rising values each peak is the last of its stretch, and all stretches but the last are equally long.
    const [first = 0, second = 0] = trace.peaks;
    const stride = second - first;
    expect(trace.peaks.slice(0, -1)).toEqual(trace.peaks.slice(0, -1).map((_, i) => (i + 1) * stride - 1));
  });

  it('loses no peak when neighbours merge', () => {
    const values = Array.from({ length: 10_000 }, (_, i) => (i === 7321 ? 1000 : 0));
    expect(traceOf(values).peaks.filter((peak) => peak === 1000)).toHaveLength(1);
  });
});
