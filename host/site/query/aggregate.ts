/** Aggregates of one group, and what a plan computes of them. */
import {
  absolute,
  add,
  divide,
  greatest,
  INT64_MIN,
  least,
  multiply,
  power10,
  roundedQuotient,
  subtract,
  type Wide,
} from './fixed.ts';
import type { Atom, Operand, OutputColumn, Plan, Scale } from './plan.ts';

/** A row that passed all conditions. */
export interface InputRow {
  readonly timeUs: number;
  /** As stored; 0 if the plan uses no values. */
  readonly value: bigint;
  readonly quality: number;
  readonly scale: Scale | null;
}

/** A cell of the answer; numbers and times are integers. */
export type Cell = bigint | string | null;

const TIME_OFFSET = power10(16);
const TIME_FACTOR = power10(20);
const BILLION = power10(9);

/** One integer for each aggregate of a plan. All are sums, least or greatest integers, so groups can be merged. */
export type State = bigint[];

function contribution(atom: Atom, row: InputRow): bigint {
  if (atom.kind === 'count') return 1n;
  if (atom.kind === 'bin') {
    const edges = row.scale!.edges[atom.histogram]!;
    const above = atom.from === null || row.value >= edges[atom.from]!;
    return above && (atom.to === null || row.value < edges[atom.to]!) ? 1n : 0n;
  }
  const x =
    atom.of === 'value' ? rescale(row.value, row.scale!) : BigInt(atom.of === 'time' ? row.timeUs : row.quality);
  switch (atom.kind) {
    case 'first':
    case 'last':
      // One integer that is in order of time and then of value.
      return (BigInt(row.timeUs) + TIME_OFFSET) * TIME_FACTOR + x - INT64_MIN;
    case 'highHigh':
      return (x / BILLION) ** 2n;
    case 'highLow':
      return (x / BILLION) * (x % BILLION);
    case 'lowLow':
      return (x % BILLION) ** 2n;
    default:
      return x;
  }
}

function rescale(value: bigint, scale: Scale): bigint {
  return scale.divide === 1n ? value * scale.multiply : roundedQuotient(value, scale.divide);
}

function combine({ kind }: Atom, a: bigint, b: bigint): bigint {
  if (kind === 'min' || kind === 'first') return least(a, b);
  if (kind === 'max' || kind === 'last') return greatest(a, b);
  return a + b;
}

export function stateOf({ atoms }: Plan, row: InputRow): State {
  return atoms.map((atom) => contribution(atom, row));
}

/** Adds the rows of `other` to `state`. */
export function mergeState({ atoms }: Plan, state: State, other: State): void {
  for (const [i, atom] of atoms.entries()) state[i] = combine(atom, state[i]!, other[i]!);
}

const STEPS = { add, subtract, multiply, divide } as const;

/** The row of a group, and whether `having` lets it into the answer. */
export function rowOf(
  plan: Plan,
  state: State,
  start: bigint,
  end: bigint,
  keys: readonly (string | null)[],
): Cell[] | null {
  const atoms = plan.atoms.map(({ kind }, i) =>
    kind === 'first' || kind === 'last' ? (state[i]! % TIME_FACTOR) + INT64_MIN : state[i]!,
  );
  const steps: Wide[] = [];
  const operand = (one: Operand): Wide => {
    if ('constant' in one) return one.constant;
    return 'atom' in one ? atoms[one.atom]! : steps[one.step]!;
  };
  for (const step of plan.steps) {
    const a = operand(step.a);
    steps.push(step.op === 'absolute' ? absolute(a) : STEPS[step.op](a, operand(step.b)));
  }
  if (!plan.having.every(({ left, op, right }) => holds(operand(left), op, operand(right)))) return null;
  return plan.columns.map(({ source }: OutputColumn) => {
    if ('window' in source) return source.window === 'start' ? start : end;
    return 'key' in source ? keys[source.key]! : operand(source);
  });
}

function holds(a: Wide, op: string, b: Wide): boolean {
  if (a === null || b === null) return false;
  switch (op) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}

/** Texts by code points, as UTF-8 sorts; JavaScript compares UTF-16 units. */
function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Rows in the order of the plan's answer, and no more than its limit. */
export function orderedRows({ order, limit }: Plan, rows: readonly Cell[][]): Cell[][] {
  const compare = (left: Cell[], right: Cell[]): number => {
    for (const { column, descending } of order) {
      const [a, b] = [left[column]!, right[column]!];
      if (a === b) continue;
      if (a === null) return 1;
      if (b === null) return -1;
      const sign = typeof a === 'string' ? compareText(a, b as string) : a < (b as bigint) ? -1 : 1;
      if (sign !== 0) return descending ? -sign : sign;
    }
    return 0;
  };
  const sorted = [...rows].sort(compare);
  return limit === null ? sorted : sorted.slice(0, limit);
}
