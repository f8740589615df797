import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cases } from '../../base/test-form.ts';
import { contradiction, type Span, type Statement, splitAt, stated, textAt } from './spans.ts';

const END = 40;
const text = fc.constantFrom('a', 'b', 'c');
const statement = fc
  .record({ from: fc.nat(30), length: fc.option(fc.integer({ min: 1, max: 8 })), text: fc.option(text) })
  .map(({ from, length, text }): Statement => ({ from, to: length === null ? null : from + length, text }));
/** Statements that don't contradict each other. */
const statements = fc.array(statement, { maxLength: 8 }).map((all) => {
  const kept: Statement[] = [];
  for (const one of all) if (contradiction([...kept, one]) === null) kept.push(one);
  return kept;
});
const history = statements.map((all) => stated([], all));
const runs = { numRuns: cases(2000) };

/** What holds in each moment, by the definition: what is stated wins, and is open until the next beginning. */
function moments(before: readonly Span[], all: readonly Statement[]): (string | null)[] {
  return Array.from({ length: END }, (_, t) => {
    const said = all.find(({ from, to, text }) => {
      const begins = [...before.filter((span) => span.text !== text), ...all].map((one) => one.from);
      const end = to ?? Math.min(...begins.filter((begin) => begin > from), Number.POSITIVE_INFINITY);
      return from <= t && t < end;
    });
    return said === undefined ? textAt(before, t) : said.text;
  });
}

it('holds in each moment what was stated of it', () => {
  fc.assert(
    fc.property(history, statements, (before, all) => {
      const after = stated(before, all);
      expect(Array.from({ length: END }, (_, t) => textAt(after, t))).toEqual(moments(before, all));
      for (const [i, { from, to, text }] of after.entries()) {
        const next = after[i + 1];
        expect(from < (to ?? Number.POSITIVE_INFINITY)).toBe(true);
        if (next !== undefined) expect(to! < next.from || (to === next.from && text !== next.text)).toBe(true);
      }
    }),
    runs,
  );
});

it('takes the same statements twice, and what it has written itself, without a change', () => {
  fc.assert(
    fc.property(history, statements, (before, all) => {
      const after = stated(before, all);
      expect(stated(after, all)).toEqual(after);
      expect(stated([], after)).toEqual(after);
      expect(stated(after, after)).toEqual(after);
    }),
    runs,
  );
});

it('closes what held before at the time of the next, in whatever order they are stated', () => {
  const [january, march] = [
    { from: 1, to: null, text: 'berlin' },
    { from: 3, to: null, text: 'munich' },
  ];
  const both = [
    { from: 1, to: 3, text: 'berlin' },
    { from: 3, to: null, text: 'munich' },
  ];
  expect(stated([], [january, march])).toEqual(both);
  expect(stated(stated([], [march]), [january])).toEqual(both);
  expect(stated(both, [{ from: 5, to: null, text: null }])).toEqual([both[0], { ...both[1], to: 5 }]);
  expect(splitAt(both, 2)).toEqual({
    before: [{ from: 1, to: 2, text: 'berlin' }],
    after: [{ from: 2, to: 3, text: 'berlin' }, both[1]],
  });
});
