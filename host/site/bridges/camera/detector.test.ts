import { expect, it } from 'vitest';
import { type Detected, Detector } from './detector.ts';

/** Runs values of pictures that come each second; returns the events, each with the second at which it was reported. */
function run(values: readonly number[], options = {}): [second: number, Detected][] {
  const detector = new Detector({ threshold: 5, pictures: 2, afterMs: 2000, maxMs: 60_000, ...options });
  const found: [number, Detected][] = [];
  values.forEach((value, second) => {
    const event = detector.take(second * 1000, value);
    if (event !== null) found.push([second, event]);
  });
  const last = detector.end();
  if (last !== null) found.push([values.length, last]);
  return found;
}

it('begins with enough pictures in a row, and ends after quiet', () => {
  const event = { startMs: 2000, endMs: 3000, value: 9, peakMs: 3000, pictures: 2 };
  expect(run([0, 4, 5, 9, 0, 0, 0, 0])).toEqual([[6, event]]);
});

it('takes no single picture for an event', () => {
  expect(run([0, 9, 0, 9, 0, 9, 4.9, 0])).toEqual([]);
  expect(run([0, 9, 0], { pictures: 1 })).toHaveLength(1);
});

it('goes on over gaps that are short enough', () => {
  const event = { startMs: 0, endMs: 4000, value: 7, peakMs: 3000, pictures: 4 };
  expect(run([6, 6, 0, 7, 6, 0, 0, 0])).toEqual([[7, event]]);
});

it('ends with its source', () => {
  expect(run([0, 6, 6])).toEqual([[3, { startMs: 1000, endMs: 2000, value: 6, peakMs: 1000, pictures: 2 }]]);
  expect(run([0, 0, 6])).toEqual([]);
});

it('divides an event that lasts too long', () => {
  const events = run([6, 6, 6, 6, 6, 6, 6], { maxMs: 3000 });
  expect(events.map(([second, { startMs, endMs }]) => [second, startMs, endMs])).toEqual([
    [3, 0, 2000],
    [6, 3000, 5000],
  ]);
});
