/** From a question to its plan. */
import { MoteError } from '../../base/index.ts';
import { LEVELS, readLevel } from '../model/index.ts';
import { Arithmetic, type Fixed } from './arithmetic.ts';
import { checkQuery, columnNames } from './check.ts';
import { type PartPath, QueryFault } from './fault.ts';
import { ceilingAt, type Decimal, floorAt, INT64_MAX, INT64_MIN, parseDecimal, power10 } from './fixed.ts';
import {
  columnOf,
  type IntegerRange,
  type Operand,
  type OutputColumn,
  type Plan,
  type PlanContext,
  type PlanWindow,
  type Scale,
  type TextCondition,
} from './plan.ts';
import type { Condition, Expression, Level, Operator, Query } from './query.ts';

/** Exponents of series, as on the wire. */
const EXPONENTS = Array.from({ length: 37 }, (_, i) => i - 18);
/** 10^18 is the largest power of ten in 64 bits. */
const MAX_RESCALE = 18;
/** Above all of int64, and representable as DECIMAL(20, 0). */
const BEYOND = power10(19);

/** Throws `QUERY` with the part that is wrong. */
export function compile(query: Query, context: PlanContext = {}): Plan {
  try {
    return compileQuery(query, context);
  } catch (cause) {
    if (!(cause instanceof QueryFault)) throw cause;
    throw new MoteError('QUERY', cause.message, { cause });
  }
}

/** The same; throws a `QueryFault`. */
export function compileQuery(query: Query, context: PlanContext): Plan {
  checkQuery(query);
  const texts = textConditions(query);
  const exponent = query.as?.exponent ?? null;
  let needsExponent = false;
  const arithmetic = new Arithmetic(() => {
    needsExponent = true;
    if (exponent !== null) return exponent;
    throw new QueryFault(
      ['select'],
      'The exponent of values is unknown: add it, such as "as exponent -3" for thousandths, or ask a site, which knows its series.',
    );
  });
  const numbers = selected(query, arithmetic);
  const having = (query.having ?? []).map(({ left, op, right }, i) => {
    const side = (part: Expression, name: string) => arithmetic.expression(part, ['having', i, name]);
    const [a, b] = arithmetic.aligned(side(left, 'left'), side(right, 'right'), ['having', i]);
    return { left: a.operand, op, right: b.operand };
  });
  const columns = outputColumns(query, numbers);
  return {
    query,
    from: query.from,
    source: texts.filter(({ column: { kind } }) => kind === 'device' || kind === 'name' || kind === 'unit'),
    joined: texts.filter(({ column: { kind } }) => kind === 'asset' || kind === 'tag' || kind === 'context'),
    under: (query.where ?? []).flatMap((condition) => ('under' in condition ? [condition.under] : [])),
    quality: integerRange(query.where ?? [], 'quality', ({ than }) => BigInt(than as number)),
    time: integerRange(query.where ?? [], 'time', ({ than }, i) =>
      timeOf(than as number | { agoMs: number }, context, i),
    ),
    scales: scales(query, needsExponent ? exponent : null, context.exponents ?? EXPONENTS),
    exponent: needsExponent ? exponent : null,
    window: planWindow(query),
    latenessUs: BigInt(query.latenessMs ?? 0) * 1000n,
    keys: (query.by ?? []).map(({ term }, i) => columnOf(term, levelAt(['by', i, 'term']))),
    atoms: arithmetic.atoms,
    steps: arithmetic.steps,
    columns,
    having,
    order: completeOrder(query, columns),
    limit: query.limit ?? null,
  };
}

const levelAt = (path: PartPath) => (level: Level) => {
  const known = typeof level === 'number' ? level : readLevel(level);
  if (known !== null) return known;
  throw new QueryFault(path, `There is no level ${level} of assets; the levels are ${LEVELS.join(', ')}.`);
};

function textConditions({ where = [], as }: Query): TextCondition[] {
  const conditions = where.flatMap((condition, i): TextCondition[] => {
    if (!('term' in condition)) return [];
    const column = columnOf(condition.term, levelAt(['where', i, 'term']));
    if ('in' in condition) return [{ column, texts: condition.in, not: false }];
    return [{ column, texts: condition.notIn, not: true }];
  });
  return as?.unit === undefined
    ? conditions
    : [...conditions, { column: { kind: 'unit' }, texts: [as.unit], not: false }];
}

function timeOf(than: number | { agoMs: number }, { nowUs }: PlanContext, i: number): bigint {
  if (typeof than === 'number') return BigInt(than);
  if (nowUs !== undefined) return BigInt(nowUs) - BigInt(than.agoMs) * 1000n;
  throw new QueryFault(['where', i], 'The question asks relative to now, and no time of asking is known.');
}

type FieldCondition = Extract<Condition, { field: string }>;

function integerRange(
  where: readonly Condition[],
  field: 'quality' | 'time',
  value: (condition: FieldCondition, i: number) => bigint,
): IntegerRange {
  let min: bigint | null = null;
  let max: bigint | null = null;
  const not: bigint[] = [];
  for (const [i, condition] of where.entries()) {
    if (!('field' in condition) || condition.field !== field) continue;
    const than = value(condition, i);
    const [low, high] = inclusive(condition.op, than, than);
    if (low !== null && (min === null || low > min)) min = low;
    if (high !== null && (max === null || high < max)) max = high;
    if (condition.op === '!=') not.push(than);
  }
  return { min, max, not };
}

