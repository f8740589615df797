import { describe, expect, it } from 'vitest';
import { compare, type Seen } from './compare.ts';
import { differenceLines, junit } from './junit.ts';

const seen: Seen = {
  events: [
    { t: 1, name: 'a', body: { n: 100, list: [1, 2] } },
    { t: 2, name: 'b', body: 5 },
  ],
  metrics: { level: { count: 3, min: 1, max: 9, mean: 4, last: 2 } },
  fault: null,
};
const lines = (...args: Parameters<typeof compare>) => compare(...args).flatMap(differenceLines);
const [a, b] = [
  { t: 1, name: 'a', body: { n: 100, list: [1, 2] } },
  { t: 2, name: 'b', body: 5 },
];

describe('a scenario passes', () => {
  it.each([
    ['when everything is equal', { events: [a, b], metrics: { level: { count: 3, last: 2 } } }, {}],
    ['whatever is not expected at all', {}, {}],
    ['at any time and with any body where none is given', { events: [{ name: 'a' }, { t: 2, name: 'b' }] }, {}],
    ['within the default tolerance of times', { events: [{ ...a, t: 1.001 }, b] }, {}],
    [
      'within given tolerances',
      {
        events: [
          { ...a, t: 1.4 },
          { ...b, body: 5.05 },
        ],
        metrics: { level: { max: 9.09 } },
      },
      { t: 0.5, value: 0.01 },
    ],
  ])('%s', (_, expected, tolerance) => {
    expect(lines(expected, tolerance, seen)).toEqual([]);
  });
});

describe('a scenario fails', () => {
  it.each([
    [
      'with the member that differs',
      { events: [{ ...a, body: { n: 99, list: [1, 2] } }, b] },
      ['event a at 1 s: body.n', '  - 99', '  + 100'],
    ],
    [
      'with the item that differs',
      { events: [{ ...a, body: { n: 100, list: [1, 3] } }, b] },
      ['event a at 1 s: body.list[1]', '  - 3', '  + 2'],
    ],
    [
      'for a member that is missing or too much',
      { events: [{ ...a, body: { n: 100 } }, b] },
      ['event a at 1 s: body.list', '  - nothing', '  + [1,2]'],
    ],
    ['once for an event too many', { events: [b] }, ['unexpected event', '  + 1 s  a  {"n":100,"list":[1,2]}']],
    ['once for an event too few', { events: [a, { t: 1.5, name: 'b' }, b] }, ['missing event', '  - 1.5 s  b']],
    [
      'for a time beyond the tolerance',
      { events: [a, { t: 2.002, name: 'b' }] },
      ['unexpected event', '  + 2 s  b  5', 'missing event', '  - 2.002 s  b'],
    ],
    ['for a figure of a metric', { metrics: { level: { mean: 5 } } }, ['metric level: mean', '  - 5', '  + 4']],
    [
      'for a metric that was not seen',
      { metrics: { other: { max: 5 } } },
      ['metric other: max', '  - 5', '  + nothing'],
    ],
    ['for a fault that did not come', { fault: 'TRAP_FUEL' }, ['fault', '  - TRAP_FUEL', '  + none']],
  ])('%s', (_, expected, found) => {
    expect(lines(expected, {}, seen)).toEqual(found);
  });

  it('for a fault that nobody expects', () => {
    expect(lines({}, {}, { ...seen, fault: 'TRAP_MEMORY' })).toEqual(['fault', '  - none', '  + TRAP_MEMORY']);
  });
});

it('outcomes are JUnit XML, whatever is in their texts', () => {
  const outcome = { file: 'a.test.yaml', name: '<1> & "2"', simSeconds: 2, seconds: 0.25, differences: [] };
  const differences = [{ what: 'metric m: max', expected: '5', seen: '\u0007<' }];
  expect(
    junit([
      { ...outcome, state: 'passed' },
      { ...outcome, state: 'failed', differences },
    ]),
  ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="mote test" tests="2" failures="1" errors="0" skipped="0" time="0.500">
  <testcase classname="a.test.yaml" name="&lt;1&gt; &amp; &quot;2&quot;" time="0.250"/>
  <testcase classname="a.test.yaml" name="&lt;1&gt; &amp; &quot;2&quot;" time="0.250">
    <failure message="metric m: max">metric m: max
  - 5
  + \ufffd&lt;</failure>
  </testcase>
</testsuite>
`);
});
