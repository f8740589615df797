import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Description, JsonOptions } from './description.ts';
import { parseJson, pointerTo, pointerTokens, resolvePointer } from './json-text.ts';
import { decodeAll, json, lines, NOW_US, raw } from './testing.ts';

const of = (options: JsonOptions): Description => ({ kind: 'json', version: 1, options });
const temperature = { at: '/t', name: 'temperature', unit: '°C', exponent: -2 };

describe('JSON pointers', () => {
  // RFC 6901, section 5.
  const document = {
    foo: ['bar', 'baz'],
    '': 0,
    'a/b': 1,
    'c%d': 2,
    'e^f': 3,
    'g|h': 4,
    'i\\j': 5,
    'k"l': 6,
    ' ': 7,
    'm~n': 8,
  };
  it.each([
    ['', document],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
    ['/foo/-', undefined],
    ['/foo/01', undefined],
    ['/foo/length', undefined],
    ['/toString', undefined],
    ['/__proto__', undefined],
    ['/foo/0/0', undefined],
  ])('%s', (pointer, value) => {
    expect(resolvePointer(document, pointerTokens(pointer))).toEqual(value);
  });

  it('a pointer made of any name refers to its member', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        const value = Object.fromEntries([[a, Object.fromEntries([[b, 1]])]]);
        expect(resolvePointer(value, pointerTokens(pointerTo(pointerTo('', a), b)))).toBe(1);
      }),
    );
  });
});

describe('JSON text', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  it('gives what JSON.parse gives, whichever parser reads it', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const short = !/[\d.]{16}|\d[eE][+-]?\d{3}/.test(text);
        if (short) expect(parseJson(bytes(text))).toEqual({ value: JSON.parse(text) });
        // The number makes the exact parser read all of it.
        const slow = parseJson(bytes(`[1234567890123456789,${text}]`))!.value as unknown[];
        expect(slow[0]).toEqual({ digits: 1234567890123456789n, exponent: 0 });
        if (short) expect(slow[1]).toEqual(JSON.parse(text));
      }),
    );
  });

  it('keeps each digit of a long number', () => {
    expect(parseJson(bytes('0.1234567890123456789'))).toEqual({
      value: { digits: 1234567890123456789n, exponent: -19 },
    });
  });

  it('rejects more than 32 levels, before a parser could run out of stack', () => {
    expect(parseJson(bytes('['.repeat(32) + ']'.repeat(32)))).toBeDefined();
    expect(parseJson(bytes('['.repeat(33) + ']'.repeat(33)))).toBeUndefined();
    expect(parseJson(bytes(`${'['.repeat(1_000_000)}1234567890123456789`))).toBeUndefined();
    expect(parseJson(bytes(`["${'['.repeat(100)}\\"["]`))).toBeDefined();
  });

  it.each([[''], ['{'], ['{"a":1,}'], ['NaN'], ["{'a':1}"], ['1 2'], ['\ufeff1 ']])('rejects %j', (text) => {
    if (text.startsWith('\ufeff')) expect(parseJson(bytes(text))).toEqual({ value: 1 });
    else expect(parseJson(bytes(text))).toBeUndefined();
  });

  it('rejects bytes that are not UTF-8', () => {
    expect(parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined();
  });
});

