import { describe, expect, it } from 'vitest';
import { payloadExamples } from '../../../messaging/topics/examples.ts';
import type { RawMessage } from '../../model/index.ts';
import { json, NOW_US, raw } from '../testing.ts';
import { inferDecoders } from './index.ts';
import { splitUnit } from './names.ts';

const NOW = NOW_US / 1000;
const numbered = (messages: RawMessage[]) => messages.map((message, i) => ({ ...message, id: i + 1 }));
const best = (...messages: RawMessage[]) => inferDecoders(numbered(messages))[0]!;

describe('names with units', () => {
  it.each([
    ['temperature_C', 'temperature', 'Cel'],
    ['temp [°C]', 'temp', 'Cel'],
    ['flow (m³/h)', 'flow', 'm3/h'],
    ['energy [kWh/d]', 'energy', 'kW.h/d'],
    ['supply_kPa', 'supply', 'kPa'],
    ['speed_mm_s', 'speed', 'mm/s'],
    ['motor_current_A', 'motor_current', 'A'],
    ['phase_A', 'phase_A', ''],
    ['phase_a', 'phase_a', ''],
    ['count', 'count', ''],
    ['level [sensor 2]', 'level [sensor 2]', ''],
    ['kPa', 'kPa', ''],
  ])('%s', (text, name, unit) => {
    expect(splitUnit(text)).toEqual({ name, unit });
  });
});

