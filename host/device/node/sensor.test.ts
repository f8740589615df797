import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sensor, type SensorSource } from './sensor.ts';

/** Sample i has the value i, on all channels. */
const counting = (rateMilliHz: number, length: number | null = null, channels = 1): SensorSource => ({
  rateMilliHz,
  channels,
  length,
  read(index, out) {
    for (let i = 0; i < out.length; i++) out[i] = index + Math.floor(i / channels);
  },
});
const take = (sensor: Sensor, nowUs: number, samples: number): number[] => {
  const out = new Int16Array(samples * sensor.channels);
  const count = sensor.take(nowUs, samples, new DataView(out.buffer));
  return [...out.subarray(0, count * sensor.channels)];
};

describe('a sensor', () => {
  it('has no samples before it is opened, and the first one a period later', () => {
    const sensor = new Sensor({ name: 'mic', source: counting(100_000) });
    expect(sensor.available(1e6)).toBe(0);
    sensor.open(1e6);
    expect([sensor.available(1_009_999), sensor.available(1_010_000)]).toEqual([0, 1]);
    expect(sensor.timeUs(1_010_000)).toBe(1_010_000);
    sensor.open(5e6);
    expect(take(sensor, 1_030_000, 10)).toEqual([0, 1, 2]);
    expect(sensor.timeUs(1_030_000)).toBe(1_040_000);
  });

  it('drops the oldest samples when they are not read, and counts them', () => {
    const sensor = new Sensor({ name: 'mic', source: counting(1_000_000), ringSamples: 10 });
    sensor.open(0);
    expect(sensor.counts(25_000)).toEqual({ produced: 25, read: 0, lost: 15, waiting: 10 });
    expect(sensor.timeUs(25_000)).toBe(16_000);
    expect(take(sensor, 25_000, 3)).toEqual([15, 16, 17]);
  });

  it('ends when its source does', () => {
    const sensor = new Sensor({ name: 'mic', source: counting(1_000_000, 5) });
    expect(sensor.endUs).toBe(null);
    sensor.open(0);
    expect(sensor.endUs).toBe(5000);
    expect(take(sensor, 1e9, 10)).toEqual([0, 1, 2, 3, 4]);
    expect(sensor.available(2e9)).toBe(0);
  });

  it('counts every sample and returns each in order, whatever the rate, ring and times of reading', () => {
    const reads = fc.array(fc.tuple(fc.nat(200_000), fc.nat(80)), { maxLength: 40 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 48_000_000 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 3 }),
        reads,
        (rate, ringSamples, channels, rhythm) => {
          const sensor = new Sensor({ name: 'x', source: counting(rate, 20_000, channels), ringSamples });
          sensor.open(7);
          let now = 7;
          let last = -1;
          for (const [waitUs, samples] of rhythm) {
            now += waitUs;
            const lostBefore = sensor.lost(now) + sensor.counts(now).read;
            const got = take(sensor, now, samples);
            for (let i = 0; i < got.length; i += channels) {
              expect(got[i]).toBe(lostBefore + i / channels);
              expect(got[i]!).toBeGreaterThan(last);
              last = got[i]!;
            }
            const { produced, read, lost, waiting } = sensor.counts(now);
            expect(produced).toBe(Math.min(20_000, Math.floor(((now - 7) * rate) / 1e9)));
            expect(read + lost + waiting).toBe(produced);
            expect(waiting).toBeLessThanOrEqual(ringSamples);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps exact time after a year at 48 kHz', () => {
    const sensor = new Sensor({ name: 'x', source: counting(48_000_000), ringSamples: 1 });
    sensor.open(0);
    const year = 365 * 86_400 * 1e6;
    expect(sensor.counts(year).produced).toBe(365 * 86_400 * 48_000);
    expect(sensor.timeUs(year)).toBe(year);
  });

  it('that is live accepts pushed samples once it is open', () => {
    const sensor = new Sensor({ name: 'x', source: { rateMilliHz: 1000, channels: 2, live: true }, ringSamples: 2 });
    sensor.push(Int16Array.of(9, 9));
    sensor.open(0);
    sensor.push(Int16Array.of(1, 1, 2, 2, 3, 3));
    expect(sensor.counts(0)).toEqual({ produced: 3, read: 0, lost: 1, waiting: 2 });
    expect(take(sensor, 0, 5)).toEqual([2, 2, 3, 3]);
    expect(() => sensor.push(Int16Array.of(1))).toThrow('whole samples');
  });

  it.each([
    ['a rate of zero', { rateMilliHz: 0, channels: 1 }],
    ['half a channel', { rateMilliHz: 1000, channels: 0.5 }],
  ])('refuses %s', (_, shape) => {
    expect(() => new Sensor({ name: 'x', source: { ...shape, live: true } })).toThrow('1 mHz to 1 MHz');
  });
});
