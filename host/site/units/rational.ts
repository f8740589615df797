/** numerator / denominator x pi^pi, exact. The denominator is above 0. */
export interface Factor {
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly pi: number;
}

export const ONE: Factor = { numerator: 1n, denominator: 1n, pi: 0 };

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** `denominator` isn't 0. */
export function fraction(numerator: bigint, denominator: bigint, pi = 0): Factor {
  const sign = denominator < 0n ? -1n : 1n;
  const common = gcd(numerator, sign * denominator) || 1n;
  return { numerator: (sign * numerator) / common, denominator: (sign * denominator) / common, pi };
}

export function multiply(a: Factor, b: Factor): Factor {
  return fraction(a.numerator * b.numerator, a.denominator * b.denominator, a.pi + b.pi);
}

/** `exponent` is a safe integer; the factor isn't 0. */
export function power(base: Factor, exponent: number): Factor {
  const n = BigInt(Math.abs(exponent));
  const up = fraction(base.numerator ** n, base.denominator ** n, base.pi * Math.abs(exponent));
  return exponent < 0 ? fraction(up.denominator, up.numerator, -up.pi) : up;
}

/** A decimal text such as `254e-2` or `133.3220`; null for any other. */
export function decimalFactor(text: string): Factor | null {
  const match = /^(\d{1,80})(?:\.(\d{1,80}))?(?:e([+-]?\d{1,2}))?$/i.exec(text);
  if (match === null) return null;
  const [, integer, part = '', exponent = '0'] = match;
  const shift = Number(exponent) - part.length;
  const digits = BigInt(integer + part);
  return shift < 0 ? fraction(digits, 10n ** BigInt(-shift)) : fraction(digits * 10n ** BigInt(shift), 1n);
}

export function toNumber({ numerator, denominator, pi }: Factor): number {
  // 60 bits of the quotient, which is more than a double has.
  const shift = BigInt(Math.max(0, denominator.toString(2).length - numerator.toString(2).length + 60));
  return (Number((numerator << shift) / denominator) / 2 ** Number(shift)) * Math.PI ** pi;
}
