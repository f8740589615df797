/** Payloads are read by the npm package sparkplug-payload (Eclipse Tahu), and by the decoder of this site. */
import fc from 'fast-check';
import sparkplug from 'sparkplug-payload';
import { expect, it } from 'vitest';
import { sampled } from '../../../base/test-form.ts';
import { createDecoder, DecoderFold } from '../../decode/index.ts';
import type { PointRun } from '../../model/index.ts';
import { birthOf, deviceId, Metrics } from './metrics.ts';
import { type OutMetric, QUALITY, writeSparkplug } from './payload.ts';

const tahu = sparkplug.get('spBv1.0')!;
const ms = Date.UTC(2026, 10, 30);
const metric: OutMetric = { name: 'rms', alias: 7, timestampMs: ms, type: 'double', value: 1.5 };

it('is read by Tahu with unit, quality and history', () => {
  const bytes = writeSparkplug(ms, [{ ...metric, unit: 'm/s2', quality: QUALITY.bad, historical: true }], 255);
  const { seq, timestamp, metrics } = tahu.decodePayload(bytes);
  expect([Number(seq), Number(timestamp)]).toEqual([255, ms]);
  expect(metrics).toMatchObject([
    {
      ...{ name: 'rms', type: 'Double', value: 1.5, isHistorical: true },
      properties: { engUnit: { type: 'String', value: 'm/s2' }, Quality: { type: 'Int32', value: 0 } },
    },
  ]);
  expect(Number(metrics![0]!.alias)).toBe(7);
});

it('has no sequence number in a death', () => {
  expect(tahu.decodePayload(writeSparkplug(ms, [], null)).seq).toBeFalsy();
  expect([...writeSparkplug(0, [], null)]).toEqual([8, 0]);
});

it('gives a receiver the values that the site has', () => {
  const value = fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
  const decimal = fc.integer({ min: -1_000_000, max: 1_000_000 });
  const run = fc.oneof(
    fc.record({ exponent: fc.constant(0), value, unit: fc.constantFrom('', 'Cel') }),
    fc.record({ exponent: fc.integer({ min: -6, max: -1 }), value: decimal, unit: fc.constantFrom('', 'kW') }),
  );
  fc.assert(
    fc.property(run, ({ exponent, value, unit }) => {
      const metrics = new Metrics();
      const given: PointRun = {
        ...{ device: 'a/b', name: 'v', unit, exponent, quality: 0 },
        ...{ timesUs: [ms * 1000], values: [value] },
      };
      metrics.take(given);
      const birth = writeSparkplug(ms, birthOf(metrics.devices.get('a/b')!), 1);
      const options = { series: [{ name: 'v', exponent }] };
      const fold = new DecoderFold(createDecoder({ kind: 'sparkplug', version: 1, options }));
      const decode = (type: string, payload: Uint8Array) =>
        fold.decode({
          ...{ id: 1, receivedUs: ms * 1000, source: 'test', properties: {}, payload },
          topic: `spBv1.0/g/${type}/e${type.startsWith('N') ? '' : `/${deviceId('a/b')}`}`,
        });
      decode('NBIRTH', writeSparkplug(ms, [metric], 0));
      const { runs } = decode('DBIRTH', birth);
      const number = Number.isSafeInteger(Number(value)) ? Number(value) : value;
      expect(runs).toEqual([{ ...given, device: 'g/e/a%2Fb', values: [number] }]);
    }),
    { numRuns: sampled(300) },
  );
});

it('keeps what nobody receives, up to its limit', () => {
  const metrics = new Metrics();
  for (let i = 0; i < 100_003; i++) {
    metrics.take({ device: 'm', name: 'v', unit: '', exponent: 0, quality: 0, timesUs: [i], values: [i] });
    metrics.keep();
  }
  expect([metrics.waiting, metrics.dropped]).toEqual([100_000, 3]);
  const device = metrics.devices.get('m')!;
  device.born = true;
  let count = 0;
  // A network that is too slow for the third message.
  metrics.release(500, false, (_device, part) => {
    if (count === 1000) return false;
    count += part.length;
    return true;
  });
  expect([count, metrics.waiting]).toEqual([1000, 99_000]);
});
