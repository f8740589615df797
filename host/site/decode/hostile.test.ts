/** Every decoder on bytes that nobody means well with: it counts what it can't take, and never throws. */
import fc from 'fast-check';
import sparkplug from 'sparkplug-payload';
import { describe, expect, it } from 'vitest';
import { isWireText } from '../../base/index.ts';
import { cases, casesText } from '../../base/test-form.ts';
import { payloadExamples } from '../../messaging/topics/examples.ts';
import { encodeItem } from '../../messaging/topics/index.ts';
import type { RawMessage } from '../model/index.ts';
import { type Description, parseDescription } from './description.ts';
import { createDecoder, DecoderFold } from './fold.ts';
import { inferDecoders } from './infer/index.ts';
import { type Decoding, REASONS } from './result.ts';
import { json, NOW_US, raw } from './testing.ts';

const field = { at: '/v', name: { at: '/n' }, unit: { at: '/u' } };
const record = { v: 21.53, n: 'temp', u: '°C', d: 'p7', t: NOW_US / 1000, e: { a: [1, 'x'] } };
const pack = [
  new Map<number, unknown>([
    [-2, 'd/'],
    [0, 'v'],
    [2, 21.5],
    [6, -1],
    [1, 'Cel'],
  ]),
];

const sparkplugPayload = sparkplug.get('spBv1.0')!.encodePayload({
  timestamp: NOW_US / 1000,
  metrics: [
    { name: 'temp', alias: 1, type: 'Float', value: 21.53 },
    { name: 'count', alias: 2, type: 'UInt64', value: 7 },
  ],
});

/** A description of each kind, with valid messages to change. */
const KINDS: [Description, RawMessage[]][] = [
  [
    { kind: 'mote', version: 1, options: {} },
    [
      raw('mote/d/pump-7/s', payloadExamples.state!),
      raw('mote/d/pump-7/t', payloadExamples.telemetry!),
      raw('mote/d/pump-7/e', payloadExamples.event!),
    ],
  ],
  [
    {
      kind: 'json',
      version: 1,
      options: {
        device: { at: '/d' },
        time: { at: '/t', format: 'ms' },
        fields: [field, { at: '/e', name: 'e', type: 'event' }],
      },
    },
    [json('a/b', [record, record]), json('a/b', record)],
  ],
  [
    {
      kind: 'csv',
      version: 1,
      options: {
        device: { at: 'd' },
        time: { at: 't', format: 'iso' },
        fields: [{ ...field, at: 'v', name: { at: 'n' }, unit: { at: 'u' } }],
      },
    },
    [raw('a.csv', 'd,n,u,v,t\np7,temp,°C,21.53,2026-09-21 14:13:20\n"p8","a""b",x,1e3,2026-09-21\n')],
  ],
  [
    { kind: 'senml', version: 1, options: { device: { of: 'name' }, series: [{ name: 's', event: true }] } },
    [
      json('a', [
        { bn: 'd/', bt: NOW_US / 1e6, n: 'v', v: 1.5, u: 'Cel' },
        { n: 's', vs: 'x' },
        { n: 'v', s: 4 },
      ]),
      raw('a', encodeItem(pack)),
    ],
  ],
  [
    { kind: 'line-protocol', version: 1, options: { device: { at: 'host' } } },
    [raw('a', 'm,host=a,x=y v=1.5,w=3i,b=t,s="te\\"xt" 1790000000000000000\nm,host=b v=2\n')],
  ],
  [
    { kind: 'sparkplug', version: 1, options: {} },
    ['NBIRTH', 'NDATA'].map((type) => raw(`spBv1.0/g/${type}/e`, sparkplugPayload)),
  ],
  [
    {
      kind: 'modbus',
      version: 1,
      options: {
        registers: [
          { unitId: 1, table: 'holding', address: 0, type: 'float32', scale: '0.1', device: 'p7', name: 'temp' },
          { unitId: 1, table: 'holding', address: 2, type: 'string', length: 2, device: 'p7', name: 'text' },
        ],
      },
    },
    [
      json('modbus/p7', {
        time: '2026-09-21T14:13:20Z',
        values: [
          { register: '1/holding/0/2', data: '41ac3d71' },
          { register: '1/holding/2/2/text', data: '41424344' },
        ],
      }),
    ],
  ],
  [
    {
      kind: 'opcua',
      version: 1,
      options: {
        variables: [
          { node: 'i=1', device: 'p7', name: 'temp', unit: '°C' },
          { node: 'i=2', device: 'p7', name: 'text', type: 'event' },
        ],
      },
    },
    [
      json('opcua/p7', {
        values: [
          { node: 'i=1', value: 21.5, time: '2026-09-21T14:13:20Z', status: 0 },
          { node: 'i=2', value: 'x', status: 1 },
        ],
      }),
    ],
  ],
];

