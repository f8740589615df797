/**
 * A type that is accepted after its messages came gives the same points as one that was described before: for random
 * types of devices of each format, the inferred description decodes as the one that a person would write.
 */
import fc from 'fast-check';
import sparkplug from 'sparkplug-payload';
import { describe, expect, it } from 'vitest';
import { cases } from '../../../base/test-form.ts';
import type { RawMessage } from '../../model/index.ts';
import type { Description } from '../description.ts';
import { createDecoder, DecoderFold } from '../fold.ts';
import { json, NOW_US, raw } from '../testing.ts';
import { inferDecoders } from './index.ts';

/** Every point as text; values as decimals without zeros at the end, because a person may choose other exponents. */
function points(description: Description, messages: readonly RawMessage[]): string[] {
  const fold = new DecoderFold(createDecoder(description));
  const all: string[] = [];
  for (const message of messages) {
    const { runs, counts } = fold.decode(message);
    expect(counts).toEqual({});
    for (const { device, name, unit, exponent, timesUs, values } of runs) {
      for (const [i, value] of values.entries())
        all.push([device, name, unit, plain(value, exponent), timesUs[i]].join(' | '));
    }
  }
  return all.sort();
}

function plain(value: number | bigint, exponent: number): string {
  let digits = BigInt(value);
  let power = exponent;
  while (digits !== 0n && digits % 10n === 0n) {
    digits /= 10n;
    power++;
  }
  return digits === 0n ? '0' : `${digits}e${power}`;
}

interface Type {
  readonly fields: readonly { name: string; suffix: string; unit: string; decimals: number }[];
  readonly devices: readonly string[];
  /** Of each message: which device, how long ago in ms, and the integer of each field. */
  readonly messages: readonly { device: number; agoMs: number; integers: number[] }[];
}

const UNITS: readonly (readonly [suffix: string, unit: string])[] = [
  ['', ''],
  ['_C', 'Cel'],
  [' [°C]', 'Cel'],
  [' (bar)', 'bar'],
  ['_kPa', 'kPa'],
  ['_rpm', '{rev}/min'],
  [' [m³/h]', 'm3/h'],
];
const WORDS = ['temperature', 'pressure', 'flow', 'speed', 'level', 'vibration', 'humidity', 'load'];

const type: fc.Arbitrary<Type> = fc
  .record({
    names: fc.uniqueArray(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 5 }),
    devices: fc.uniqueArray(fc.stringMatching(/^[a-z]{2,5}[0-9]$/), { minLength: 2, maxLength: 4 }),
  })
  .chain(({ names, devices }) =>
    fc.record({
      devices: fc.constant(devices),
      fields: fc.tuple(
        ...names.map((name) =>
          fc
            .record({ pair: fc.constantFrom(...UNITS), decimals: fc.nat(5) })
            .map(({ pair: [suffix, unit], decimals }) => ({ name, suffix, unit, decimals })),
        ),
      ),
      messages: fc.array(
        fc.record({
          device: fc.nat(devices.length - 1),
          agoMs: fc.nat(1e9),
          integers: fc.tuple(...names.map(() => fc.integer({ min: -1e9, max: 1e9 }))),
        }),
        { minLength: 3, maxLength: 12 },
      ),
    }),
  )
  // Every device is in the sample, so that the level of the topic that names it differs.
  .map((t) => ({ ...t, messages: t.messages.map((m, i) => ({ ...m, device: i < t.devices.length ? i : m.device })) }));

const scaled = (integer: number, decimals: number) => Number(`${integer}e-${decimals}`);
const numbered = (messages: RawMessage[]) => messages.map((message, i) => ({ ...message, id: i + 1 }));

