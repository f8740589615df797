import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeFrame, MoteError } from '../../base/index.ts';
import { sampled } from '../../base/test-form.ts';
import { formatTime } from '../model/index.ts';
import { parseJsonQuery, queryOf } from './json.ts';
import { parseQuery, parseTime } from './parse.ts';
import { printQuery } from './print.ts';
import type { Query } from './query.ts';
import { queries } from './testing.ts';

const EXAMPLE = `from points
where name = 'temperature'
  and asset under acme/berlin
as Cel exponent -3
window 1m
by asset.machine
select count, mean(value), max(value)`;

const EXAMPLE_QUERY: Query = {
  from: 'points',
  where: [{ term: 'name', in: ['temperature'] }, { under: 'acme/berlin' }],
  as: { unit: 'Cel', exponent: -3 },
  window: { sizeMs: 60_000 },
  by: [{ name: 'asset_machine', term: { asset: 'machine' } }],
  select: [
    { name: 'count', value: { aggregate: 'count' } },
    { name: 'mean_value', value: { aggregate: 'mean', of: 'value' } },
    { name: 'max_value', value: { aggregate: 'max', of: 'value' } },
  ],
};

describe('the text form', () => {
  it('is read into the question that it describes', () => {
    expect(parseQuery(EXAMPLE)).toEqual(EXAMPLE_QUERY);
    expect(printQuery(EXAMPLE_QUERY)).toBe(EXAMPLE);
  });

  it('is read back from what is printed, for every question', () => {
    fc.assert(
      fc.property(queries, (query) => {
        expect(parseQuery(printQuery(query))).toEqual(query);
      }),
      { numRuns: sampled(500) },
    );
  });

  it.each<[name: string, text: string, part: Partial<Query>]>([
    [
      'hopping windows',
      'from points window 1h every 5m select count',
      { window: { sizeMs: 3_600_000, everyMs: 300_000 } },
    ],
    ['sessions', 'from points window session 1m30s select count', { window: { gapMs: 90_000 } }],
    ['lateness', 'from points window 1s lateness 500ms select count', { latenessMs: 500 }],
    ['keywords in capitals', 'FROM points SELECT count LIMIT 3', { limit: 3 }],
    [
      'names in quotes',
      'from points by tag."a ""b""" at 4 as "select" select count order by "select" desc',
      {
        by: [{ name: 'select', term: { tag: 'a "b"', at: 4 } }],
        order: [{ column: 'select', descending: true }],
      },
    ],
    [
      'times',
      "from points where time >= '2026-11-29T20:00:00.5Z' and time < now - 1h and time != '1970-01-01' select count",
      {
        where: [
          { field: 'time', op: '>=', than: 1_795_982_400_500_000 },
          { field: 'time', op: '<', than: { agoMs: 3_600_000 } },
          { field: 'time', op: '!=', than: 0 },
        ],
      },
    ],
    [
      'products before sums, from left to right',
      'from points select 1 - 2 - 3 * count / (4 + 5) as x',
      {
        select: [
          {
            name: 'x',
            value: {
              op: '-',
              left: { op: '-', left: { number: '1' }, right: { number: '2' } },
              right: {
                op: '/',
                left: { op: '*', left: { number: '3' }, right: { aggregate: 'count' } },
                right: { op: '+', left: { number: '4' }, right: { number: '5' } },
              },
            },
          },
        ],
      },
    ],
  ])('has %s', (_, text, part) => {
    expect(parseQuery(text)).toMatchObject(part);
  });

  it.each([
    ['', 1, 1, 'Expected "from" at the beginning'],
    ['from pints select count', 1, 6, 'Expected "points" or "events"'],
    ['from points\nwhere name = temperature select count', 2, 14, 'Expected a text in single quotes'],
    ["from points where name = 'a' or name = 'b' select count", 1, 30, 'Expected "select" or another clause'],
    ['from points window 10 select count', 1, 20, 'Expected a duration'],
    ['from points window 1m every 7s select count', 1, 20, "isn't a multiple of 7000 ms"],
    ['from points select sum(volts)', 1, 24, 'Expected value, time or quality'],
    ['from points select 1 + count', 1, 29, 'Expected "as" and a name for this column'],
    ['from points select count, count', 1, 27, 'Two columns have the name count'],
    ['from points select count order by size', 1, 35, 'There is no column size to order by'],
    ['from events select mean(value)', 1, 20, 'Events have neither values'],
    ['from points select histogram(value, 10, 5)', 1, 20, 'must ascend'],
    ['from points select count limit 0', 1, 32, 'limit must be >= 1'],
    ["from points where time > 'yesterday' select count", 1, 26, "isn't a time in UTC"],
    ['from points by select select count', 1, 16, 'Expected device, name, unit, asset, tag.NAME or context.NAME'],
    ['from points select count extra', 1, 26, 'Expected the next clause or the end'],
    [`from points select ${'('.repeat(40)}`, 1, 52, 'more than 32 nested parts'],
    ["from points where device = 'a\u0000' select count", 1, 19, 'control character'],
  ])('reports the place of a mistake in %j', (text, line, column, message) => {
    const error = mistake(() => parseQuery(text));
    expect(error.code).toBe('QUERY');
    expect(error.message).toContain(message);
    expect(error.places).toMatchObject([{ file: 'query', line, column }]);
  });

  it('marks the mistake below its line', () => {
    const { places } = mistake(() => parseQuery("from points\nwhere name in ('a' 'b')\nselect count"));
    expect(codeFrame(places[0]!)).toEqual([
      '1 | from points',
      "2 | where name in ('a' 'b')",
      '  |                    ^^',
    ]);
  });

  it('never fails in another way than with QUERY, whatever the text', () => {
    const words = fc.constantFrom(
      ...EXAMPLE.split(/\s+/),
      '(',
      ')',
      ',',
      "'",
      '"',
      '-',
      '1',
      '1m',
      'now',
      'histogram',
      'value',
      '.',
      '\u0000',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words).map((all) => `from points ${all.join(' ')}`),
        ),
        (text) => {
          try {
            parseQuery(text);
          } catch (error) {
            expect((error as MoteError).code).toBe('QUERY');
          }
        },
      ),
      { numRuns: sampled(500) },
    );
  });

  it.each(['2026-02-30', '2026-01-01T00:00:00', '2026-1-1', '2026-01-01T24:00Z', '2026-01-01T00:00:00.1234567Z'])(
    'takes %s for no time',
    (text) => expect(parseTime(text)).toBeNull(),
  );

  it('reads every time back that it prints', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (us) => {
        expect(parseTime(formatTime(us))).toBe(us);
      }),
    );
  });
});

