/** Payloads are written by the npm package sparkplug-payload (Eclipse Tahu) and by PyPI's pysparkplug. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import sparkplug from 'sparkplug-payload';
import { describe, expect, it } from 'vitest';
import { titled } from '../../base/needs.ts';
import type { Description, SparkplugOptions } from './description.ts';
import { createDecoder, DecoderFold } from './fold.ts';
import { decodeAll, lines, NOW_US, raw } from './testing.ts';

const of = (options: SparkplugOptions = {}): Description => ({ kind: 'sparkplug', version: 1, options });
const NOW = NOW_US / 1000;
const tahu = sparkplug.get('spBv1.0')!;
type Metric = Parameters<typeof tahu.encodePayload>[0]['metrics'] extends (infer M)[] | null | undefined ? M : never;

function message(topic: string, metrics: object[], timestamp: number | null = NOW) {
  return raw(topic, tahu.encodePayload({ timestamp, metrics: metrics as Metric[], seq: 0 }));
}
const engUnit = (unit: string) => ({ engUnit: { type: 'String', value: unit } });
const birth = message('spBv1.0/plant/NBIRTH/gw1', [
  { name: 'bdSeq', type: 'Int64', value: 0 },
  { name: 'Node Control/Rebirth', type: 'Boolean', value: false },
  { name: 'temp', alias: 1, type: 'Float', value: 21.53, properties: engUnit('°C') },
  { name: 'count', alias: 2, type: 'UInt64', value: 7 },
]);
const deviceBirth = message('spBv1.0/plant/DBIRTH/gw1/press', [
  { name: 'force', alias: 3, type: 'Double', value: 1.5, properties: engUnit('kN') },
]);

describe('Sparkplug B', () => {
  it('a birth gives points, units from engUnit, and no control metrics', () => {
    const { runs, counts } = decodeAll(of({ series: [{ name: 'temp', exponent: -2 }] }), birth);
    expect(lines(runs)).toEqual(['plant/gw1 temp 2153e-2 Cel @0', 'plant/gw1 count 7 @0']);
    expect(counts).toEqual({});
  });

  it('data names metrics by alias, of the edge node and its devices', () => {
    const data = message('spBv1.0/plant/DDATA/gw1/press', [
      { alias: 3, type: 'Double', value: 2.25, timestamp: NOW - 1 },
    ]);
    const series = [{ name: 'force', exponent: -2 }];
    expect(lines(decodeAll(of({ series }), birth, deviceBirth, data).runs)).toEqual([
      'plant/gw1/press force 225e-2 kN @-0.001',
    ]);
    // The same alias under another device is not the metric of the birth.
    const foreign = message('spBv1.0/plant/DDATA/gw1/other', [{ alias: 3, type: 'Double', value: 1 }]);
    expect(decodeAll(of(), birth, deviceBirth, foreign).counts).toEqual({ birth_mismatch: 1 });
  });

  it('data before a birth, behind a death, and of a device that a new birth ended, is counted', () => {
    const data = message('spBv1.0/plant/DDATA/gw1/press', [{ alias: 3, type: 'Double', value: 2 }]);
    expect(decodeAll(of(), data).counts).toEqual({ no_birth: 1 });
    const death = raw('spBv1.0/plant/NDEATH/gw1', tahu.encodePayload({ timestamp: NOW, metrics: [] }));
    expect(decodeAll(of(), birth, deviceBirth, death, data).counts).toEqual({ no_birth: 1 });
    expect(decodeAll(of(), birth, deviceBirth, birth, data).counts).toEqual({ birth_mismatch: 1 });
    const deviceDeath = raw('spBv1.0/plant/DDEATH/gw1/press', tahu.encodePayload({ timestamp: NOW, metrics: [] }));
    expect(decodeAll(of(), birth, deviceBirth, deviceDeath, data).counts).toEqual({ birth_mismatch: 1 });
  });

  it.each([
    ['Int8', -128, '-128'],
    ['Int16', -32768, '-32768'],
    ['Int32', -2147483648, '-2147483648'],
    ['UInt8', 255, '255'],
    ['UInt16', 65535, '65535'],
    ['UInt32', 4294967295, '4294967295'],
    ['Boolean', true, '1'],
    ['Float', 0.1, '100000e-6'],
    ['Double', -0.1, '-100000e-6'],
    ['DateTime', NOW, `${NOW} ms`],
  ])('%s %s is %s', (type, value, expected) => {
    const { runs, counts } = decodeAll(of(), message('spBv1.0/g/NBIRTH/e', [{ name: 'm', type, value }]));
    expect(lines(runs)).toEqual([`g/e m ${expected} @0`]);
    expect(counts).toEqual({});
  });

  it('texts are events where the description declares them; other types are counted', () => {
    const metrics = [
      { name: 'state', type: 'String', value: 'run' },
      { name: 'note', type: 'Text', value: 'x' },
      { name: 'file', type: 'Bytes', value: Uint8Array.of(1) },
      { name: 'gone', type: 'Int32', value: null, isNull: true },
      { name: 'nan', type: 'Double', value: Number.NaN },
    ];
    const { events, counts } = decodeAll(
      of({ series: [{ name: 'state', event: true }] }),
      message('spBv1.0/g/NBIRTH/e', metrics),
    );
    expect(events).toMatchObject([{ device: 'g/e', name: 'state', body: 'run', timeUs: NOW_US }]);
    expect(counts).toEqual({ text: 1, type: 1, null: 1, not_a_number: 1 });
  });

  it('the property Quality is 192 for good, 0 for bad, 500 for stale', () => {
    const metric = (quality: number) => ({
      name: `m${quality}`,
      type: 'Int32',
      value: 1,
      properties: { Quality: { type: 'Int32', value: quality } },
    });
    const { runs } = decodeAll(of(), message('spBv1.0/g/NBIRTH/e', [192, 0, 500, 7].map(metric)));
    expect(runs.map((run) => run.quality)).toEqual([0, 1, 2, 1]);
  });

  it('a historical value keeps its time', () => {
    const old = message('spBv1.0/plant/NDATA/gw1', [
      { name: 'count', alias: 2, type: 'UInt64', value: 6, isHistorical: true, timestamp: NOW - 3_600_000 },
    ]);
    expect(lines(decodeAll(of(), birth, old).runs)).toEqual(['plant/gw1 count 6 @-3600']);
  });

  it.each([
    'spBv1.0/STATE/host',
    'spBv1.0/g/NCMD/e',
    'spBv1.0/g/DDATA/e',
    'spBv1.0/g/NDATA/e/d',
    'spAv1.0/g/NDATA/e',
    'spBv1.0/g/NDATA/e/d/x',
  ])('%s is counted as another topic', (topic) => {
    expect(decodeAll(of(), raw(topic, birth.payload)).counts).toEqual({ topic: 1 });
  });

  it('cut payloads are malformed, or a prefix that ends between metrics', () => {
    for (let end = 1; end < birth.payload.length; end++) {
      const { counts } = decodeAll(of(), { ...birth, payload: birth.payload.subarray(0, end) });
      expect(Object.keys(counts).filter((reason) => reason !== 'malformed')).toEqual([]);
    }
  });

  it('a fold goes on from the states of another', () => {
    const fold = new DecoderFold(createDecoder(of()));
    fold.decode(birth);
    const resumed = new DecoderFold(createDecoder(of()), JSON.parse(JSON.stringify([...fold.states()])));
    const data = message('spBv1.0/plant/NDATA/gw1', [{ alias: 2, type: 'UInt64', value: 8 }]);
    expect(resumed.decode(data)).toEqual(fold.decode(data));
    expect(lines(resumed.decode(data).runs)).toEqual(['plant/gw1 count 8 @0']);
  });

  it('any integers, doubles and floats that Tahu writes are read as they were', () => {
    const metric = fc.oneof(
      fc.record({ type: fc.constant('Int32'), value: fc.integer() }),
      fc.record({ type: fc.constant('UInt32'), value: fc.nat(0xffff_ffff) }),
      fc.record({ type: fc.constant('Double'), value: fc.integer({ min: -1e9, max: 1e9 }).map((v) => v / 1000) }),
      fc.record({ type: fc.constant('Float'), value: fc.integer({ min: -99999, max: 99999 }).map((v) => v / 100) }),
    );
    fc.assert(
      fc.property(fc.array(metric, { minLength: 1, maxLength: 8 }), (metrics) => {
        const named = metrics.map((m, i) => ({ ...m, name: `m${i}`, alias: i }));
        const { runs } = decodeAll(of(), message('spBv1.0/g/NBIRTH/e', named));
        expect(runs.map(({ values, exponent }) => Number(`${values[0]}e${exponent}`))).toEqual(
          metrics.map((m) => m.value + 0),
        );
      }),
    );
  });

  const missing =
    spawnSync('python3', ['-c', 'import pysparkplug']).status === 0 ? null : 'needs pip install pysparkplug';
  it.skipIf(missing !== null)(titled('reads what pysparkplug writes', missing), () => {
    const code = `import pysparkplug as p, sys
T = p.DataType
m = lambda n, t, v, a: p.Metric(timestamp=${NOW}, name=n, datatype=t, value=v, alias=a)
birth = p.NBirth(timestamp=${NOW}, seq=0, metrics=(m('i', T.INT16, -5, 1), m('l', T.INT64, -2**40, 2), m('f', T.FLOAT, 21.53, 3), m('d', T.DOUBLE, 0.125, 4), m('b', T.BOOLEAN, True, 5), m('u', T.UINT64, 2**63 - 1, 6)))
data = p.NData(timestamp=${NOW}, seq=1, metrics=(p.Metric(timestamp=${NOW}, name=None, datatype=T.INT64, value=-7, alias=2),))
print(birth.encode().hex()); print(data.encode(include_dtypes=False).hex())`;
    const run = spawnSync('python3', ['-c', code], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    const [first, second] = run.stdout
      .trim()
      .split('\n')
      .map((hex) => Buffer.from(hex, 'hex'));
    const births = raw('spBv1.0/g/NBIRTH/e', first!);
    expect(lines(decodeAll(of(), births).runs)).toEqual([
      'g/e i -5 @0',
      'g/e l -1099511627776 @0',
      'g/e f 21530000e-6 @0',
      'g/e d 125000e-6 @0',
      'g/e b 1 @0',
      'g/e u 9223372036854775807 @0',
    ]);
    expect(lines(decodeAll(of(), births, raw('spBv1.0/g/NDATA/e', second!)).runs)).toEqual(['g/e l -7 @0']);
  });
});
