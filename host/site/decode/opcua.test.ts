import { describe, expect, it } from 'vitest';
import type { Description } from './description.ts';
import { decodeAll, json, lines } from './testing.ts';

const description: Description = {
  kind: 'opcua',
  version: 1,
  options: {
    variables: [
      { node: 'nsu=urn:p;s=t', device: 'press', name: 'temperature', unit: '°C', exponent: -2 },
      { node: 'i=1', device: 'press', name: 'count', exponent: 0 },
      { node: 'i=2', device: 'press', name: 'on', type: 'boolean' },
      { node: 'i=3', device: 'press', name: 'message', type: 'event' },
    ],
  },
};
const time = '2026-09-21T14:13:20.000125Z';
const decode = (...values: object[]) => decodeAll(description, json('opcua/press', { values }));

describe('messages of OPC UA connections', () => {
  it('become points of the mapped series, with the time of the source and a quality by the status', () => {
    const { runs, events, counts } = decode(
      { node: 'nsu=urn:p;s=t', value: 21.53, type: 'Float', time, status: 0 },
      { node: 'i=1', value: '9007199254740993', type: 'Int64', time, status: 0x40000000 },
      { node: 'i=2', value: true, type: 'Boolean', time, status: 0x80310000 },
      { node: 'i=3', value: 'door open', type: 'String', time, status: 0 },
    );
    expect(lines(runs)).toEqual([
      'press temperature 2153e-2 Cel @0.000125',
      'press count 9007199254740993 @0.000125 q1',
      'press on 1 @0.000125 q2',
    ]);
    expect(events).toMatchObject([{ device: 'press', name: 'message', body: 'door open' }]);
    expect(counts).toEqual({});
  });

  it('have the time of receipt if neither the source nor the server gave one', () => {
    expect(lines(decode({ node: 'i=1', value: 3, status: 0 }).runs)).toEqual(['press count 3 @0']);
  });

  it.each([
    ['a variable that is not mapped', { node: 'i=9', value: 1 }, 'no_match'],
    ['a bad value', { node: 'i=1', value: null, status: 0x80000000 }, 'null'],
    ['an event without a body', { node: 'i=3', value: null }, 'null'],
    ['a text where a number is mapped', { node: 'i=1', value: 'idle' }, 'text'],
    ['NaN', { node: 'i=1', value: 'NaN' }, 'not_a_number'],
    ['an array', { node: 'i=1', value: [1, 2] }, 'type'],
    ['a time that is none', { node: 'i=1', value: 1, time: 'now' }, 'time_invalid'],
    ['an item without a node', { value: 1 }, 'malformed'],
  ])('give no point for %s, which is counted', (_what, item, reason) => {
    const { runs, counts } = decode(item);
    expect([runs, counts]).toEqual([[], { [reason]: 1 }]);
  });

  it('are counted when they are none', () => {
    for (const value of [null, 3, [], { values: {} }])
      expect(decodeAll(description, json('opcua/press', value)).counts).toEqual({ malformed: 1 });
  });
});
