import { expect, it } from 'vitest';
import { raw } from '../testing.ts';
import { offerOf, typesOf } from './types.ts';

const sample = (topics: Record<string, string | object>) =>
  Object.entries(topics).map(([topic, body], i) => ({
    ...raw(topic, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))),
    id: i + 1,
  }));

const found = (topics: Record<string, string | object>) =>
  typesOf(sample(topics)).types.map((type) => [type.filters, offerOf(type)?.devices]);

it.each([
  [
    'devices of one type in one level',
    { 'plant/p1/data': { t: 1, p: 2 }, 'plant/p2/data': { t: 1.5 }, 'plant/p3/data': { t: 1, p: 3 } },
    [[['plant/+/data'], ['p1', 'p2', 'p3']]],
  ],
  [
    'other fields of the same devices',
    {
      'plant/p1/data': { t: 1 },
      'plant/p1/state': { on: true },
      'plant/p2/data': { t: 2 },
      'plant/p2/state': { on: false },
    },
    [
      [['plant/+/data'], ['p1', 'p2']],
      [['plant/+/state'], ['p1', 'p2']],
    ],
  ],
  [
    'the same fields in topics that have nothing in common',
    { 'hall/m7/state': { bar: 1 }, 'roof/n0/data': { bar: 2 } },
    [
      [['hall/m7/state'], ['m7']],
      [['roof/n0/data'], ['n0']],
    ],
  ],
  ['devices in the first level', { 'p1/data': { t: 1 }, 'p2/data': { t: 2 } }, [[['+/data'], ['p1', 'p2']]]],
  [
    'two types that one filter would have: their topics',
    { 'a/1/x': { t: 1 }, 'a/2/x': { p: 1, q: 2 }, 'a/3/x': { t: 3 } },
    [
      [
        ['a/1/x', 'a/3/x'],
        ['1', '3'],
      ],
      [['a/2/x'], ['x']],
    ],
  ],
  [
    'one value a topic: no filter of wildcards alone',
    { 'p1/temp': '1', 'p1/bar': '2', 'p2/temp': '3' },
    [
      [
        ['p1/+', 'p2/temp'],
        ['p1', 'p2'],
      ],
    ],
  ],
  [
    'tables with the same columns',
    { 'export/a.csv': 'temp,bar\n1,2\n', 'export/b.csv': 'temp,bar\n1,3\n', 'export/c.csv': 'x,y\n1,3\n' },
    [
      [
        ['export/a.csv', 'export/b.csv'],
        ['a.csv', 'b.csv'],
      ],
      [['export/c.csv'], ['c.csv']],
    ],
  ],
])('tells apart %s', (_, topics, expected) => {
  expect(found(topics)).toEqual(expected);
});

it('lists topics with no known format, and those of more types than it tells apart', () => {
  const topics = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`t${i}/a`, { [`field${i}`]: 1 }]));
  const { types, others } = typesOf(sample({ ...topics, 'a/note': 'hello' }));
  expect([types.length, others.length, others.includes('a/note')]).toEqual([100, 21, true]);
});
