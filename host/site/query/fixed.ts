/** Integers of up to 38 decimal digits, and decimals as an integer with an exponent. */

/** Results of this size and more are null: 10^38 is the bound of DECIMAL(38, 0), and below those of HUGEINT and NUMERIC. */
export const WIDE_LIMIT = 10n ** 38n;
/** Quotients of this size and more are null: Flink's DECIMAL division keeps six decimals, which leaves 32 digits. */
export const QUOTIENT_LIMIT = 10n ** 32n;
export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

export type Wide = bigint | null;

const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);
const bounded = (x: bigint): Wide => (magnitude(x) < WIDE_LIMIT ? x : null);

export const add = (a: Wide, b: Wide): Wide => (a === null || b === null ? null : bounded(a + b));
export const subtract = (a: Wide, b: Wide): Wide => (a === null || b === null ? null : bounded(a - b));
export const multiply = (a: Wide, b: Wide): Wide => (a === null || b === null ? null : bounded(a * b));
export const absolute = (a: Wide): Wide => (a === null ? null : magnitude(a));

/** Rounds to nearest, halves away from zero. */
export function divide(a: Wide, b: Wide): Wide {
  if (a === null || b === null || b === 0n || magnitude(a / b) >= QUOTIENT_LIMIT) return null;
  return roundedQuotient(a, b);
}

export function roundedQuotient(a: bigint, b: bigint): bigint {
  const rest = magnitude(a % b);
  const up = rest >= magnitude(b) - rest;
  return a / b + (up ? (a < 0n !== b < 0n ? -1n : 1n) : 0n);
}

export const power10 = (digits: number): bigint => 10n ** BigInt(digits);

export interface Decimal {
  readonly integer: bigint;
  /** 0 or less. The value is integer x 10^exponent; the integer doesn't end with a zero that the exponent could hold. */
  readonly exponent: number;
}

/** Up to 38 digits, of which up to 18 are after the point. */
export const DECIMAL = /^-?(?:0|[1-9]\d{0,19})(?:\.\d{1,18})?$/;

/** Parses what `DECIMAL` accepts. */
export function parseDecimal(text: string): Decimal {
  const [whole = '0', fraction = ''] = text.split('.');
  const digits = fraction.replace(/0+$/, '');
  return { integer: BigInt(whole + digits), exponent: digits.length === 0 ? 0 : -digits.length };
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/** The least integer n with n x 10^exponent >= the decimal. */
export function ceilingAt({ integer, exponent: own }: Decimal, exponent: number): bigint {
  if (own >= exponent) return integer * power10(own - exponent);
  return -floorDivide(-integer, power10(exponent - own));
}

/** The greatest integer n with n x 10^exponent <= the decimal. */
export function floorAt(decimal: Decimal, exponent: number): bigint {
  return -ceilingAt({ integer: -decimal.integer, exponent: decimal.exponent }, exponent);
}

export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const greatest = (a: bigint, b: bigint): bigint => (a > b ? a : b);
