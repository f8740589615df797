/** value x 10^exponent without the noise of floats: 83 x 10^-1 is 8.3. */
export function decimal(value: number, exponent: number): number {
  return exponent < 0 ? value / 10 ** -exponent : value * 10 ** exponent;
}
