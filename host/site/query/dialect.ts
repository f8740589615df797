/** What differs between the SQL of the engines. Texts of a question reach SQL only through `text` and `name`. */
import { QUOTIENT_LIMIT, WIDE_LIMIT } from './fixed.ts';

export const DIALECTS = ['duckdb', 'postgresql', 'flink', 'risingwave'] as const;
export type DialectName = (typeof DIALECTS)[number];

export interface Dialect {
  /** Lines before the statement, without the signs of a comment. */
  readonly remarks: readonly string[];
  /** Between the name of a step's table and its statement. */
  readonly step: string;
  /** A name of a table or column. */
  name(name: string): string;
  text(text: string): string;
  /** A whole number of up to 38 digits as the widest integer type. */
  wide(n: bigint): string;
  toWide(expression: string): string;
  /** Remainder with the sign of the dividend, of two expressions of one type. */
  remainder(a: string, b: string): string;
  /** Quotient of 64-bit integers, rounded toward zero. */
  quotient(a: string, b: string): string;
  /** Null at 10^38 and more. */
  add(a: string, b: string): string;
  subtract(a: string, b: string): string;
  multiply(a: string, b: string): string;
  /** The wide quotient toward zero of operands that are not null and a divisor that isn't 0; null at 10^32 and more. */
  wideQuotient(a: string, b: string): string;
  startsWith(expression: string, prefix: string): string;
  /** The first `depth` segments of a path; null if it has fewer. */
  prefix(path: string, depth: number): string;
  /** An expression of text that sorts by code points. */
  sortable(expression: string): string;
}

/** The form of a string literal in the standard: quotes are doubled, and no other character has a meaning. */
const standardText = (text: string) => `'${text.replaceAll("'", "''")}'`;
const doubleQuoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const magnitude = (x: string) => `CASE WHEN ${x} < 0 THEN -(${x}) ELSE ${x} END`;

const duckdb: Dialect = {
  remarks: [],
  step: 'AS',
  name: doubleQuoted,
  text: standardText,
  wide: (n) => `(${n})::HUGEINT`,
  toWide: (expression) => `(${expression})::HUGEINT`,
  remainder: (a, b) => `(${a} % ${b})`,
  quotient: (a, b) => `(${a} // ${b})`,
  add: (a, b) => tried(`${a} + ${b}`),
  subtract: (a, b) => tried(`${a} - ${b}`),
  multiply: (a, b) => tried(`${a} * ${b}`),
  wideQuotient: (a, b) => below(`(${a} // ${b})`, duckdb.wide(QUOTIENT_LIMIT)),
  startsWith: (expression, prefix) => `starts_with(${expression}, ${standardText(prefix)})`,
  prefix: (path, depth) =>
    `CASE WHEN len(string_split(${path}, '/')) >= ${depth} ` +
    `THEN array_to_string(string_split(${path}, '/')[1:${depth}], '/') END`,
  sortable: (expression) => expression,
};

/** HUGEINT ends at 1.7 x 10^38 with an error, which TRY makes null. It stands twice: the optimizer computes equal parts first. */
function tried(operation: string): string {
  const limit = WIDE_LIMIT - 1n;
  const bounds = `${duckdb.wide(-limit)} AND ${duckdb.wide(limit)}`;
  return `CASE WHEN TRY(${operation}) BETWEEN ${bounds} THEN TRY(${operation}) END`;
}

function below(expression: string, limit: string): string {
  return `CASE WHEN ${expression} > -${limit} AND ${expression} < ${limit} THEN ${expression} END`;
}

const postgresql: Dialect = {
  remarks: [],
  // Merged into one, the steps would be written out again wherever they are used, twice as long at each level.
  step: 'AS MATERIALIZED',
  name: doubleQuoted,
  // With standard_conforming_strings, the default since 9.1, a backslash is a character like any other.
  text: standardText,
  wide: (n) => `(${n})::numeric`,
  toWide: (expression) => `(${expression})::numeric`,
  remainder: (a, b) => `(${a} % ${b})`,
  quotient: (a, b) => `(${a} / ${b})`,
  add: (a, b) => below(`(${a} + ${b})`, postgresql.wide(WIDE_LIMIT)),
  subtract: (a, b) => below(`(${a} - ${b})`, postgresql.wide(WIDE_LIMIT)),
  multiply: (a, b) => below(`(${a} * ${b})`, postgresql.wide(WIDE_LIMIT)),
  wideQuotient: (a, b) => below(`div(${a}, ${b})`, postgresql.wide(QUOTIENT_LIMIT)),
  startsWith: (expression, prefix) => `starts_with(${expression}, ${standardText(prefix)})`,
  prefix: (path, depth) =>
    `CASE WHEN cardinality(string_to_array(${path}, '/')) >= ${depth} ` +
    `THEN array_to_string((string_to_array(${path}, '/'))[1:${depth}], '/') END`,
  // The collation of a database may follow a language.
  sortable: (expression) => `${expression} COLLATE "C"`,
};