describe('the JSON decoder', () => {
  it('reads fields by pointers, the device from the topic, and the time of receipt', () => {
    const description = of({
      device: { topic: 1 },
      fields: [temperature, { at: '/pump/on', name: 'on', type: 'boolean' }],
    });
    const { runs, counts } = decodeAll(description, json('plant/p7/data', { t: 21.53, pump: { on: true } }));
    expect(lines(runs)).toEqual(['p7 temperature 2153e-2 Cel @0', 'p7 on 1 @0']);
    expect(counts).toEqual({});
  });

  it('reads an array of records, each with its device, name, unit, time and quality', () => {
    const description = of({
      records: '/data/values',
      device: { at: '/dev' },
      time: { at: '/ts', format: 'ms' },
      quality: { at: '/q', values: { GOOD: 0, BAD: 3 } },
      fields: [{ at: '/v', name: { at: '/id' }, unit: { root: '/unit' }, exponent: -1 }],
    });
    const message = json('x', {
      unit: 'm³/h',
      data: {
        values: [
          { dev: 'a', id: 'flow', v: 1.5, ts: NOW_US / 1000 + 1, q: 'GOOD' },
          { dev: 'b', id: 'flow', v: 2, ts: NOW_US / 1000 + 2, q: 'BAD' },
          { dev: 'a', id: 'flow', v: 3, ts: NOW_US / 1000 + 3, q: 'SOSO' },
          { dev: 17, id: 'flow', v: '4.5', ts: `${NOW_US / 1000 + 4}` },
        ],
      },
    });
    expect(lines(decodeAll(description, message).runs)).toEqual([
      'a flow 15e-1 m3/h @0.001',
      'b flow 20e-1 m3/h @0.002 q3',
      'a flow 30e-1 m3/h @0.003 q1',
      '17 flow 45e-1 m3/h @0.004',
    ]);
  });

  it.each([
    ['s', 1_790_000_000.25, 0.25],
    ['s', 1_790_000_000.1234567, 0.123457],
    ['ms', 1_790_000_000_001, 0.001],
    ['us', 1_790_000_000_000_001, 0.000001],
    ['ns', '1790000000000001500', 0.000002],
    ['rfc3339', '2026-09-21T14:13:20Z', 0],
    ['rfc3339', '2026-09-21T16:13:20.5+02:00', 0.5],
    ['iso', '2026-09-21 14:13:21', 1],
  ] as const)('a time in %s: %s', (format, ts, after) => {
    const description = of({ device: 'd', time: { at: '/ts', format }, fields: [temperature] });
    const text = `{"t":1,"ts":${typeof ts === 'string' && format !== 'ns' ? JSON.stringify(ts) : ts}}`;
    expect(lines(decodeAll(description, raw('x', text)).runs)).toEqual([`d temperature 100e-2 Cel @${after}`]);
  });

  it('a document can be one number, named by its topic', () => {
    const description = of({ device: { topic: [0, 1] }, fields: [{ at: '', name: { topic: -1 }, exponent: -1 }] });
    expect(lines(decodeAll(description, raw('plant/p7/temp', '21.5')).runs)).toEqual(['plant/p7 temp 215e-1 @0']);
  });

  it('texts are events where the description declares them, with an id that a repetition has, too', () => {
    const fields = [{ at: '/state', name: 'state', type: 'event' as const }];
    const description = of({ device: 'd', time: { at: '/ts', format: 's' }, fields });
    const message = json('x', { state: { from: 'idle', to: 'run' }, ts: NOW_US / 1e6 });
    const [event] = decodeAll(description, message).events;
    expect(event).toEqual({
      device: 'd',
      name: 'state',
      timeUs: NOW_US,
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      body: { from: 'idle', to: 'run' },
    });
    expect(decodeAll(description, { ...message, receivedUs: NOW_US + 5 }).events[0]).toEqual(event);
  });

  it.each([
    ['not_a_number', '{"t":"NaN"}'],
    ['out_of_range', '{"t":1e17}'],
    ['out_of_range', '{"t":1e999}'],
    ['null', '{"t":null}'],
    ['text', '{"t":"warm"}'],
    ['type', '{"t":{}}'],
    ['type', '{"t":[1]}'],
    ['no_match', '{"u":1}'],
    ['no_match', '[]'],
    ['malformed', '{"t":1'],
    ['device', '{"t":1,"d":""}'],
    ['device', '{"t":1,"d":"a\\u0000"}'],
    ['device', '{"t":1,"d":"\\ud800"}'],
    ['device', `{"t":1,"d":"${'x'.repeat(257)}"}`],
    ['time_past', '{"t":1,"ts":5}'],
    ['time_future', '{"t":1,"ts":1790100000}'],
    ['time_invalid', '{"t":1,"ts":"yesterday"}'],
    ['time_invalid', '{"t":1,"ts":null}'],
    ['time_invalid', '{"t":1,"ts":1e300}'],
  ])('%s is counted: %s', (reason, text) => {
    const complete = text.includes('"d"') ? text : text.replace(/\}$/, ',"d":"p"}');
    const timed = complete.includes('"ts"') ? complete : complete.replace(/\}$/, ',"ts":1790000000}');
    const description = of({ device: { at: '/d' }, time: { at: '/ts', format: 's' }, fields: [temperature] });
    const { runs, counts } = decodeAll(description, raw('x', reason === 'malformed' ? text : timed));
    expect({ runs, counts }).toEqual({ runs: [], counts: { [reason]: 1 } });
  });

  it('a value with more decimals than its exponent is rounded half to even, and counted', () => {
    const description = of({ device: 'd', fields: [temperature] });
    const { runs, counts } = decodeAll(description, json('x', { t: 1.005 }));
    expect(lines(runs)).toEqual(['d temperature 100e-2 Cel @0']);
    expect(counts).toEqual({ rounded: 1 });
  });

  it('a million series of one message are capped and counted', () => {
    const description = of({ device: 'd', fields: [{ at: '/v', name: { at: '/n' } }] });
    const records = Array.from({ length: 60_000 }, (_, i) => ({ n: `n${i}`, v: i }));
    const { runs, counts } = decodeAll(description, json('x', records));
    expect(runs).toHaveLength(1_000);
    expect(counts).toEqual({ too_many_series: 59_000 });
  });

  it('more than 100,000 points of one message are counted', () => {
    const description = of({ device: 'd', fields: [{ at: '', name: 'v' }] });
    const { runs, counts } = decodeAll(description, json('x', new Array(150_000).fill(1)));
    expect(runs[0]!.values).toHaveLength(100_000);
    expect(counts).toEqual({ too_many_points: 50_000 });
  });
});
