/** The examples of RFC 8428, and what section 4 demands. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeItem } from '../../messaging/topics/index.ts';
import type { Description, SenmlOptions } from './description.ts';
import { splitName } from './senml.ts';
import { decodeAll, json, lines, NOW_US, raw } from './testing.ts';

const of = (options: Partial<SenmlOptions> = {}): Description => ({
  kind: 'senml',
  version: 1,
  options: { device: { of: 'name' }, notBefore: '1970-01-01T00:00:00Z', ...options },
});
/** Device, name, value, unit and seconds since 1970. */
function points(value: unknown, options: Partial<SenmlOptions> = {}) {
  return decodeAll(of(options), json('x', value)).runs.flatMap(({ device, name, unit, exponent, timesUs, values }) =>
    values.map((v, i) => [device, name, Number(v) / 10 ** -exponent, unit, timesUs[i]! / 1e6]),
  );
}
const NOW = NOW_US / 1e6;

describe('SenML', () => {
  it('section 5.1.1: a single datapoint', () => {
    expect(points([{ n: 'urn:dev:ow:10e2073a01080063', u: 'Cel', v: 23.1 }])).toEqual([
      ['urn:dev:ow:10e2073a01080063', 'value', 23.1, 'Cel', NOW],
    ]);
  });

  it('section 5.1.2: multiple datapoints', () => {
    const device = 'urn:dev:ow:10e2073a01080063';
    expect(
      points([
        { bn: `${device}:`, n: 'voltage', u: 'V', v: 120.1 },
        { n: 'current', u: 'A', v: 1.2 },
      ]),
    ).toEqual([
      [device, 'voltage', 120.1, 'V', NOW],
      [device, 'current', 1.2, 'A', NOW],
    ]);
    const pack = [
      { bn: 'urn:dev:ow:10e2073a0108006:', bt: 1.276020076001e9, bu: 'A', bver: 5, n: 'voltage', u: 'V', v: 120.1 },
      { n: 'current', t: -5, v: 1.2 },
      { n: 'current', t: -4, v: 1.3 },
      { n: 'current', v: 1.7 },
    ];
    const other = 'urn:dev:ow:10e2073a0108006';
    expect(points(pack)).toEqual([
      [other, 'voltage', 120.1, 'V', 1276020076.001],
      [other, 'current', 1.2, 'A', 1276020071.001],
      [other, 'current', 1.3, 'A', 1276020072.001],
      [other, 'current', 1.7, 'A', 1276020076.001],
    ]);
  });

  it('section 5.1.3: multiple measurements, with a text', () => {
    const pack = [
      { bn: 'urn:dev:ow:10e2073a01080063', bt: 1.320067464e9, bu: '%RH', v: 20 },
      { u: 'lon', v: 24.30621 },
      { u: 'lat', v: 60.07965 },
      { t: 60, v: 20.3 },
      { u: 'lon', t: 60, v: 24.30622 },
      { u: 'lat', t: 60, v: 60.07965 },
    ];
    expect(points(pack)).toEqual(
      expect.arrayContaining([
        ['urn:dev:ow:10e2073a01080063', 'value', 20.3, '%{RH}', 1320067524],
        ['urn:dev:ow:10e2073a01080063', 'value', 24.30622, 'deg', 1320067524],
      ]),
    );
  });

  it('section 5.1.5: a pack of several data types', () => {
    const pack = [
      { bn: 'urn:dev:ow:10e2073a01080063:', n: 'temp', u: 'Cel', v: 23.1 },
      { n: 'label', vs: 'Machine Room' },
      { n: 'open', vb: false },
      { n: 'nfc-reader', vd: 'aGkgCg' },
    ];
    const { runs, events, counts } = decodeAll(of({ series: [{ name: 'label', event: true }] }), json('x', pack));
    expect(lines(runs)).toEqual([
      'urn:dev:ow:10e2073a01080063 temp 23100000e-6 Cel @0',
      'urn:dev:ow:10e2073a01080063 open 0e-6 @0',
    ]);
    expect(events).toMatchObject([{ name: 'label', body: 'Machine Room' }]);
    expect(counts).toEqual({ type: 1 });
  });

  it('section 6: the example in CBOR', () => {
    const hex = `87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b0010622361412005
0067766f6c7461676501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb
3ff4cccccccccccda3006763757272656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00a3006763757272656e74
062002fb3ff999999999999aa3006763757272656e74060002fb3ffb333333333333`;
    const { runs, counts } = decodeAll(of(), raw('x', Buffer.from(hex.replaceAll('\n', ''), 'hex')));
    expect(runs.map(({ name, unit, values }) => [name, unit, values])).toEqual([
      ['voltage', 'V', [120_100_000]],
      ['current', 'A', [1_200_000, 1_300_000, 1_400_000, 1_500_000, 1_600_000, 1_700_000]],
    ]);
    expect(runs[1]!.timesUs[0]).toBe(1_276_020_071_001_000);
    expect(counts).toEqual({});
  });

  it('base values and sums are added exactly, and a sum is a series of its own', () => {
    const pack = [
      { bn: 'd/', bv: 20.01, bs: 100, n: 'v', u: 'kW', v: 0.001, s: 5.5 },
      { n: 'v', u: 'kW', v: 0.002 },
    ];
    expect(points(pack)).toEqual([
      ['d', 'v', 20.011, 'kW', NOW],
      ['d', 'v', 20.012, 'kW', NOW],
      ['d', 'v/sum', 105.5, 'kW.s', NOW],
      ['d', 'v/sum', 100, 'kW.s', NOW],
    ]);
    expect(points([{ bn: 'd/' }, { n: 's', s: 3 }])).toEqual([['d', 's/sum', 3, '', NOW]]);
  });

  it('times below 2^28 s are relative to the time of receipt (section 4.5.3)', () => {
    expect(points([{ n: 'd/v', v: 1, t: -10 }])[0]![4]).toBe(NOW - 10);
    expect(points([{ n: 'd/v', v: 1, t: 2 ** 28 - 1 }])).toEqual([]);
    expect(points([{ n: 'd/v', v: 1, t: 2 ** 28 }])[0]![4]).toBe(2 ** 28);
  });

  it.each([
    ['version', [{ n: 'd/v', v: 1, bver: 11 }]],
    [
      'version',
      [
        { n: 'd/v', v: 1 },
        { bver: 5, n: 'd/v', v: 1 },
      ],
    ],
    ['version', [{ n: 'd/v', v: 1, must_: 1 }]],
    ['malformed', [{ n: 'd/v', v: 1, vb: true }]],
    ['malformed', [{ n: 1, v: 1 }]],
    ['malformed', [{ n: 'd/v', v: 1, t: 'now' }]],
    ['malformed', [1]],
    ['malformed', { n: 'd/v', v: 1 }],
    ['not_a_number', [{ n: 'd/v', v: 'warm' }]],
    ['null', [{ n: 'd/v' }]],
    ['device', [{ n: 'v', v: 1 }]],
    ['text', [{ n: 'd/v', vs: 'x' }]],
    ['name', [{ n: `d/${'x'.repeat(300)}`, v: 1 }]],
  ])('%s is counted: %j', (reason, pack) => {
    expect(decodeAll(of(), json('x', pack)).counts).toEqual({ [reason]: 1 });
  });

  it('a base name of a megabyte before many names takes no time', () => {
    const pack = [{ bn: 'x'.repeat(1e6) }, ...Array.from({ length: 100_000 }, () => ({ n: 'v', v: 1 }))];
    expect(decodeAll(of(), json('x', pack)).counts).toEqual({ name: 100_000 });
  });

  it.each([
    ['urn:dev:mac:0024befffe804ff1/temp', 'urn:dev:mac:0024befffe804ff1', 'temp'],
    ['urn:dev:ow:10e2073a01080063_temp', 'urn:dev:ow:10e2073a01080063', 'temp'],
    ['http://[2001:db8::1]/temp', 'http://[2001:db8::1]', 'temp'],
    ['plant/p7/temp', 'plant/p7', 'temp'],
  ])('%s is a name of %s', (full, device, name) => {
    expect(splitName(full)).toEqual([device, name]);
  });

  it('a pack in CBOR gives the points of the same pack in JSON', () => {
    const record = fc.record({
      n: fc.constantFrom('a', 'b'),
      v: fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
      t: fc.integer({ min: -1000, max: 0 }),
    });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (records) => {
        const short = records.map((r) => ({ ...r, v: Number(r.v.toPrecision(6)) }));
        const cbor = encodeItem(
          short.map(
            (r) =>
              new Map<number, unknown>([
                [-2, 'd/'],
                [0, r.n],
                [2, r.v],
                [6, r.t],
              ]),
          ),
        );
        const text = short.map((r) => ({ bn: 'd/', ...r }));
        expect(decodeAll(of(), raw('x', cbor))).toEqual(decodeAll(of(), json('x', text)));
      }),
    );
  });
});