/** The integers n for which n op d is true, for a decimal d with the next integers `floor` and `ceiling`. */
function inclusive(op: Operator, floor: bigint, ceiling: bigint): [min: bigint | null, max: bigint | null] {
  if (op === '>=') return [ceiling, null];
  if (op === '>') return [floor + 1n, null];
  if (op === '<=') return [null, floor];
  if (op === '<') return [null, ceiling - 1n];
  if (op === '=') return [ceiling, floor];
  return [null, null];
}

/** `to`: the exponent of aggregated values; null if only conditions and histograms use values. */
function scales({ where = [], select }: Query, to: number | null, exponents: readonly number[]): Scale[] | null {
  const conditions = where.flatMap((condition) =>
    'field' in condition && condition.field === 'value'
      ? [{ op: condition.op, than: parseDecimal(condition.than as string) }]
      : [],
  );
  const histograms = select.flatMap((column) => ('histogram' in column ? [column.histogram.map(parseDecimal)] : []));
  if (to === null && conditions.length === 0 && histograms.length === 0) return null;
  return [...new Set(exponents)]
    .sort((a, b) => a - b)
    .filter((exponent) => to === null || Math.abs(exponent - to) <= MAX_RESCALE)
    .map((exponent) => {
      const shift = to === null ? 0 : exponent - to;
      const multiply = shift > 0 ? power10(shift) : 1n;
      return {
        exponent,
        ...bounds(conditions, exponent, multiply),
        not: conditions.flatMap(({ op, than }) => (op === '!=' ? [exactly(than, exponent)] : [])),
        multiply,
        divide: shift < 0 ? power10(-shift) : 1n,
        edges: histograms.map((edges) => edges.map((edge) => clamp(ceilingAt(edge, exponent)))),
      };
    });
}

function bounds(
  conditions: { op: Operator; than: Decimal }[],
  exponent: number,
  multiply: bigint,
): { min: bigint; max: bigint } {
  let min = INT64_MIN / multiply;
  let max = INT64_MAX / multiply;
  for (const { op, than } of conditions) {
    const [low, high] = inclusive(op, floorAt(than, exponent), ceilingAt(than, exponent));
    if (low !== null && low > min) min = low;
    if (high !== null && high < max) max = high;
  }
  return min > INT64_MAX || max < INT64_MIN || min > max ? { min: 1n, max: 0n } : { min, max };
}

function exactly(than: Decimal, exponent: number): bigint | null {
  const floor = floorAt(than, exponent);
  return floor === ceilingAt(than, exponent) && floor >= INT64_MIN && floor <= INT64_MAX ? floor : null;
}

const clamp = (edge: bigint): bigint => (edge > BEYOND ? BEYOND : edge < -BEYOND ? -BEYOND : edge);

function planWindow({ window }: Query): PlanWindow | null {
  if (window === undefined) return null;
  if ('gapMs' in window) return { kind: 'session', gapUs: BigInt(window.gapMs) * 1000n };
  const everyMs = 'everyMs' in window ? window.everyMs : window.sizeMs;
  return { kind: 'hop', sizeUs: BigInt(window.sizeMs) * 1000n, everyUs: BigInt(everyMs) * 1000n };
}

interface Selected extends Fixed {
  readonly time: boolean;
}

function selected({ select }: Query, arithmetic: Arithmetic): Selected[] {
  let histogram = 0;
  return select.flatMap((column, i): Selected[] => {
    if (!('histogram' in column)) {
      const time = 'of' in column.value && column.value.of === 'time' && !/sum|squares/.test(column.value.aggregate);
      return [{ ...arithmetic.expression(column.value, ['select', i, 'value']), time }];
    }
    const own = histogram++;
    const last = column.histogram.length;
    return Array.from({ length: last + 1 }, (_, bin) => {
      const atom = {
        kind: 'bin',
        histogram: own,
        from: bin === 0 ? null : bin - 1,
        to: bin === last ? null : bin,
      } as const;
      return { operand: arithmetic.atom(atom), exponent: 0, time: false };
    });
  });
}

function outputColumns(query: Query, numbers: readonly Selected[]): OutputColumn[] {
  const sources: Omit<OutputColumn, 'name'>[] = [
    ...(query.window === undefined ? [] : (['start', 'end'] as const)).map((window) => ({
      type: 'time' as const,
      exponent: -6,
      source: { window },
    })),
    ...(query.by ?? []).map((_, key) => ({ type: 'text' as const, exponent: 0, source: { key } })),
    ...numbers.map(({ operand, exponent, time }) => ({
      type: time ? ('time' as const) : ('number' as const),
      exponent,
      source: operand satisfies Operand,
    })),
  ];
  return columnNames(query).map((name, i) => ({ name, ...sources[i]! }));
}

function completeOrder(query: Query, columns: readonly OutputColumn[]): Plan['order'] {
  const given = (query.order ?? []).map(({ column, descending = false }) => ({
    column: columns.findIndex(({ name }) => name === column),
    descending,
  }));
  const rest = columns.flatMap(({ source }, column) =>
    ('window' in source || 'key' in source) && !given.some((one) => one.column === column)
      ? [{ column, descending: false }]
      : [],
  );
  return [...given, ...rest];
}
