/**
 * The form of tests that take long by their nature: exhaustive sweeps, mutations, random cases. `npm test` runs the
 * short form, and `npm test -- --full` the full one, which CI runs. A sample of the cases is for whoever runs the same
 * tests many times: `npm run mutants`, and CI with each family of tools alone. Not part of the product.
 */
export const FULL = process.env.MOTE_TESTS === 'full';
export const SAMPLE = process.env.MOTE_TESTS === 'sample';

/** The number of cases to run: all of them in the full form, a tenth in the short one. */
export function cases(all: number): number {
  if (FULL) return all;
  return Math.ceil(all / (SAMPLE ? 1000 : 10));
}

/** The same number as it stands in the name of a test, such as `100,000`. */
export function casesText(all: number): string {
  return cases(all).toLocaleString('en-US');
}

/** The rows of a table that is short enough for both forms; a sample has every 25th. */
export function sampledRows<Row>(rows: readonly Row[]): readonly Row[] {
  return SAMPLE ? rows.filter((_, i) => i % 25 === 0) : rows;
}

/** The number of cases of a test that is short enough for both forms; a sample has a 25th of them. */
export function sampled(count: number): number {
  return SAMPLE ? Math.ceil(count / 25) : count;
}
