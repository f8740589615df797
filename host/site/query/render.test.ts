import { expect, it } from 'vitest';
import type { Cell } from './aggregate.ts';
import { compile } from './compile.ts';
import { parseQuery } from './parse.ts';
import { alignment, answerCells, answerJson, lines, sparkline } from './render.ts';

const plan = compile(
  parseQuery('from points as exponent -2 window 1m by device select count, mean(value), last(time) as seen'),
);
const minute = 60_000_000n;
const row = (start: bigint, device: string | null, count: bigint, mean: bigint | null): Cell[] => [
  start * minute,
  (start + 1n) * minute,
  device,
  count,
  mean,
  start * minute + 500_000n,
];
const answer = {
  plan,
  rows: [row(0n, 'm1', 3n, -5n), row(1n, 'm1', 4n, 2345n), row(3n, 'm1', 1n, null), row(1n, null, 1n, 0n)],
};

it('shows times in ISO 8601, numbers as decimals and null as nothing', () => {
  expect(answerCells(answer).slice(0, 2)).toEqual([
    ['window_start', 'window_end', 'device', 'count', 'mean_value', 'seen'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:01:00Z', 'm1', '3', '-0.05', '1970-01-01T00:00:00.5Z'],
  ]);
  expect(answerCells(answer)[3]![4]).toBe('');
  expect(alignment(plan)).toBe('lllrrl');
});

it('gives programs integers with their exponent', () => {
  const { columns, rows } = answerJson(answer);
  expect(columns[4]).toEqual({ name: 'mean_value', type: 'number', exponent: -2 });
  expect(columns[0]).toEqual({ name: 'window_start', type: 'time' });
  expect(rows[1]![4]).toBe(2345n);
});

it('draws each number of a group over its windows, with a gap where a window has no row', () => {
  expect(lines(answer, 10)).toEqual([
    { group: ['m1'], column: 'count', bars: '▆█ ▁', least: '1', greatest: '4' },
    { group: ['m1'], column: 'mean_value', bars: '▁█  ', least: '-0.05', greatest: '23.45' },
  ]);
  expect(lines(answer, 2).map(({ bars }) => bars)).toEqual([' ▄']);
});

it('draws integers of any size', () => {
  expect(sparkline([-(10n ** 37n), 0n, 10n ** 37n, null])).toBe('▁▅█ ');
  expect(sparkline([7n, 7n])).toBe('▄▄');
  expect(sparkline([])).toBe('');
});
