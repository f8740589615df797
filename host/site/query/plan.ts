/**
 * A question with all names, exponents and bounds worked out: what every emitter writes in its dialect and the incremental
 * run executes. A plan contains integers only.
 */
import type { AssetLevel } from '../model/index.ts';
import type { Query, Term } from './query.ts';

/** Where an operand is: an aggregate, a step, or itself. */
export type Operand = { readonly atom: number } | { readonly step: number } | { readonly constant: bigint };

/** Columns of a row before it is aggregated: the value at the plan's exponent, microseconds, the quality. */
export type RowField = 'value' | 'time' | 'quality';

/** What is aggregated over the rows of a group. */
export type Atom =
  | { readonly kind: 'count' }
  | { readonly kind: 'sum' | 'min' | 'max' | 'first' | 'last'; readonly of: RowField }
  /**
   * Sums of high x high, high x low and low x low with x = high x 10^9 + low: the square of an int64 has 127 bits, and a sum of such
   * squares more than any engine has.
   */
  | { readonly kind: 'highHigh' | 'highLow' | 'lowLow'; readonly of: RowField }
  /** Values from edge `from` on and below edge `to`; null is no bound. */
  | { readonly kind: 'bin'; readonly histogram: number; readonly from: number | null; readonly to: number | null };

/** Arithmetic of `fixed.ts`. `level`: a step uses steps of lower levels only. */
export type Step =
  | {
      readonly op: 'add' | 'subtract' | 'multiply' | 'divide';
      readonly a: Operand;
      readonly b: Operand;
      readonly level: number;
    }
  | { readonly op: 'absolute'; readonly a: Operand; readonly level: number };

/** How values of series with one exponent are compared and rescaled. All bounds are of the stored integer. */
export interface Scale {
  readonly exponent: number;
  /** Values outside are left out; none is inside if `min` > `max`. */
  readonly min: bigint;
  readonly max: bigint;
  /** Values that are left out. */
  readonly not: readonly (bigint | null)[];
  /** A value is multiplied, or divided and rounded; one of the two is 1. */
  readonly multiply: bigint;
  readonly divide: bigint;
  /** Of all histograms: a value below the edge is below this integer. */
  readonly edges: readonly (readonly bigint[])[];
}

/**
 * A text of a row with its place in the tables. `at`: of the asset itself (null), of the asset above it at a level, or
 * of that many names of its path.
 */
export type Column =
  | { readonly kind: 'device' | 'name' | 'unit' }
  | { readonly kind: 'asset'; readonly at: AssetLevel | number | null }
  | { readonly kind: 'tag' | 'context'; readonly key: string; readonly at: AssetLevel | number | null };

export interface TextCondition {
  readonly column: Column;
  readonly texts: readonly string[];
  readonly not: boolean;
}

/** An inclusive range of integers without some. */
export interface IntegerRange {
  readonly min: bigint | null;
  readonly max: bigint | null;
  readonly not: readonly bigint[];
}

export type PlanWindow =
  | { readonly kind: 'hop'; readonly sizeUs: bigint; readonly everyUs: bigint }
  | { readonly kind: 'session'; readonly gapUs: bigint };

/** A column of the answer. */
export interface OutputColumn {
  readonly name: string;
  /** `time`: UTC microseconds. `number`: an integer x 10^exponent. */
  readonly type: 'time' | 'text' | 'number';
  readonly exponent: number;
  readonly source: { readonly window: 'start' | 'end' } | { readonly key: number } | Operand;
}

export interface Plan {
  readonly query: Query;
  readonly from: Query['from'];
  /** Conditions on a series, or on an event's device and name. */
  readonly source: readonly TextCondition[];
  /** Conditions that need the asset of the row. */
  readonly joined: readonly TextCondition[];
  readonly under: readonly string[];
  readonly quality: IntegerRange;
  readonly time: IntegerRange;
  /** One for each exponent that a series may have; null if no value is used, then the exponent doesn't matter. */
  readonly scales: readonly Scale[] | null;
  /** The exponent of values; null if none is aggregated. */
  readonly exponent: number | null;
  readonly window: PlanWindow | null;
  readonly latenessUs: bigint;
  readonly keys: readonly Column[];
  readonly atoms: readonly Atom[];
  readonly steps: readonly Step[];
  readonly columns: readonly OutputColumn[];
  readonly having: readonly { readonly left: Operand; readonly op: string; readonly right: Operand }[];
  /** Of `columns`; together they order the rows of every answer in one way. */
  readonly order: readonly { readonly column: number; readonly descending: boolean }[];
  readonly limit: number | null;
}

/** What a site knows when a question is asked. */
export interface PlanContext {
  /** Exponents of the series that are asked; default all of -18 to 18. */
  readonly exponents?: readonly number[];
  /** The time of asking, in UTC microseconds; for times such as `now - 1h`. */
  readonly nowUs?: number;
}

/** `levelOf` checks a level. */
export function columnOf(term: Term, levelOf: (level: string | number) => AssetLevel | number): Column {
  if (term === 'asset') return { kind: 'asset', at: null };
  if (typeof term === 'string') return { kind: term };
  if ('asset' in term) return { kind: 'asset', at: levelOf(term.asset) };
  const at = term.at === undefined ? null : levelOf(term.at);
  if ('tag' in term) return { kind: 'tag', key: term.tag, at };
  return { kind: 'context', key: term.context, at };
}