describe('inference', () => {
  it(`offers whole descriptions or none for ${casesText(5_000)} samples with changed bytes`, () => {
    const all = KINDS.flatMap(([, messages]) => messages);
    const changed = fc
      .tuple(fc.constantFrom(...all), fc.nat(), fc.nat(255), fc.boolean())
      .map(([message, at, byte, cut]) => {
        const payload = Uint8Array.from(message.payload);
        payload[at % payload.length] = byte;
        return { ...message, payload: cut ? payload.subarray(0, at % payload.length) : payload };
      });
    const sample = fc.array(
      fc.oneof(
        changed,
        fc.json().map((text) => raw('a/b', text)),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(sample, (messages) => {
        for (const { description, confidence, series } of inferDecoders(messages)) {
          expect(parseDescription(JSON.parse(JSON.stringify(description)))).toEqual(description);
          expect(confidence >= 0 && confidence <= 1 && series.every(({ min, max }) => min <= max)).toBe(true);
        }
      }),
      { numRuns: cases(5_000) },
    );
  });

  it('takes samples of 4 MiB of anything in bounded time', () => {
    for (const fill of ['[', '[1],', '"', ',', '\n', '0', '\\', 'a=', 'a,1\n', '{"a":1}']) {
      const started = performance.now();
      inferDecoders([raw('a', Buffer.alloc(4 * 1024 * 1024, fill)), raw('a', `[${fill.repeat(1e5)}1]`)]);
      expect(performance.now() - started).toBeLessThan(60_000);
    }
  });
});

function check(decoding: Decoding): void {
  for (const [reason, count] of Object.entries(decoding.counts)) {
    if (!(reason in REASONS) || !(count > 0)) throw new Error(`${reason} ${count}`);
  }
  for (const { device, name, unit, exponent, quality, timesUs, values } of decoding.runs) {
    const good = [device, name].every((text) => text.length > 0 && text.length <= 256 && isWireText(text));
    if (!good || unit.length > 64 || !isWireText(unit)) throw new Error(`${device} ${name} ${unit}`);
    if (!(exponent >= -18 && exponent <= 18) || !(quality >= 0 && quality <= 255))
      throw new Error(`${exponent} ${quality}`);
    if (timesUs.length !== values.length || values.length === 0) throw new Error('lengths');
    if (!timesUs.every(Number.isSafeInteger)) throw new Error('a time is no integer');
    if (!values.every((v) => typeof v === 'bigint' || Number.isSafeInteger(v)))
      throw new Error('a value is no integer');
  }
  for (const event of decoding.events) {
    if (!Number.isSafeInteger(event.timeUs) || event.id === '') throw new Error('event');
    expect(JSON.parse(JSON.stringify(event.body))).toEqual(event.body);
  }
}

describe.each(KINDS)('$kind', (description, messages) => {
  const fold = () => new DecoderFold(createDecoder(description));

  it('reads its examples', () => {
    const folded = fold();
    for (const message of messages) check(folded.decode(message));
    expect(folded.decode(messages.at(-1)!).counts.malformed).toBeUndefined();
  });

  it(`counts ${casesText(20_000)} messages of noise`, () => {
    const folded = fold();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.string({ unit: 'binary', maxLength: 64 }).map((text) => new TextEncoder().encode(text)),
      fc.json().map((text) => new TextEncoder().encode(text)),
    );
    const topic = fc.constantFrom(...messages.map((message) => message.topic), '', '/', 'a');
    fc.assert(
      fc.property(topic, bytes, (name, payload) => check(folded.decode(raw(name, payload)))),
      { numRuns: cases(20_000) },
    );
  });

  it(`takes or counts ${casesText(50_000)} messages with changed bytes`, () => {
    const folded = fold();
    const change = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'insert', 'delete', 'repeat'));
    fc.assert(
      fc.property(
        fc.constantFrom(...messages),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (message, changes) => {
          let payload = [...message.payload];
          for (const [place, byte, how] of changes) {
            const at = place % (payload.length + 1);
            if (how === 'set') payload[at] = byte;
            else if (how === 'insert') payload.splice(at, 0, byte);
            else if (how === 'delete') payload.splice(at, 1);
            else payload = payload.slice(0, at).concat(payload.slice(at), payload.slice(at));
          }
          check(folded.decode({ ...message, payload: Uint8Array.from(payload) }));
        },
      ),
      { numRuns: cases(50_000) },
    );
  });

  it('gives the same for the same message and state', () => {
    for (const message of messages) {
      const one = fold();
      const two = fold();
      for (const folded of [one, two]) folded.decode(messages[0]!);
      expect(two.decode(message)).toEqual(one.decode(message));
      expect([...two.states()]).toEqual([...one.states()]);
    }
  });

  it('takes 4 MiB of anything in bounded time', () => {
    const folded = fold();
    for (const [message, fill] of messages.flatMap((m) =>
      ['[', '"', ',', '\n', '0', '\\', 'a=', '\x12\x00'].map((f) => [m, f] as const),
    )) {
      const started = performance.now();
      check(folded.decode({ ...message, payload: Buffer.alloc(4 * 1024 * 1024, fill) }));
      check(folded.decode({ ...message, payload: Buffer.concat([message.payload, Buffer.alloc(1e6, fill)]) }));
      // A hang, not a speed: the usual time is below a second.
      expect(performance.now() - started).toBeLessThan(60_000);
    }
  });
});