function check(hand: Description, messages: RawMessage[], seed: number): void {
  const sample = numbered(messages);
  const [offer] = inferDecoders(sample);
  const expected = points(hand, sample);
  expect(offer?.confidence).toBe(1);
  expect(points(offer!.description, sample)).toEqual(expected);
  expect(expected.length).toBeGreaterThan(0);
  // The order in which messages came changes nothing.
  const shuffled = [...sample].sort((a, b) => ((a.id * seed) % 101) - ((b.id * seed) % 101));
  const again = inferDecoders(numbered(shuffled))[0]!;
  if (hand.kind !== 'sparkplug') expect(again.description).toEqual(offer!.description);
}

const numRuns = cases(1_000);
const seeds = fc.integer({ min: 1, max: 100 });

describe('a type accepted after its data came gives the points of one known before', () => {
  const formats = fc.constantFrom('s', 'ms', 'us', 'ns', 'rfc3339') as fc.Arbitrary<
    's' | 'ms' | 'us' | 'ns' | 'rfc3339'
  >;
  const stamp = (agoMs: number, format: 's' | 'ms' | 'us' | 'ns' | 'rfc3339'): string | number => {
    const ms = NOW_US / 1000 - agoMs;
    if (format === 'rfc3339') return new Date(ms).toISOString();
    return format === 's' ? ms / 1000 : format === 'ms' ? ms : format === 'us' ? ms * 1000 : ms * 1e6;
  };

  it('JSON', () => {
    const forms = fc.record({ format: formats, inTopic: fc.boolean(), nested: fc.boolean(), array: fc.boolean() });
    fc.assert(
      fc.property(type, forms, seeds, ({ fields, devices, messages }, { format, inTopic, nested, array }, seed) => {
        const records = messages.map(({ device, agoMs, integers }) => {
          const values = fields.map(({ name, suffix, decimals }, i) => [name + suffix, scaled(integers[i]!, decimals)]);
          const body = nested ? { values: Object.fromEntries(values) } : Object.fromEntries(values);
          return {
            device: devices[device]!,
            record: { ...body, ts: stamp(agoMs, format), ...(!inTopic && { deviceId: devices[device] }) },
          };
        });
        const sent = records.map(({ device, record }) =>
          json(`plant/${inTopic ? device : 'x'}/data`, array ? { rows: [record, record] } : record),
        );
        const prefix = nested ? '/values/' : '/';
        const hand: Description = {
          kind: 'json',
          version: 1,
          options: {
            ...(array && { records: '/rows' }),
            device: inTopic ? { topic: 1 } : { at: '/deviceId' },
            time: { at: '/ts', format },
            fields: fields.map(({ name, suffix, unit, decimals }) => ({
              at: prefix + (name + suffix).replaceAll('/', '~1'),
              name: prefix.slice(1) + name,
              unit,
              exponent: -decimals,
            })),
          },
        };
        check(hand, sent, seed);
      }),
      { numRuns },
    );
  });

  it('CSV', () => {
    const forms = fc.record({
      delimiter: fc.constantFrom(',', ';', '\t', '|') as fc.Arbitrary<',' | ';' | '\t' | '|'>,
      comma: fc.boolean(),
      format: formats,
    });
    fc.assert(
      fc.property(type, forms, seeds, ({ fields, devices, messages }, { delimiter, comma, format }, seed) => {
        const decimal = comma && delimiter !== ',' ? ',' : '.';
        const number = (v: string) => v.replace('.', decimal);
        const write = (integer: number, decimals: number) =>
          number(decimals === 0 ? `${integer}` : fixed(integer, decimals));
        const head = ['machine', 'time', ...fields.map(({ name, suffix }) => name + suffix)].join(delimiter);
        const rows = messages.map(({ device, agoMs, integers }) => {
          const cells = fields.map(({ decimals }, i) => write(integers[i]!, decimals));
          const ts =
            format === 'rfc3339' ? stamp(agoMs, format) : number(`${stamp(agoMs, format === 's' ? 'ms' : format)}`);
          return [devices[device], ts, ...cells].join(delimiter);
        });
        const hand: Description = {
          kind: 'csv',
          version: 1,
          options: {
            delimiter,
            decimal,
            device: { at: 'machine' },
            time: { at: 'time', format: format === 's' ? 'ms' : format },
            fields: fields.map(({ name, suffix, unit, decimals }) => ({
              at: name + suffix,
              name,
              unit,
              exponent: -decimals,
            })),
          },
        };
        check(
          hand,
          rows.map((row) => raw('export.csv', `${head}\r\n${row}\r\n${row}\r\n`)),
          seed,
        );
      }),
      { numRuns },
    );
  });

  it('line protocol', () => {
    const precisions = fc.constantFrom('s', 'ms', 'us', 'ns') as fc.Arbitrary<'s' | 'ms' | 'us' | 'ns'>;
    fc.assert(
      fc.property(type, precisions, seeds, ({ fields, devices, messages }, precision, seed) => {
        const text = messages.map(({ device, agoMs, integers }) => {
          const values = fields.map(({ name, decimals }, i) => `${name}=${scaled(integers[i]!, decimals)}`);
          const time = BigInt(stamp(precision === 's' ? Math.floor(agoMs / 1000) * 1000 : agoMs, precision));
          return `m,host=${devices[device]},line=l1 ${values.join(',')} ${time}`;
        });
        const series = fields.map(({ name, decimals }) => ({ name: `m/line=l1/${name}`, exponent: -decimals }));
        const hand: Description = {
          kind: 'line-protocol',
          version: 1,
          options: { device: { at: 'host' }, precision, series },
        };
        check(
          hand,
          text.map((line) => raw('telegraf', line)),
          seed,
        );
      }),
      { numRuns },
    );
  });

  it('SenML', () => {
    fc.assert(
      fc.property(type, fc.boolean(), seeds, ({ fields, devices, messages }, inName, seed) => {
        const sent = messages.map(({ device, agoMs, integers }) => {
          const records = fields.map(({ name, unit, decimals }, i) => ({
            n: name,
            ...(unit && { u: unit }),
            v: scaled(integers[i]!, decimals),
          }));
          const base = { ...(inName && { bn: `urn:dev:mac:${devices[device]}/` }), bt: NOW_US / 1e6 - agoMs / 1000 };
          return json(inName ? 'senml' : `plant/${devices[device]}/up`, [
            { ...base, ...records[0]! },
            ...records.slice(1),
          ]);
        });
        const series = fields.map(({ name, decimals }) => ({ name, exponent: -decimals }));
        const hand: Description = {
          kind: 'senml',
          version: 1,
          options: { device: inName ? { of: 'name' } : { topic: 1 }, series },
        };
        check(hand, sent, seed);
      }),
      { numRuns },
    );
  });

  it('Sparkplug B', () => {
    const tahu = sparkplug.get('spBv1.0')!;
    fc.assert(
      fc.property(type, seeds, ({ fields, devices, messages }, seed) => {
        const metrics = (integers: number[], named: boolean) =>
          fields.map(({ name, unit, decimals }, i) => ({
            ...(named && { name, properties: { engUnit: { type: 'String' as const, value: unit } } }),
            alias: i,
            type: 'Double' as const,
            value: scaled(integers[i]!, decimals),
          }));
        const of = (kind: string, device: number, agoMs: number, body: object[]) =>
          raw(
            `spBv1.0/g/${kind}/${devices[device]}`,
            tahu.encodePayload({ timestamp: NOW_US / 1000 - agoMs, seq: 0, metrics: body as never }),
          );
        const births = devices.map((_, i) => of('NBIRTH', i, 0, metrics(messages[0]!.integers, true)));
        const data = messages.map(({ device, agoMs, integers }) =>
          of('NDATA', device, agoMs, metrics(integers, false)),
        );
        const series = fields.map(({ name, decimals }) => ({ name, exponent: -decimals }));
        check({ kind: 'sparkplug', version: 1, options: { series } }, [...births, ...data], seed);
      }),
      { numRuns },
    );
  });
});

/** The decimal text with all decimals. */
function fixed(integer: number, decimals: number): string {
  const digits = String(Math.abs(integer)).padStart(decimals + 1, '0');
  return `${integer < 0 ? '-' : ''}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
