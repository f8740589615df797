/** For tests: a made-up plant in tables and in memory, and questions about it. Not part of the product. */
import fc from 'fast-check';
import { randomBelow } from '../../base/testing.ts';
import type { AssetLevel, Decoded, PointRun } from '../model/index.ts';
import { columnNames } from './check.ts';
import { compile } from './compile.ts';
import { type Ancestor, type Attribute, Dimensions, type Placement } from './dimensions.ts';
import type { Column, Comparison, Condition, Expression, Key, Query, Term } from './query.ts';

export const MINUTE_US = 60_000_000;
/** Also names that would end a literal, and some that sort differently by UTF-16 and by code points. */
export const DEVICES = [
  'm1',
  'm2',
  "o'hara; --",
  'back\\slash',
  '"quoted"',
  'ünï `c`',
  '\u{1F600} mote',
  '\uFF5E wide',
];
export const NAMES = ['temperature', 'current', "it's"];
export const ASSETS = [
  'acme/berlin/press/line1/m1',
  'acme/berlin/press/line1',
  'acme/berlin/press/line2/m2',
  "acme/o'hare/a b",
];
/** Of assets in ASSETS, which leave levels out. */
const TREE: Readonly<Record<string, AssetLevel>> = {
  acme: 'enterprise',
  'acme/berlin': 'site',
  'acme/berlin/press': 'area',
  'acme/berlin/press/line1': 'line',
  'acme/berlin/press/line1/m1': 'machine',
  'acme/berlin/press/line2': 'line',
  'acme/berlin/press/line2/m2': 'machine',
  "acme/o'hare": 'line',
  "acme/o'hare/a b": 'machine',
};
const ANCESTORS = ASSETS.flatMap((asset) =>
  Object.entries(TREE).flatMap(([ancestor, level]): Ancestor[] =>
    asset === ancestor || asset.startsWith(`${ancestor}/`) ? [{ asset, level, ancestor }] : [],
  ),
);
const KEYS = ['position', "k'ey"];
const KINDS = ['order', 'shift'];

interface SeriesRow {
  id: number;
  device: string;
  name: string;
  unit: string;
  exponent: number;
}

/** Rows of the tables, and the messages they came in, in order of arrival. */
export interface Plant {
  readonly series: readonly SeriesRow[];
  readonly messages: readonly { message: number; decoded: Decoded }[];
  readonly dimensions: Dimensions;
  /** By table, in the order of the columns. */
  readonly tables: Readonly<Record<string, readonly (readonly (string | number | bigint | null)[])[]>>;
}

export const TABLES: Readonly<Record<string, string>> = {
  series: 'id INTEGER, device VARCHAR, name VARCHAR, unit VARCHAR, exponent SMALLINT',
  points: 'series INTEGER, t BIGINT, value BIGINT, quality SMALLINT, message BIGINT',
  events: 'device VARCHAR, name VARCHAR, t BIGINT, id VARCHAR, body VARCHAR, message BIGINT',
  placements: 'device VARCHAR, asset VARCHAR, valid_from BIGINT, valid_to BIGINT',
  asset_tags: 'asset VARCHAR, key VARCHAR, value VARCHAR, valid_from BIGINT, valid_to BIGINT',
  context: 'asset VARCHAR, kind VARCHAR, value VARCHAR, valid_from BIGINT, valid_to BIGINT',
  asset_levels: 'asset VARCHAR, level VARCHAR, ancestor VARCHAR',
};

/** Statements that create and fill the tables. */
export function tableStatements({ tables }: Plant): string[] {
  const cell = (value: string | number | bigint | null) =>
    value === null ? 'NULL' : typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : `${value}`;
  return Object.entries(TABLES).flatMap(([table, columns]) => {
    const rows = tables[table]!.map((row) => `(${row.map(cell).join(', ')})`);
    return [
      `CREATE TABLE ${table} (${columns})`,
      ...(rows.length === 0 ? [] : [`INSERT INTO ${table} VALUES ${rows.join(', ')}`]),
    ];
  });
}

