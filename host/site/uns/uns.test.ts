import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import type { MessageProperties } from '../../messaging/mqtt/index.ts';
import type { PointRun } from '../model/index.ts';
import { UnifiedNamespace } from './uns.ts';

const T0 = Date.UTC(2026, 8, 21, 14) * 1000;

/** A namespace whose broker answers when `answer` is called, or at once. */
function started({ waits = false } = {}) {
  const clock = new VirtualClock();
  const sent: [topic: string, payload: string][] = [];
  const properties: MessageProperties[] = [];
  const waiting: (() => void)[] = [];
  let places: Record<string, string> = { n: 'acme/press' };
  const uns = new UnifiedNamespace({
    prefix: 'uns',
    expirySeconds: 60,
    clock,
    assetOf: (device, timeUs) => (timeUs < T0 ? null : (places[device] ?? null)),
    publish: (topic, payload, given) => {
      sent.push([topic, Buffer.from(payload).toString()]);
      properties.push(given);
      return waits ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve();
    },
  });
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    uns,
    sent,
    properties,
    clock,
    place: (next: Record<string, string>) => {
      places = next;
    },
    answer: () => {
      for (const resolve of waiting.splice(0)) resolve();
      return settled();
    },
    async advance(ms: number) {
      clock.runUntil(clock.nowUs() + ms * 1000);
      await settled();
    },
  };
}

const run = (values: number[], more: Partial<PointRun> = {}): PointRun => ({
  device: 'n',
  name: 'temp',
  unit: 'Cel',
  exponent: -2,
  quality: 0,
  timesUs: values.map((_, i) => T0 + i * 1000),
  values,
  ...more,
});
const points = (...runs: PointRun[]) => ({ runs, events: [] });

describe('a unified namespace', () => {
  it('has the latest value of each series, with all its digits, at most once a second', async () => {
    const { uns, sent, properties, advance } = started();
    uns.take(points(run([2000, 2012]), run([1], { name: 'a+b/c#', exponent: 0, quality: 7, unit: '' })));
    await advance(0);
    expect(sent).toEqual([
      [
        'uns/acme/press/temp',
        '{"value":20.12,"unit":"Cel","time":"2026-09-21T14:00:00.001Z","quality":0,"device":"n"}',
      ],
      ['uns/acme/press/a%2Bb/c%23', '{"value":1,"unit":"","time":"2026-09-21T14:00:00Z","quality":7,"device":"n"}'],
    ]);
    expect(properties[0]).toEqual({ contentType: 'application/json', utf8: true, expirySeconds: 60 });
    for (let i = 1; i <= 10; i++) {
      uns.take(points(run([2100 + i], { timesUs: [T0 + 10_000 * i] })));
      await advance(99);
    }
    expect(sent).toHaveLength(2);
    await advance(10);
    expect(sent.slice(2).map(([, payload]) => JSON.parse(payload).value)).toEqual([21.1]);
    // A value from before is none of now.
    uns.take(points(run([9999], { timesUs: [T0] })));
    await advance(5000);
    expect(sent).toHaveLength(3);
    expect(uns.stats).toEqual({ published: 3, dropped: 0 });
  });

  it('has nothing of a device that is at no asset, and takes away what has moved', async () => {
    const { uns, sent, place, advance } = started();
    uns.take(points(run([1], { device: 'other' }), run([1], { timesUs: [T0 - 1] })));
    uns.take(points(run([2])));
    await advance(0);
    place({ n: 'acme/hall 3' });
    uns.take(points(run([3], { timesUs: [T0 + 1] })));
    await advance(1000);
    place({});
    uns.take(points(run([4], { timesUs: [T0 + 2] })));
    await advance(1000);
    expect(sent.map(([topic, payload]) => [topic, payload.slice(0, 13)])).toEqual([
      ['uns/acme/press/temp', '{"value":0.02'],
      ['uns/acme/press/temp', ''],
      ['uns/acme/hall 3/temp', '{"value":0.03'],
      ['uns/acme/hall 3/temp', ''],
    ]);
  });

  it('keeps only the latest values, and each event up to a limit, while the broker is away', async () => {
    const { uns, sent, advance, answer } = started({ waits: true });
    uns.take(points(run([0])));
    await advance(0);
    const event = (i: number) => ({ device: 'n', name: 'alert', timeUs: T0 + i, id: `${i}`, body: { i } });
    for (let i = 1; i <= 10_005; i++) uns.take({ runs: [run([i], { timesUs: [T0 + i] })], events: [event(i)] });
    await advance(60_000);
    expect(sent).toHaveLength(1);
    await answer();
    await advance(1000);
    while (sent.length < 10_002) await answer();
    expect(uns.stats.dropped).toBe(5);
    expect(sent[1]).toEqual([
      'uns/acme/press/alert',
      '{"event":{"i":6},"time":"2026-09-21T14:00:00.000006Z","id":"6","device":"n"}',
    ]);
    expect(sent.filter(([topic]) => topic.endsWith('/temp')).map(([, payload]) => JSON.parse(payload).value)).toEqual([
      0, 100.05,
    ]);
  });
});
