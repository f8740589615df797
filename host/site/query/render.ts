/** Answers as people and programs read them. */

import { formatDecimal } from '../../base/index.ts';
import { formatTime } from '../model/index.ts';
import type { Cell } from './aggregate.ts';
import { greatest, least } from './fixed.ts';
import type { OutputColumn, Plan } from './plan.ts';
import type { Answer } from './run.ts';

/** A cell as text: times in ISO 8601, numbers as decimals in their unit, null as nothing. */
export function cellText(cell: Cell, { type, exponent }: OutputColumn): string {
  if (cell === null) return '';
  if (typeof cell === 'string') return cell;
  return type === 'time' ? formatTime(Number(cell)) : formatDecimal(cell, exponent);
}

/** A header and one line of cells for each row. */
export function answerCells({ plan, rows }: Answer): string[][] {
  const header = plan.columns.map(({ name }) => name);
  return [header, ...rows.map((row) => row.map((cell, i) => cellText(cell, plan.columns[i]!)))];
}

/** For each column `r` if it is aligned to the right, else `l`. */
export function alignment({ columns }: Plan): string {
  return columns.map(({ type }) => (type === 'number' ? 'r' : 'l')).join('');
}

/** For programs. A number is integer x 10^exponent of its column. */
export function answerJson({ plan, rows }: Answer): {
  columns: { name: string; type: OutputColumn['type']; exponent?: number }[];
  rows: readonly (readonly Cell[])[];
} {
  const columns = plan.columns.map(({ name, type, exponent }) => ({
    name,
    type,
    ...(type === 'number' ? { exponent } : {}),
  }));
  return { columns, rows };
}

const BARS = '▁▂▃▄▅▆▇█';

/** One bar for each value, from the least to the greatest; a space for null. */
export function sparkline(values: readonly (bigint | null)[]): string {
  const known = values.filter((value) => value !== null);
  const low = known.reduce(least, known[0] ?? 0n);
  const range = known.reduce(greatest, low) - low;
  const bar = (value: bigint) => BARS[range === 0n ? 3 : Number(((value - low) * 7n + range / 2n) / range)]!;
  return values.map((value) => (value === null ? ' ' : bar(value))).join('');
}

export interface Line {
  /** The keys of the group, as text. */
  readonly group: readonly string[];
  readonly column: string;
  /** The last windows, oldest first, at most `width` of them; a space for a window without a row. */
  readonly bars: string;
  readonly least: string;
  readonly greatest: string;
}

/** More lines nobody compares. */
const MAX_LINES = 40;

/** The course of each number of each group over its windows; none for questions without windows of a size. */
export function lines({ plan, rows }: Answer, width: number): Line[] {
  const { window, columns } = plan;
  if (window?.kind !== 'hop' || width < 1) return [];
  const groups = new Map<string, { group: string[]; rows: (readonly Cell[])[] }>();
  for (const row of rows) {
    const group = columns.flatMap((column, i) => ('key' in column.source ? [cellText(row[i]!, column)] : []));
    const id = JSON.stringify(group);
    const known = groups.get(id) ?? { group, rows: [] };
    groups.set(id, known);
    known.rows.push(row);
  }
  const numbers = columns.flatMap((column, i) => (column.type === 'number' ? [{ column, i }] : []));
  const all = [...groups.values()].filter(({ rows }) => rows.length > 1).slice(0, MAX_LINES);
  return all
    .flatMap(({ group, rows }) =>
      numbers.flatMap(({ column, i }) => line(group, column, courseOf(rows, i, window.everyUs, width))),
    )
    .slice(0, MAX_LINES);
}

function courseOf(
  rows: readonly (readonly Cell[])[],
  column: number,
  everyUs: bigint,
  width: number,
): (bigint | null)[] {
  const byStart = new Map(rows.map((row) => [row[0] as bigint, row[column] as bigint | null]));
  const starts = [...byStart.keys()];
  const last = starts.reduce(greatest);
  const first = starts.reduce(least);
  const windows = (last - first) / everyUs + 1n;
  const count = windows > BigInt(width) ? width : Number(windows);
  return Array.from({ length: count }, (_, i) => byStart.get(last - BigInt(count - 1 - i) * everyUs) ?? null);
}

function line(group: string[], column: OutputColumn, values: (bigint | null)[]): Line[] {
  const known = values.filter((value) => value !== null);
  const [first] = known;
  if (first === undefined) return [];
  const text = (value: bigint) => formatDecimal(value, column.exponent);
  return [
    {
      group,
      column: column.name,
      bars: sparkline(values),
      least: text(known.reduce(least, first)),
      greatest: text(known.reduce(greatest, first)),
    },
  ];
}
