/**
 * The form of tests that take long by their nature: exhaustive sweeps, mutations, random cases. `npm test` runs the
 * short form, `npm test -- --full` the full one, which CI runs. Not part of the product.
 */
export const FULL = process.env.MOTE_TESTS === 'full';

/** The number of cases to run: all of them in the full form, a tenth in the short one. */
export function cases(all: number): number {
  return FULL ? all : Math.ceil(all / 10);
}

/** The same number as it stands in the name of a test, such as `100,000`. */
export function casesText(all: number): string {
  return cases(all).toLocaleString('en-US');
}
