/** value x 10^exponent without the noise of floats: 83 x 10^-1 is 8.3. */
export function decimal(value: number, exponent: number): number {
  return exponent < 0 ? value / 10 ** -exponent : value * 10 ** exponent;
}

/** integer x 10^exponent in plain digits, such as `-0.05`. */
export function formatDecimal(integer: bigint, exponent: number): string {
  if (exponent >= 0) return `${integer * 10n ** BigInt(exponent)}`;
  const digits = `${integer < 0n ? -integer : integer}`.padStart(1 - exponent, '0');
  return `${integer < 0n ? '-' : ''}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}

/** numerator / denominator (above 0) as an integer, rounded half to even. */
export function divideHalfEven(numerator: bigint, denominator: bigint): { quotient: bigint; exact: boolean } {
  let quotient = numerator / denominator;
  const rest = numerator % denominator;
  if (rest === 0n) return { quotient, exact: true };
  const twice = 2n * (rest < 0n ? -rest : rest);
  if (twice > denominator || (twice === denominator && quotient % 2n !== 0n)) quotient += rest < 0n ? -1n : 1n;
  return { quotient, exact: false };
}
