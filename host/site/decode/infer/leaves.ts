/** What stands at each place of the records of a sample: the evidence for fields, times and devices. */
import { type Decimal, type Numeric, toDecimal } from '../decimal.ts';
import { FINEST_EXPONENT, MAX_NAME } from '../limits.ts';

/** Values of a sample that are looked at. */
const MAX_VALUES = 100_000;
/** Places of a record that are looked at. */
const MAX_LEAVES = 1_000;

export interface Leaf {
  /** JSON pointer or column. */
  readonly at: string;
  /** Member names on the way to it. */
  readonly path: readonly string[];
  /** True: in the JSON document around the records. */
  readonly root: boolean;
  readonly values: unknown[];
  /** When the message of each value was received, in UTC microseconds. */
  readonly receivedUs: number[];
}

export class Leaves {
  readonly #leaves = new Map<string, Leaf>();
  #values = 0;

  add(at: string, path: readonly string[], root: boolean, value: unknown, receivedUs: number): void {
    // A description can't have a longer place or name.
    if (this.#values >= MAX_VALUES || at.length > MAX_NAME) return;
    const key = `${root} ${at}`;
    let leaf = this.#leaves.get(key);
    if (leaf === undefined) {
      if (this.#leaves.size >= MAX_LEAVES) return;
      leaf = { at, path, root, values: [], receivedUs: [] };
      this.#leaves.set(key, leaf);
    }
    this.#values++;
    leaf.values.push(value);
    leaf.receivedUs.push(receivedUs);
  }

  /** By their places, so that the order of the messages doesn't matter. */
  all(): Leaf[] {
    return [...this.#leaves.values()].sort((a, b) =>
      a.at < b.at ? -1 : a.at > b.at ? 1 : Number(a.root) - Number(b.root),
    );
  }
}

/** A name without separators, in lower case. */
export function plainName(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** The last member name; of generic ones such as `id` or `value`, with the name before it. */
export function leafNames({ path }: Leaf): string[] {
  const last = plainName(path.at(-1) ?? '');
  const before = plainName(path.at(-2) ?? '');
  return before === '' ? [last] : [last, before + last];
}

export function isNumeric(value: unknown): value is Numeric {
  if (typeof value === 'number' || typeof value === 'bigint') return true;
  return typeof value === 'object' && value !== null && typeof (value as Decimal).digits === 'bigint';
}

/** Values that are there: neither null nor undefined. */
export function present(leaf: Leaf): unknown[] {
  return leaf.values.filter((value) => value !== null && value !== undefined);
}

/** The exponent that holds all of the values: that of the finest one, at most 9 decimals, and at most 18 digits. */
export function exponentOf(values: Iterable<Numeric>): number {
  let finest = 0;
  let integerDigits = 1;
  for (const value of values) {
    const decimal = toDecimal(value);
    if (decimal === null || decimal.digits === 0n) continue;
    const digits = decimal.digits.toString().replace('-', '');
    const zeros = digits.length - digits.replace(/0+$/, '').length;
    finest = Math.min(finest, decimal.exponent + zeros);
    integerDigits = Math.max(integerDigits, digits.length + decimal.exponent);
  }
  return Math.min(0, Math.max(finest, FINEST_EXPONENT, integerDigits - 18));
}