/** A plant with late, double, missing and reordered messages, moves of devices, and values up to the ends of int64. */
export function plant(seed: number, messages: number): Plant {
  const below = randomBelow(seed);
  const one = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const series: SeriesRow[] = [];
  for (const device of DEVICES) {
    for (const name of NAMES) {
      const exponents = below(4) === 0 ? [-3, -1] : [one([-2, 0, 1])];
      for (const exponent of exponents) {
        series.push({ id: series.length + 1, device, name, unit: name === 'temperature' ? 'Cel' : '', exponent });
      }
    }
  }
  const placements = DEVICES.slice(1).flatMap((device) =>
    intervals(below).map(({ from, to }): Placement => ({ device, asset: one(ASSETS), from, to })),
  );
  const attributes = (keys: readonly string[]) =>
    ASSETS.flatMap((asset) =>
      keys.flatMap((key) =>
        intervals(below).map(({ from, to }): Attribute => ({ asset, key, value: one(['DE', 'NDE', "x'y"]), from, to })),
      ),
    );
  const [tags, context] = [attributes(KEYS), attributes(KINDS)];
  const arrived = arrivals(series, messages, below);
  const points = arrived.flatMap(({ message, decoded }) =>
    decoded.runs.flatMap((run) => {
      const { id } = series.find(
        ({ device, name, exponent }) => device === run.device && name === run.name && exponent === run.exponent,
      )!;
      return run.timesUs.map((t, i) => [id, t, run.values[i]!, run.quality, message]);
    }),
  );
  const events = arrived.flatMap(({ message, decoded }) =>
    decoded.events.map(({ device, name, timeUs, id }) => [device, name, timeUs, id, 'null', message]),
  );
  const valid = ({ from, to }: { from: number; to: number | null }) => [from, to];
  return {
    series,
    messages: arrived,
    dimensions: new Dimensions(placements, tags, context, ANCESTORS),
    tables: {
      series: series.map(({ id, device, name, unit, exponent }) => [id, device, name, unit, exponent]),
      points,
      events,
      placements: placements.map((row) => [row.device, row.asset, ...valid(row)]),
      asset_tags: tags.map((row) => [row.asset, row.key, row.value, ...valid(row)]),
      context: context.map((row) => [row.asset, row.key, row.value, ...valid(row)]),
      asset_levels: ANCESTORS.map(({ asset, level, ancestor }) => [asset, level, ancestor]),
    },
  };
}

/** Half-open intervals with gaps in a few minutes around 0, of which the last may have no end. */
function intervals(below: (n: number) => number): { from: number; to: number | null }[] {
  const out: { from: number; to: number | null }[] = [];
  let at = (below(6) - 4) * MINUTE_US;
  for (let i = below(4); i > 0; i--) {
    const from = at + below(3) * MINUTE_US;
    const to = from + (1 + below(4)) * MINUTE_US;
    out.push({ from, to: i === 1 && below(2) === 0 ? null : to });
    at = to;
  }
  return out;
}

const EXTREMES = [-(2n ** 63n), 2n ** 63n - 1n, -(10n ** 18n), 5n * 10n ** 18n];

function arrivals(series: readonly SeriesRow[], count: number, below: (n: number) => number): Plant['messages'] {
  const made = Array.from({ length: count }, (_, i) => {
    // Before and after 1970, mostly on whole seconds, so that times are equal and lie on the borders of windows.
    const begin = (below(600) - 300) * 1_000_000 + (below(8) === 0 ? below(1_000_000) : 0);
    const { device, name, unit, exponent } = series[below(series.length)]!;
    const length = below(6);
    const timesUs = Array.from({ length }, (_, j) => begin + j * (below(4) === 0 ? 500 : 1_000_000));
    const values = timesUs.map(() => (below(40) === 0 ? EXTREMES[below(EXTREMES.length)]! : below(2001) - 1000));
    const run: PointRun = { device, name, unit, exponent, quality: below(3) === 0 ? below(256) : 0, timesUs, values };
    const event = { device, name: below(2) === 0 ? 'shock' : 'door', timeUs: begin, id: `e${i}`, body: null };
    return { runs: [run], events: below(3) === 0 ? [event] : [] };
  });
  // Some stay away, some come double, and all in an order of their own.
  const arrived = made.flatMap((decoded) => {
    const copies = [0, 1, 1, 1, 1, 1, 2][below(7)]!;
    return Array.from({ length: copies }, (_, copy) => ({ ...decoded, events: copy === 0 ? decoded.events : [] }));
  });
  for (let i = arrived.length - 1; i > 0; i--) {
    const other = Math.max(0, i - below(30));
    [arrived[i], arrived[other]] = [arrived[other]!, arrived[i]!];
  }
  return arrived.map((decoded, i) => ({ message: i + 1, decoded }));
}