/** DECIMAL(38, 0) overflows to null, as the plan defines it. */
const flink: Dialect = {
  remarks: [],
  step: 'AS',
  name: (name) => `\`${name.replaceAll('`', '``')}\``,
  text: standardText,
  // A numeric literal has at most 64 bits.
  wide: (n) => `CAST('${n}' AS DECIMAL(38, 0))`,
  toWide: (expression) => `CAST(${expression} AS DECIMAL(38, 0))`,
  remainder: (a, b) => `MOD(${a}, ${b})`,
  quotient: (a, b) => `(${a} / ${b})`,
  add: (a, b) => flink.toWide(`${a} + ${b}`),
  subtract: (a, b) => flink.toWide(`${a} - ${b}`),
  multiply: (a, b) => flink.toWide(`${a} * ${b}`),
  // The quotient of two DECIMAL(38, 0) is DECIMAL(38, 6), rounded; that of a multiple is exact.
  wideQuotient: (a, b) => flink.toWide(`(${a} - MOD(${a}, ${b})) / ${b}`),
  startsWith: (expression, prefix) => `STARTSWITH(${expression}, ${standardText(prefix)})`,
  prefix(path, depth) {
    const segments = Array.from({ length: depth }, (_, i) => `SPLIT_INDEX(${path}, '/', ${i})`);
    return `CASE WHEN ${segments.at(-1)} IS NOT NULL THEN CONCAT_WS('/', ${segments.join(', ')}) END`;
  },
  sortable: (expression) => expression,
};

const risingwave: Dialect = {
  ...postgresql,
  remarks: ["RisingWave: written after its documentation; moteware's tests don't execute this dialect."],
  step: 'AS',
  // NUMERIC of RisingWave has 28 digits.
  wide: (n) => `'${n}'::rw_int256`,
  toWide: (expression) => `(${expression})::rw_int256`,
  add: (a, b) => below(`(${a} + ${b})`, risingwave.wide(WIDE_LIMIT)),
  subtract: (a, b) => below(`(${a} - ${b})`, risingwave.wide(WIDE_LIMIT)),
  multiply: (a, b) => below(`(${a} * ${b})`, risingwave.wide(WIDE_LIMIT)),
  wideQuotient: (a, b) => below(`(${a} / ${b})`, risingwave.wide(QUOTIENT_LIMIT)),
  prefix: (path, depth) => {
    const segments = Array.from({ length: depth }, (_, i) => `split_part(${path}, '/', ${i + 1})`);
    return `CASE WHEN ${segments.at(-1)} <> '' THEN ${segments.join(" || '/' || ")} END`;
  },
  sortable: (expression) => expression,
};

export const dialects: Readonly<Record<DialectName, Dialect>> = { duckdb, postgresql, flink, risingwave };

/** The quotient rounded to nearest, halves away from zero; null for a divisor of 0. */
export function nearestQuotient(dialect: Dialect, a: string, b: string): string {
  const rest = dialect.remainder(a, b);
  const up = `(${magnitude(rest)}) >= (${magnitude(b)}) - (${magnitude(rest)})`;
  const sign = `CASE WHEN (${a} < 0) = (${b} < 0) THEN ${dialect.wide(1n)} ELSE ${dialect.wide(-1n)} END`;
  const rounded = `${dialect.wideQuotient(a, b)} + CASE WHEN ${up} THEN ${sign} ELSE ${dialect.wide(0n)} END`;
  return `CASE WHEN ${b} <> 0 THEN ${dialect.toWide(rounded)} END`;
}

/** The magnitude of a wide integer. */
export const absolute = magnitude;

/** A 64-bit integer divided by a positive one, rounded to nearest, halves away from zero. */
export function rescaled(dialect: Dialect, value: string, divide: string): string {
  const rest = dialect.remainder(value, divide);
  const away = `CASE WHEN ${value} < 0 THEN -1 ELSE 1 END`;
  return `${dialect.quotient(value, divide)} + CASE WHEN 2 * ABS(${rest}) >= ${divide} THEN ${away} ELSE 0 END`;
}
