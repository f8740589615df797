/**
 * Numbers as integers x 10^exponent. A decimal text is exact. A binary float means the shortest decimal that reads back
 * as the same float, which is what its sender saw.
 */
import { divideHalfEven } from '../../base/index.ts';
import { MAX_NUMBER } from './limits.ts';

/** digits x 10^exponent, exact. */
export interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** What a format's parser yields for a number; a `number` may also be NaN or infinite. */
export type Numeric = number | bigint | Decimal;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
/** All that a double holds exactly as a factor. */
const POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Below it each decimal with as many digits is another double, so a match is the shortest decimal. */
const EXACT = 1e15;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** Reads a decimal text such as `-21.53`, `.5` or `1.3e9`. Returns null for any other text and for more than 400 characters. */
export function parseDecimal(text: string): Decimal | null {
  if (text.length > MAX_NUMBER) return null;
  const [whole, sign, integer = '', fraction = '', power = '0'] = DECIMAL.exec(text) ?? [];
  if (whole === undefined || integer.length + fraction.length === 0) return null;
  const digits = BigInt(integer + fraction);
  // A larger power is beyond every range, whatever the digits are.
  const exponent = Math.max(-1e7, Math.min(1e7, Number(power)));
  return { digits: sign === '-' ? -digits : digits, exponent: exponent - fraction.length };
}

/** The shortest decimal of a finite double. */
export function decimalOf(value: number): Decimal {
  return Number.isSafeInteger(value) ? { digits: BigInt(value), exponent: 0 } : parseDecimal(String(value))!;
}

/** Returns null for NaN and infinities. */
export function toDecimal(value: Numeric): Decimal | null {
  if (typeof value === 'bigint') return { digits: value, exponent: 0 };
  if (typeof value !== 'number') return value;
  return Number.isFinite(value) ? decimalOf(value) : null;
}

/**
 * The double that prints as the shortest decimal of a float of 32 bits: 21.53 for the float next to it. Integers stay
 * as they are, because a float holds them exactly.
 */
export function shortestFloat32(value: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value)) return value;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** Beyond this distance of exponents a sum has no meaning and would take long. */
const MAX_APART = 1000;

/** The exact sum; null if the exponents are more than 1000 apart. */
export function addDecimals(a: Decimal, b: Decimal): Decimal | null {
  if (a.digits === 0n) return b;
  if (b.digits === 0n) return a;
  const exponent = Math.min(a.exponent, b.exponent);
  if (Math.max(a.exponent, b.exponent) - exponent > MAX_APART) return null;
  const at = (d: Decimal) => d.digits * 10n ** BigInt(d.exponent - exponent);
  return { digits: at(a) + at(b), exponent };
}

/** An integer at an exponent, or why there is none. */
export interface Scaled {
  readonly value: number | bigint;
  /** False: it was rounded, half to even. */
  readonly exact: boolean;
}
export type ScaleFault = 'not_a_number' | 'out_of_range';

/** The value as an int64 x 10^exponent, rounded half to even. Safe integers are numbers, others bigints. */
export function scale(value: Numeric, exponent: number): Scaled | ScaleFault {
  if (typeof value === 'number') {
    const fast = scaleFast(value, exponent);
    if (fast !== null) return { value: fast, exact: true };
    if (!Number.isFinite(value)) return 'not_a_number';
    return scaleDecimal(decimalOf(value), exponent);
  }
  return scaleDecimal(typeof value === 'bigint' ? { digits: value, exponent: 0 } : value, exponent);
}

/** The exact integer of most doubles without big integers; null for all others. */
export function scaleFast(value: number, exponent: number): number | null {
  if (exponent <= 0) {
    const power = POWERS[-exponent]!;
    const integer = Math.round(value * power);
    return Math.abs(integer) <= EXACT && integer / power === value ? integer + 0 : null;
  }
  const integer = Math.round(value / POWERS[exponent]!);
  return Math.abs(value) <= EXACT && integer * POWERS[exponent]! === value ? integer + 0 : null;
}

/** The same of a decimal. */
export function scaleDecimal({ digits, exponent }: Decimal, to: number): Scaled | ScaleFault {
  if (digits === 0n) return { value: 0, exact: true };
  const shift = exponent - to;
  if (shift > 19) return 'out_of_range';
  if (shift >= 0) return int64(digits * 10n ** BigInt(shift), true);
  // All digits lie below half of the last place.
  if (-shift > 2 * MAX_APART) return { value: 0, exact: false };
  const { quotient, exact } = divideHalfEven(digits, 10n ** BigInt(-shift));
  return int64(quotient, exact);
}

function int64(value: bigint, exact: boolean): Scaled | ScaleFault {
  if (value > MAX_INT64 || value < MIN_INT64) return 'out_of_range';
  const number = Number(value);
  return { value: Number.isSafeInteger(number) ? number : value, exact };
}