const level = fc.oneof(fc.constantFrom('enterprise', 'site', 'line', 'machine'), fc.integer({ min: 1, max: 6 }));
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const ownTerms = (points: boolean) => fc.constantFrom<Term>('device', 'name', ...(points ? (['unit'] as const) : []));
const term = (points: boolean): fc.Arbitrary<Term> =>
  fc.oneof(
    { weight: 3, arbitrary: ownTerms(points) },
    { weight: 2, arbitrary: fc.constant<Term>('asset') },
    { weight: 2, arbitrary: level.map((asset): Term => ({ asset })) },
    fc.record({ tag: fc.constantFrom(...KEYS), at: level }, { requiredKeys: ['tag'] }),
    fc.record({ context: fc.constantFrom(...KINDS), at: level }, { requiredKeys: ['context'] }),
  );

const operator = fc.constantFrom('=' as const, '!=' as const, '<' as const, '<=' as const, '>' as const, '>=' as const);
const decimal = fc.oneof(
  fc.integer({ min: -2000, max: 2000 }).map(String),
  fc
    .tuple(fc.integer({ min: -200, max: 200 }), fc.integer({ min: 0, max: 999 }))
    .map(([whole, part]) => `${whole}.${part}`),
  fc.constantFrom(
    '9223372036854775807',
    '-9223372036854775808',
    '99999999999999999999',
    '0.000000000000000001',
    '-0.5',
  ),
);

function textsOf(term: Term): string[] {
  if (term === 'device') return DEVICES;
  if (term === 'name') return [...NAMES, 'shock', 'door'];
  if (term === 'unit') return ['Cel', ''];
  if (term === 'asset') return ASSETS;
  if ('asset' in term) return ['acme', 'acme/berlin', 'acme/berlin/press/line1', "acme/o'hare"];
  return ['DE', 'NDE', "x'y"];
}

const condition = (points: boolean): fc.Arbitrary<Condition> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: term(points).chain((term) => {
        const texts = fc.array(fc.constantFrom(...textsOf(term), "' OR 1=1 --"), { minLength: 1, maxLength: 4 });
        return fc.oneof(
          fc.record({ term: fc.constant(term), in: texts }),
          fc.record({ term: fc.constant(term), notIn: texts }),
        );
      }),
    },
    fc.constantFrom('acme', 'acme/berlin/press/line1', 'acme/ber', "acme/o'hare").map((under) => ({ under })),
    fc.record({
      field: fc.constant('time' as const),
      op: operator,
      than: fc.integer({ min: -5 * MINUTE_US, max: 5 * MINUTE_US }),
    }),
    ...(points
      ? [
          fc.record({ field: fc.constant('quality' as const), op: operator, than: fc.integer({ min: 0, max: 255 }) }),
          fc.record({ field: fc.constant('value' as const), op: operator, than: decimal }),
        ]
      : []),
  );

const expression = (points: boolean): fc.Arbitrary<Expression> =>
  fc.letrec<{ any: Expression; leaf: Expression }>((tie) => ({
    leaf: fc.oneof(
      fc.constant<Expression>({ aggregate: 'count' }),
      { arbitrary: decimal.map((number) => ({ number })), weight: 1 },
      {
        weight: 4,
        arbitrary: fc.record({
          aggregate: fc.constantFrom('sum', 'min', 'max', 'first', 'last', 'squares', 'mean'),
          of: points ? fc.constantFrom('value', 'value', 'value', 'quality', 'time') : fc.constant('time'),
        }) as fc.Arbitrary<Expression>,
      },
    ),
    any: fc.oneof(
      { maxDepth: 4 },
      tie('leaf'),
      fc.record({
        op: fc.constantFrom('+', '-', '*', '/'),
        left: tie('any'),
        right: tie('any'),
      }) as fc.Arbitrary<Expression>,
      fc.record({ abs: tie('any') }),
      fc.record({ scale: tie('any'), exponent: fc.integer({ min: -8, max: 4 }) }),
    ),
  })).any;

