/**
 * A question to the site as data. Its JSON form is docs/schemas/query.schema.json, its text form is described in
 * docs/queries.md.
 *
 * All numbers are integers with an exponent that is known before the question runs, as of a fixed-point number: every
 * engine that answers then returns equal rows.
 */

/** A level of assets, such as `line`, or a number of names from the front of the path. */
export type Level = number | string;

/**
 * A text that each row has, or lacks: where a device was placed, and what is known about that asset, at the time of the row.
 * With `at` the tag or context of the asset above at that level is taken.
 */
export type Term =
  | 'device'
  | 'name'
  | 'unit'
  | 'asset'
  | { readonly asset: Level }
  | { readonly tag: string; readonly at?: Level }
  | { readonly context: string; readonly at?: Level };

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** A condition on something that the row lacks is false, also `notIn`. */
export type Condition =
  | { readonly term: Term; readonly in: readonly string[] }
  | { readonly term: Term; readonly notIn: readonly string[] }
  /** The asset with this path and all below it. */
  | { readonly under: string }
  | { readonly field: 'quality'; readonly op: Operator; readonly than: number }
  /** A decimal, compared with the value in its unit, before that is rescaled. */
  | { readonly field: 'value'; readonly op: Operator; readonly than: string }
  /** UTC microseconds, or as much before the time of asking. */
  | { readonly field: 'time'; readonly op: Operator; readonly than: number | { readonly agoMs: number } };

/** Windows in event time. Those with a size begin at multiples of `everyMs` since 1970, or of the size. */
export type Window =
  | { readonly sizeMs: number }
  /** Overlapping windows; the size is a multiple of `everyMs`. */
  | { readonly sizeMs: number; readonly everyMs: number }
  /** Rows of one group belong together if each follows the one before within the gap. */
  | { readonly gapMs: number };

export interface Key {
  readonly name: string;
  readonly term: Term;
}

export type Field = 'value' | 'time' | 'quality';
export const FIELD_AGGREGATES = ['sum', 'min', 'max', 'first', 'last', 'squares', 'mean'] as const;
export type FieldAggregate = (typeof FIELD_AGGREGATES)[number];

/**
 * Fixed-point arithmetic over aggregates.
 *
 * - The exponent of an aggregate of `value` is that of the question, that of `squares` twice as much; `time` is in
 *   seconds with the exponent -6; `count` and `quality` have the exponent 0.
 * - A sum or difference has the finer exponent of both sides, a product the sum of the exponents.
 * - A quotient has the exponent of the dividend and is rounded to nearest, halves away from zero; so is `scale` to a coarser
 *   exponent. `mean` is the quotient of sum and count.
 * - A result of 10^38 or more, a quotient of 10^32 or more, a division by zero, and what is computed from these, is null.
 */
export type Expression =
  | { readonly number: string }
  | { readonly aggregate: 'count' }
  | { readonly aggregate: FieldAggregate; readonly of: Field }
  | { readonly op: '+' | '-' | '*' | '/'; readonly left: Expression; readonly right: Expression }
  | { readonly abs: Expression }
  | { readonly scale: Expression; readonly exponent: number };

export type Column =
  | { readonly name: string; readonly value: Expression }
  /** Counts of values below the first edge, from each edge to below the next, and from the last on: `name_0`, `name_1`, ... */
  | { readonly name: string; readonly histogram: readonly string[] };

/** A comparison with null is false. */
export interface Comparison {
  readonly left: Expression;
  readonly op: Operator;
  readonly right: Expression;
}

export interface Order {
  /** Name of a column or key, `window_start` or `window_end`. */
  readonly column: string;
  readonly descending?: boolean;
}

export interface Query {
  readonly from: 'points' | 'events';
  /** All of them hold. */
  readonly where?: readonly Condition[];
  /**
   * The unit and exponent of values. Only series of the unit are asked. Each value is rescaled to the exponent before it is aggregated:
   * exactly to a finer one, rounded to nearest with halves away from zero to a coarser one. Values that don't fit 64 bits then, and
   * series whose exponent is more than 18 away, are left out. Without an exponent, the finest of the series that are asked is taken.
   */
  readonly as?: { readonly unit?: string; readonly exponent?: number };
  readonly window?: Window;
  /** A run over data as they come waits this long for rows that are late, before it reports a window. */
  readonly latenessMs?: number;
  readonly by?: readonly Key[];
  readonly select: readonly Column[];
  /** All of them hold. */
  readonly having?: readonly Comparison[];
  /** Nulls stand last. Rows that are equal in these, and all without them, are in order of window and keys. */
  readonly order?: readonly Order[];
  readonly limit?: number;
}

/** The columns that a window adds before all others, in UTC microseconds. */
export const WINDOW_COLUMNS = ['window_start', 'window_end'] as const;

/** What bounds a question; docs/LIMITS.md. */
export const LIMITS = {
  textBytes: 65_536,
  conditions: 64,
  texts: 1000,
  keys: 16,
  columns: 64,
  comparisons: 16,
  edges: 100,
  /** Nested parts of an expression. */
  depth: 32,
  /** Parts of all expressions. */
  parts: 1000,
  /** Windows that one row is in. */
  overlap: 1000,
  /** 3660 days. */
  durationMs: 316_224_000_000,
  rows: 1_000_000,
  level: 16,
} as const;