describe('inference', () => {
  it('JSON: fields, units, time, and the device from the topic', () => {
    const offer = best(
      json('plant/p7/data', { ts: NOW, temperature_C: 21.53, pump: { on: true, rpm: 1500 }, note: 'ok' }),
      json('plant/p8/data', { ts: NOW + 500, temperature_C: 21.5, pump: { on: false, rpm: 1490 }, note: 'ok' }),
      json('plant/p7/data', { ts: NOW + 1000, temperature_C: 20, pump: { on: true, rpm: 1495 }, note: 'bad' }),
    );
    expect(offer).toMatchObject({
      description: {
        kind: 'json',
        version: 1,
        options: {
          device: { topic: 1 },
          time: { at: '/ts', format: 'ms' },
          fields: [
            { at: '/pump/on', name: 'pump/on', exponent: 0, type: 'boolean' },
            { at: '/pump/rpm', name: 'pump/rpm', exponent: 0 },
            { at: '/temperature_C', name: 'temperature', unit: 'Cel', exponent: -2 },
          ],
        },
      },
      topics: 'plant/+/data',
      confidence: 1,
      devices: ['p7', 'p8'],
      ignored: [{ at: '/note', reason: 'text', examples: ['bad', 'ok'] }],
    });
    expect(offer.series.find(({ name }) => name === 'temperature')).toEqual({
      name: 'temperature',
      unit: 'Cel',
      exponent: -2,
      points: 3,
      devices: 2,
      min: 2000,
      max: 2153,
      rateHz: 1,
    });
  });

  it('JSON: records that name device, series and unit', () => {
    const record = (name: string, value: number, unit: string) => ({ device: 'a', name, value, unit });
    const { description } = best(
      json('in', { time: '2026-09-21T14:13:20Z', data: [record('t', 1.5, '°C'), record('p', 2, 'bar')] }),
    );
    expect(description.options).toEqual({
      records: '/data',
      device: { at: '/device' },
      time: { root: '/time', format: 'rfc3339' },
      fields: [{ at: '/value', name: { at: '/name' }, unit: { at: '/unit' }, exponent: -1 }],
    });
  });

  it('JSON: a unit beside its value', () => {
    const { description } = best(json('x/dev', { temp: { value: 1, unit: '°C' }, flow: 2.5, flow_unit: 'l/min' }));
    expect(description.options).toMatchObject({
      fields: [
        { at: '/flow', name: 'flow', unit: { at: '/flow_unit' } },
        { at: '/temp/value', name: 'temp', unit: { at: '/temp/unit' } },
      ],
    });
  });

  it('one number a topic', () => {
    const { description, topics } = best(raw('plant/p7/temp', '21.5'), raw('plant/p7/pressure', '1'));
    expect(description.options).toMatchObject({
      device: { topic: [0, 1] },
      fields: [{ at: '', name: { topic: -1 }, exponent: -1 }],
    });
    expect(topics).toBe('plant/p7/+');
  });

  it('a number is a time only if its name suggests one', () => {
    const { description } = best(json('x/dev', { counter: NOW, time: 'noon' }));
    expect(description.options).toEqual({
      device: { topic: 1 },
      fields: [{ at: '/counter', name: 'counter', exponent: 0 }],
    });
  });

  it('CSV: delimiter, decimal comma, header, units, two columns of time', () => {
    const text =
      'Datum;Zeit;Maschine;Druck [bar];Zyklen\n21.09.2026;14:13:20;p1;1,25;7\n21.09.2026;14:13:21;p1;1,5;8\n';
    expect(best(raw('export.csv', text)).description).toEqual({
      kind: 'csv',
      version: 1,
      options: {
        delimiter: ';',
        decimal: ',',
        header: true,
        device: { at: 'Maschine' },
        time: { at: ['Datum', 'Zeit'], format: 'dmy' },
        fields: [
          { at: 'Druck [bar]', name: 'Druck', unit: 'bar', exponent: -2 },
          { at: 'Zyklen', name: 'Zyklen', exponent: 0 },
        ],
      },
    });
  });

  it('CSV without a header', () => {
    const { description } = best(raw('a/log.csv', '2026-09-21 14:13:20,1.5\n2026-09-21 14:13:21,2\n'));
    expect(description.options).toMatchObject({
      header: false,
      time: { at: '0', format: 'iso' },
      fields: [{ at: '1', name: 'column 1', exponent: -1 }],
    });
  });

  it('line protocol: device, precision, units', () => {
    const { description } = best(
      raw('x', `room,host=b1,floor=2 temp_C=21.5,people=3i ${NOW}\nroom,host=b2,floor=2 temp_C=21 ${NOW}`),
    );
    expect(description).toEqual({
      kind: 'line-protocol',
      version: 1,
      options: {
        device: { at: 'host' },
        precision: 'ms',
        series: [{ name: 'room/floor=2/temp_C', exponent: -1, unit: 'Cel' }],
      },
    });
  });

  it('SenML, Sparkplug B and our own messages by their form', () => {
    expect(best(json('x', [{ bn: 'd/', n: 'v', v: 1.25, t: -1 }])).description).toEqual({
      kind: 'senml',
      version: 1,
      options: { device: { of: 'name' }, series: [{ name: 'v', exponent: -2 }] },
    });
    expect(best(raw('spBv1.0/g/NBIRTH/e', '')).description).toMatchObject({ kind: 'sparkplug' });
    const state = raw('site/a/d/pump-7/s', payloadExamples.state!);
    const offer = best(state, raw('site/a/d/pump-7/t', payloadExamples.telemetry!));
    expect(offer).toMatchObject({ description: { kind: 'mote', options: { namespace: 'site/a' } }, confidence: 1 });
  });

  it('a mixed sample has an offer for each format, the most frequent one first', () => {
    const offers = inferDecoders(
      numbered([
        json('a', { v: 1 }),
        json('a', { v: 2 }),
        raw('a', 'm v=1'),
        raw('a', Uint8Array.of(255)),
        raw('a', 'hello'),
      ]),
    );
    expect(offers.map(({ description, confidence }) => [description.kind, confidence])).toEqual([
      ['json', 0.4],
      ['line-protocol', 0.2],
    ]);
    expect(inferDecoders([])).toEqual([]);
    expect(inferDecoders([raw('a', 'hello, world'), raw('a', '"text"'), raw('a', '')])).toEqual([]);
  });
});