/** Names of columns; some are names that the SQL uses itself, and some would end a quoted name. */
const COLUMN_NAMES = [
  'x',
  'y1',
  'a0',
  'k0',
  'ws',
  'we',
  't',
  'value',
  'select',
  'a "quoted" one',
  "it's",
  '`tick`',
  'ü;--',
  'back\\slash',
];

const column = (points: boolean): fc.Arbitrary<Column> => {
  const value = fc.record({ name: fc.constant(''), value: expression(points) });
  if (!points) return value;
  const edges = fc.uniqueArray(fc.integer({ min: -900, max: 900 }), { minLength: 1, maxLength: 4 });
  const histogram = edges.map((list) =>
    list.sort((a, b) => a - b).map((edge) => (edge % 2 === 0 ? `${edge}` : `${edge}.25`)),
  );
  return fc.oneof(
    { weight: 5, arbitrary: value },
    fc.record({ name: fc.constant(''), histogram: histogram.filter(ascends) }),
  );
};

const ascends = (edges: string[]) => edges.every((edge, i) => i === 0 || Number(edges[i - 1]) < Number(edge));

const windows = fc.oneof(
  fc.constantFrom(1, 500, 1000, 60_000, 90_000).map((sizeMs) => ({ sizeMs })),
  fc
    .constantFrom([10_000, 5000], [60_000, 20_000], [3000, 1000])
    .map(([sizeMs, everyMs]) => ({ sizeMs: sizeMs!, everyMs: everyMs! })),
  fc.constantFrom(1, 1000, 2000, 10_000).map((gapMs) => ({ gapMs })),
);

const anyQueries: fc.Arbitrary<Query> = fc
  .constantFrom('points' as const, 'points' as const, 'events' as const)
  .chain((from) => {
    const points = from === 'points';
    const comparison: fc.Arbitrary<Comparison> = fc.record({
      left: expression(points),
      op: operator,
      right: expression(points),
    });
    return fc
      .record({
        where: optional(fc.array(condition(points), { minLength: 1, maxLength: 2 })),
        exponent: fc.integer({ min: -3, max: 2 }),
        unit: fc.option(fc.constantFrom('Cel', ''), { nil: undefined, freq: 5 }),
        window: optional(windows),
        latenessMs: optional(fc.constantFrom(0, 1000, 30_000)),
        by: optional(fc.array(term(points), { minLength: 1, maxLength: 3 })),
        select: fc.array(column(points), { minLength: 1, maxLength: 5 }),
        // One in three: most groups fail a random comparison, and an answer without rows proves little.
        having: fc.oneof(
          { weight: 2, arbitrary: fc.constant(undefined) },
          { weight: 1, arbitrary: fc.array(comparison, { minLength: 1, maxLength: 2 }) },
        ),
        order: optional(fc.array(fc.tuple(fc.nat(), optional(fc.constant(true))), { minLength: 1, maxLength: 2 })),
        limit: optional(fc.integer({ min: 1, max: 20 })),
        names: fc.shuffledSubarray(COLUMN_NAMES, { minLength: 8 }),
      })
      .map(({ names, exponent, unit, by, select, order, ...rest }) => {
        const keys: Key[] | undefined = by?.map((term, i) => ({ name: names[i]!, term }));
        const columns = select.map((one, i): Column => ({ ...one, name: names[i + 3]! }));
        const as = points ? { exponent, ...(unit === undefined ? {} : { unit }) } : undefined;
        const query: Query = { from, ...rest, as, by: keys, select: columns };
        const all = columnNames(query);
        const sorts = order?.map(([i, descending]) => ({
          column: all[i % all.length]!,
          ...(descending === undefined ? {} : { descending }),
        }));
        return withoutUndefined({ ...query, order: sorts });
      });
  });

/** Questions about a plant that have an answer. */
export const queries: fc.Arbitrary<Query> = anyQueries.filter((query) => {
  try {
    compile(query);
    return true;
  } catch {
    // The exponents of a product or sum are too far apart.
    return false;
  }
});

function withoutUndefined(query: Query): Query {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as unknown as Query;
}