describe('the JSON form', () => {
  it('is read back from what is written, for every question', () => {
    fc.assert(
      fc.property(queries, (query) => {
        expect(parseJsonQuery(JSON.stringify({ $schema: 'x', ...query }))).toEqual(query);
      }),
      { numRuns: sampled(300) },
    );
  });

  it.each<[unknown, string]>([
    [null, 'The question must be object'],
    [{ from: 'points' }, "must have required property 'select'"],
    [{ from: 'pints', select: [] }, 'from must be equal to one of the allowed values: points, events (at /from)'],
    [{ ...EXAMPLE_QUERY, extra: 1 }, 'The question must NOT have additional properties: extra'],
    [
      { ...EXAMPLE_QUERY, where: [{ term: 'name', in: [] }] },
      'where.0.in must NOT have fewer than 1 items (at /where/0/in)',
    ],
    [{ ...EXAMPLE_QUERY, where: [{ term: 'name', in: ['a'], notIn: ['b'] }] }, 'where.0.in contradicts another member'],
    [{ ...EXAMPLE_QUERY, where: [{ field: 'value', op: '>', than: 3 }] }, 'where.0.than must be string'],
    [{ ...EXAMPLE_QUERY, where: [{ field: 'quality', op: '>', than: 256 }] }, 'where.0.than must be <= 255'],
    [{ ...EXAMPLE_QUERY, window: { sizeMs: 1.5 } }, 'window.sizeMs must be integer'],
    [{ ...EXAMPLE_QUERY, window: { sizeMs: 1, gapMs: 1 } }, 'window must NOT have additional properties: sizeMs'],
    [
      { ...EXAMPLE_QUERY, select: [{ name: 'x', value: { aggregate: 'median', of: 'value' } }] },
      'select.0.value.aggregate must be equal to one',
    ],
    [
      { ...EXAMPLE_QUERY, select: [{ name: 'x', value: { number: '1e3' } }] },
      'select.0.value.number must match pattern',
    ],
    [
      { ...EXAMPLE_QUERY, select: [{ name: 'ü'.repeat(32), value: { aggregate: 'count' } }] },
      'is longer than 63 bytes',
    ],
    [{ ...EXAMPLE_QUERY, select: [{ name: '\ud800', value: { aggregate: 'count' } }] }, 'lone surrogate'],
  ])('reports what is wrong, case %#', (value, message) => {
    const error = mistake(() => queryOf(value));
    expect(error.code).toBe('QUERY');
    expect(error.message).toContain(message);
  });

  it('is bounded in depth and size', () => {
    const deep = `{"from":"points","select":[{"name":"x","value":${'{"abs":'.repeat(5000)}{"number":"1"}${'}'.repeat(5000)}}]}`;
    expect(mistake(() => parseJsonQuery(deep)).message).toContain('nested parts');
    expect(mistake(() => parseJsonQuery(`"${'x'.repeat(70_000)}"`)).message).toContain('longer than 65536 bytes');
    expect(mistake(() => parseJsonQuery('{')).message).toContain("isn't JSON");
  });
});

function mistake(run: () => unknown): MoteError {
  try {
    run();
  } catch (error) {
    if (error instanceof MoteError) return error;
    throw error;
  }
  throw new Error('no error');
}
