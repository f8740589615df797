/** For tests: generated files about a small plant. Not part of the product. */
import fc from 'fast-check';
import { LEVELS } from '../model/index.ts';
import type { FactRow, Input } from './model.ts';
import { contradiction } from './spans.ts';

/** Names that are hard to write into a file, and those that differ in few characters. */
const NAMES = ['a', 'b', 'a b', 'Halle "2"; x', 'ä,\u{1F600}', '=1', "o'hare", 'a.b'];
const SECOND = 1_000_000;
const START = 1_790_000_000 * SECOND;

const paths = fc
  .array(fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })
  .map((all) => [...new Set(all.flatMap((names) => names.map((_, i) => names.slice(0, i + 1).join('/'))))]);

const times = fc.oneof(
  fc.constant(0),
  fc.nat(50).map((n) => START + n * SECOND),
  fc.nat(1000).map((n) => START + n),
);
const facts = (subjects: readonly string[], keys: readonly string[], texts: readonly string[]) =>
  fc
    .array(
      fc.record({
        subject: fc.constantFrom(...subjects),
        key: fc.constantFrom(...keys),
        text: fc.option(fc.constantFrom(...texts), { freq: 8 }),
        from: times,
        length: fc.option(fc.integer({ min: 1, max: 20 * SECOND })),
      }),
      { maxLength: 12 },
    )
    .map((rows) => {
      const kept: FactRow[] = [];
      for (const { length, ...rest } of rows) {
        const row = { ...rest, to: length === null ? null : rest.from + length, place: 'generated' };
        const same = kept.filter(({ subject, key }) => subject === row.subject && key === row.key);
        if (contradiction([...same, row]) === null) kept.push(row);
      }
      return kept;
    });

const TEXTS = ['A-17', '12,50', '"x"; y', 'ünï', '=SUM(A1)'];

/** A file whose rows agree with each other. */
export const inputs: fc.Arbitrary<Input> = paths.chain((all) =>
  fc.record({
    assets: fc.constant(
      all.map((path) => ({ path, level: LEVELS[2 * path.split('/').length - 2]!, place: 'generated' })),
    ),
    placements: facts(['n1', 'n2', 'dev; "3"'], [''], all),
    tags: facts(all, ['position', 'note'], TEXTS),
    context: facts(all, ['order', 'shift'], TEXTS),
  }),
);
