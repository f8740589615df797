/**
 * Converts values between units on reading. Units are those of UCUM, whose definitions the package @lhncbc/ucum-lhc
 * holds; the arithmetic here is exact, with integers only. The package is optional and loaded when it is used.
 */
import { divideHalfEven, MoteError } from '../../base/index.ts';
import { factorOf, MAX_CODE } from './code.ts';
import { decimalFactor, type Factor, fraction, multiply, ONE, power, toNumber } from './rational.ts';

export type UnitFault = 'unknown' | 'incommensurable' | 'not_linear';

/** to = from x factor + offset. */
export interface Conversion {
  readonly factor: Factor;
  readonly offset: Factor;
  /** False: the factor contains pi, of which 64 digits are used. */
  readonly exact: boolean;
}

/** A unit in base units: base = value x factor + offset. */
interface Base {
  readonly factor: Factor;
  readonly offset: Factor;
  readonly dimension: string;
}

export interface Units {
  /** How values of one unit become those of another, or why they can't. */
  conversion(from: string, to: string): Conversion | UnitFault;
}

/** kelvins = value x factor + offset (UCUM, table 6). */
const TEMPERATURES: { readonly [code: string]: readonly [factor: Factor, offset: Factor] } = {
  Cel: [ONE, fraction(27_315n, 100n)],
  '[degF]': [fraction(5n, 9n), fraction(45_967n * 5n, 900n)],
  '[degRe]': [fraction(5n, 4n), fraction(27_315n, 100n)],
};
/** Units that are read once. */
const MAX_KEPT = 1_000;
const NO_OFFSET = fraction(0n, 1n);
const PI_DIGITS = '3.1415926535897932384626433832795028841971693993751058209749445923';

/** Throws `UNITS_MISSING` if the optional package isn't installed. */
export async function loadUnits(): Promise<Units> {
  let package_: typeof import('@lhncbc/ucum-lhc');
  try {
    package_ = await import('@lhncbc/ucum-lhc');
  } catch (cause) {
    const what = 'Units are converted by the package @lhncbc/ucum-lhc, which is not installed';
    throw new MoteError('UNITS_MISSING', `${what}; run \`npm install @lhncbc/ucum-lhc\`.`, { cause });
  }
  const ucum = package_.UcumLhcUtils.getInstance();
  const table = package_.UnitTables.getInstance();
  const atoms = new Map<string, Factor | null>();

  function atom(code: string): Factor | null {
    const known = atoms.get(code);
    if (known !== undefined) return known;
    // A definition that refers to itself ends here.
    atoms.set(code, null);
    const factor = defined(code);
    atoms.set(code, factor);
    return factor;
  }

  function defined(code: string): Factor | null {
    if (code === '[pi]') return { ...ONE, pi: 1 };
    const unit = table.getUnitByCode(code);
    if (unit === null || unit === undefined || unit.cnv_ !== null) return null;
    if (unit.isBase_) return ONE;
    const size = decimalFactor(unit.baseFactorStr_ ?? '');
    const base = factorOf(unit.csUnitString_ ?? '', atom);
    if (size === null || base === null) return null;
    const factor = multiply(size, base);
    // The table has prefixed units, such as mm[Hg], with the definition of the unit without the prefix.
    return Math.abs(toNumber(factor) / unit.magnitude_ - 1) < 1e-9 ? factor : null;
  }

  const bases = new Map<string, Base | UnitFault>();

  function toBase(code: string): Base | UnitFault {
    // The package takes long for a long text.
    if (code.length === 0 || code.length > MAX_CODE) return 'unknown';
    const known = bases.get(code);
    if (known !== undefined) return known;
    const base = readBase(code);
    if (bases.size < MAX_KEPT) bases.set(code, base);
    return base;
  }

  function readBase(code: string): Base | UnitFault {
    // The package also reads names, and codes in the wrong case; a series has a code.
    const { status, ucumCode } = ucum.validateUnitString(code);
    const { unit } = ucum.getSpecifiedUnit(code, 'validate');
    if (status !== 'valid' || ucumCode !== code || unit === null) return 'unknown';
    const dimension = `${unit.dim_?.dimVec_?.join() ?? ''} ${unit.moleExp_} ${unit.isArbitrary_ ? code : ''}`;
    const temperature = Object.hasOwn(TEMPERATURES, code) ? TEMPERATURES[code] : undefined;
    if (temperature !== undefined) return { factor: temperature[0], offset: temperature[1], dimension };
    if (unit.cnv_ !== null) return 'not_linear';
    const factor = factorOf(code, atom);
    return factor === null ? 'unknown' : { factor, offset: NO_OFFSET, dimension };
  }

  return {
    conversion(from, to) {
      if (from === to && from !== '') return { factor: ONE, offset: NO_OFFSET, exact: true };
      const [a, b] = [toBase(from), toBase(to)];
      if (typeof a === 'string') return a;
      if (typeof b === 'string') return b;
      if (a.dimension !== b.dimension) return 'incommensurable';
      const inverse = power(b.factor, -1);
      const { pi } = multiply(a.factor, inverse);
      const factor = withPi(multiply(a.factor, inverse));
      return { factor, offset: multiply(difference(a.offset, b.offset), inverse), exact: pi === 0 };
    },
  };
}

function withPi(factor: Factor): Factor {
  if (factor.pi === 0) return factor;
  return multiply({ ...factor, pi: 0 }, power(decimalFactor(PI_DIGITS)!, factor.pi));
}

function difference(a: Factor, b: Factor): Factor {
  return fraction(a.numerator * b.denominator - b.numerator * a.denominator, a.denominator * b.denominator);
}

const MAX_INT64 = 2n ** 63n - 1n;

/**
 * Converts an integer x 10^exponent to an integer x 10^toExponent, rounded half to even. `exact` is false if it was
 * rounded or the factor contains pi. Returns null beyond 64 bits.
 */
export function convert(
  value: number | bigint,
  exponent: number,
  { factor, offset, exact }: Conversion,
  toExponent: number,
): { value: bigint; exact: boolean } | null {
  const at = (e: number) => power(fraction(10n, 1n), e);
  const scaled = multiply(multiply(fraction(BigInt(value), 1n), factor), at(exponent - toExponent));
  const shift = multiply(offset, at(-toExponent));
  const numerator = scaled.numerator * shift.denominator + shift.numerator * scaled.denominator;
  const { quotient, exact: whole } = divideHalfEven(numerator, scaled.denominator * shift.denominator);
  if (quotient > MAX_INT64 || quotient < -MAX_INT64 - 1n) return null;
  return { value: quotient, exact: exact && whole };
}
