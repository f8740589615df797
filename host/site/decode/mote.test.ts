import { describe, expect, it } from 'vitest';
import { birth, event, online, payloadExamples, telemetry, will } from '../../messaging/topics/examples.ts';
import { cloudEventProperties, encodeEvent, encodeState, encodeTelemetry } from '../../messaging/topics/index.ts';
import { createDecoder, DecoderFold } from './fold.ts';
import { decodeAll, lines, NOW_US, raw } from './testing.ts';

const mote = { kind: 'mote', version: 1, options: {} } as const;
const state = raw('mote/d/pump-7/s', payloadExamples.state!);
const frame = raw('mote/d/pump-7/t', payloadExamples.telemetry!);

describe("moteware's own messages", () => {
  it('telemetry gets name and unit of the birth before it, and the exponent of the frame', () => {
    const { runs, counts } = decodeAll(mote, state, frame);
    expect(counts).toEqual({});
    expect(runs).toEqual([
      {
        device: 'pump-7',
        name: 'rms',
        unit: 'm/s2',
        exponent: -2,
        quality: 0,
        timesUs: telemetry.values.map((_, i) => NOW_US + i * 50_000),
        values: telemetry.values,
      },
    ]);
  });

  it('telemetry before a birth is counted, and the will keeps the birth before it', () => {
    expect(decodeAll(mote, frame)).toEqual({ runs: [], events: [], counts: { no_birth: 1 } });
    const offline = raw('mote/d/pump-7/s', encodeState(will));
    expect(decodeAll(mote, state, offline, frame).runs).toHaveLength(1);
    expect(decodeAll(mote, state, raw('mote/d/pump-8/t', payloadExamples.telemetry!)).counts).toEqual({ no_birth: 1 });
  });

  it('telemetry of another birth than the last one is counted', () => {
    const other = raw('mote/d/pump-7/t', encodeTelemetry({ ...telemetry, metric: 1 }));
    expect(decodeAll(mote, state, other).counts).toEqual({ birth_mismatch: 1 });
    const subject = { id: '3-t-1', source: '/mote/d/pump-7', type: 'moteware.telemetry.v1', subject: 'peak' };
    const named = raw('mote/d/pump-7/t', frame.payload, cloudEventProperties(subject, 'application/cbor'));
    expect(decodeAll(mote, state, named).counts).toEqual({ birth_mismatch: 1 });
    const same = cloudEventProperties({ ...subject, subject: 'rms' }, 'application/cbor');
    expect(decodeAll(mote, state, raw('mote/d/pump-7/t', frame.payload, same)).counts).toEqual({});
  });

  it('a new birth names the telemetry behind it only', () => {
    const metrics = [{ name: 'temperature', unit: 'Cel', exponent: -1 }];
    const renamed = raw('mote/d/pump-7/s', encodeState({ ...online, birth: { ...birth, metrics } }));
    expect(decodeAll(mote, state, renamed, frame).runs[0]).toMatchObject({ name: 'temperature', unit: 'Cel' });
  });

  it('an event keeps the id of its CloudEvent; a node whose clock is not set gets the time of receipt', () => {
    const properties = cloudEventProperties({ id: '3-e-7', source: '/mote/d/pump-7', type: 'moteware.event.v1' }, '');
    const message = raw('mote/d/pump-7/e', payloadExamples.event!, properties);
    expect(decodeAll(mote, message).events).toEqual([
      { device: 'pump-7', name: 'keyword', timeUs: NOW_US + 250_000, id: '3-e-7', body: { k: 2 } },
    ]);
    const unset = raw('mote/d/pump-7/e', encodeEvent({ ...event, tMs: 5_000 }), properties);
    expect(decodeAll(mote, unset).events[0]).toMatchObject({ timeUs: NOW_US });
  });

  it('the answer to a command is no event, and logs and updates give nothing', () => {
    const properties = { userProperties: { type: 'moteware.result.v1' } };
    for (const message of [
      raw('mote/d/pump-7/e', payloadExamples.answer!, properties),
      raw('mote/d/pump-7/log', payloadExamples.log!),
      raw('mote/d/pump-7/ota', payloadExamples.ota!),
    ])
      expect(decodeAll(mote, message)).toEqual({ runs: [], events: [], counts: {} });
  });

  it.each([
    ['time_past', encodeTelemetry({ ...telemetry, t0Ms: 5_000 })],
    ['time_future', encodeTelemetry({ ...telemetry, t0Ms: telemetry.t0Ms + 86_400_000 })],
    ['malformed', Uint8Array.of(0x81)],
    ['malformed', encodeTelemetry({ ...telemetry, quality: 256 })],
    ['too_large', new Uint8Array(4 * 1024 * 1024 + 1)],
  ])('%s is counted', (reason, payload) => {
    expect(decodeAll(mote, state, raw('mote/d/pump-7/t', payload)).counts).toEqual({ [reason]: 1 });
  });

  it('other topics are counted', () => {
    for (const topic of ['mote/d/pump-7', 'mote/d//t', 'other/d/pump-7/t', 'mote/d/pump-7/t/x', ''])
      expect(decodeAll(mote, raw(topic, frame.payload)).counts).toEqual({ topic: 1 });
    const site = { ...mote, options: { namespace: 'plant/a' } };
    expect(decodeAll(site, raw('plant/a/d/p/s', state.payload), raw('plant/a/d/p/t', frame.payload)).counts).toEqual(
      {},
    );
  });

  it('a fold goes on from the states of another, as read from a store', () => {
    const fold = new DecoderFold(createDecoder(mote));
    fold.decode(state);
    const stored: [string, unknown][] = JSON.parse(JSON.stringify([...fold.states()]));
    const resumed = new DecoderFold(createDecoder(mote), stored);
    expect(resumed.decode(frame)).toEqual(fold.decode(frame));
    for (const bad of [null, {}, [[1, '', 0]], [['a', 'b', 99]], [['', '', 0]]])
      expect([...new DecoderFold(createDecoder(mote), [['pump-7', bad]]).states()]).toEqual([]);
  });

  it('lines of tests read well', () => {
    expect(lines(decodeAll(mote, state, frame).runs)[1]).toBe('pump-7 rms 2161e-2 m/s2 @0.05');
  });
});
