/** Unknown devices: from their first message over an offer to points with their history. */
import fc from 'fast-check';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cases } from '../../base/test-form.ts';
import type { RawMessage } from '../model/index.ts';
import { changedFronts } from './decoding.ts';
import { TestSite } from './testing.ts';
import { UnknownMessages } from './unknown.ts';

const T0 = Date.UTC(2026, 8, 21, 14);
let test: TestSite;
beforeEach(() => {
  test = new TestSite();
});
afterEach(() => test.delete());

type Sent = readonly [topic: string, payload: string];

/** Sends by a client that nobody here wrote, and waits until all is stored. */
async function send(messages: readonly Sent[]): Promise<void> {
  const client = await mqtt.connectAsync(test.site.brokerUrl, { protocolVersion: 5, reconnectPeriod: 0 });
  for (const [topic, payload] of messages) await client.publishAsync(topic, payload, { qos: 1 });
  await client.endAsync();
  await test.applied();
}

const press = (i: number): Sent => [
  `plant/p${i % 3}/data`,
  JSON.stringify({ ts: T0 + i * 1000, 'temp [°C]': 20 + i / 100, running: i % 2 === 0, mode: 'auto' }),
];
const weather = (i: number): Sent => [`roof/w1/now`, JSON.stringify({ humidity: 40 + i / 2, wind_ms: i / 10 })];
const lines = (i: number): Sent => ['telegraf/cpu/x', `cpu,host=b${i % 2} usage=${i}.5 ${(T0 + i) * 1e6}`];

const range = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

it('offers a decoder for each type of device, with its topics, series and an example', async () => {
  await test.start();
  await send([...range(9, press), ...range(5, weather), ...range(4, lines), ['camera/1', 'hello there']]);
  const { json } = await test.request('/api/offers');
  const found = json.offers.map(({ topics, decoder, name, confidence }: Record<string, unknown>) => [
    topics,
    (decoder as { kind: string }).kind,
    name,
    confidence,
  ]);
  expect(found).toEqual([
    [['plant/+/data'], 'json', 'plant-data', 1],
    [['roof/w1/now'], 'json', 'roof-w1-now', 1],
    [['telegraf/cpu/x'], 'line-protocol', 'telegraf-cpu-x', 1],
  ]);
  expect(json.offers[0]).toMatchObject({
    devices: ['p0', 'p1', 'p2'],
    received: { messages: 9, topics: 3 },
    series: [
      { name: 'running', unit: '', min: '0', max: '1' },
      { name: 'temp', unit: 'Cel', exponent: -2, min: '2000', max: '2008', points: 9, devices: 3 },
    ],
    ignored: [{ at: '/mode', reason: 'text', examples: ['auto'] }],
    example: { topic: 'plant/p2/data', source: 'mqtt', text: press(8)[1] },
  });
  expect(json.unread).toEqual([{ topic: 'camera/1', messages: 1 }]);
});

it('decodes by an accepted offer at once, with its history, and after a restart', async () => {
  await test.start();
  await send(range(6, press));
  const { json } = await test.request('/api/offers');
  const accepted = await test.post('/api/offers/accept', { id: json.offers[0].id, name: 'press', wait: true });
  expect([accepted.status, accepted.json]).toEqual([
    200,
    { name: 'press', topics: ['plant/+/data'], decoder: json.offers[0].decoder, decodedAgain: 6 },
  ]);
  await send([press(6)]);
  expect(await test.points()).toHaveLength(14);
  expect((await test.request('/api/offers')).json.offers).toEqual([]);
  await test.start();
  await send([press(7)]);
  const points = await test.points();
  expect(points).toHaveLength(16);
  expect(points).toContain(`p1 | temp | Cel | -2 | ${(T0 + 7000) * 1000} | 2007 | 0`);
  expect((await test.request('/api/decoders')).json.decoders).toMatchObject([{ name: 'press', accepted: true }]);
});

it('offers what came before the process began', async () => {
  await test.start();
  await send(range(4, press));
  await test.start();
  await send([press(4)]);
  const { json } = await test.request('/api/offers');
  expect(json.offers).toMatchObject([{ topics: ['plant/+/data'], received: { messages: 5, topics: 3 } }]);
});

it('takes an offer as it was shown, also if more fields have come since', async () => {
  await test.start();
  await send(range(3, press));
  const [{ id, decoder }] = (await test.request('/api/offers')).json.offers;
  await send([['plant/p0/data', JSON.stringify({ ts: T0, 'temp [°C]': 1.12345, extra: 7 })]]);
  const [now] = (await test.request('/api/offers')).json.offers;
  expect(now.id).not.toBe(id);
  expect((await test.post('/api/offers/accept', { id, wait: true })).json.decoder).toEqual(decoder);
});

it('lets site.yaml decide where both have a decoder, and removes an accepted one with its points', async () => {
  const decoder = (exponent: number) => ({
    kind: 'json',
    version: 1,
    options: { device: { topic: 1 }, fields: [{ at: '/temp [°C]', name: 'temp', exponent }] },
  });
  const yaml = `decoders:\n- { name: press, topics: [plant/+/data], decoder: ${JSON.stringify(decoder(-1))} }`;
  await test.start();
  await send(range(3, press));
  const accept = (name: string, exponent: number) =>
    test.post('/api/offers/accept', { name, topics: ['plant/#'], decoder: decoder(exponent), wait: true });
  expect((await accept('press', -3)).status).toBe(200);
  expect((await accept('press', -3)).json).toMatchObject({ status: 400, title: 'OFFER' });
  await test.site.reload(test.config(yaml));
  const exponents = async () => new Set((await test.points()).map((point) => point.split(' | ')[3]));
  expect(await exponents()).toEqual(new Set(['-1']));
  await test.site.reload(test.config());
  expect(await exponents()).toEqual(new Set(['-3']));
  expect((await test.request('/api/decoders/press', { method: 'DELETE' })).json).toEqual({ removed: 'press' });
  expect(await test.points()).toEqual([]);
  expect((await test.request('/api/decoders/press', { method: 'DELETE' })).status).toBe(400);
  await send([press(3)]);
  expect((await test.request('/api/offers')).json.offers).toHaveLength(1);
});

it('offers nothing for what was dismissed, until that is restored', async () => {
  await test.start();
  await send([...range(3, press), ...range(3, weather)]);
  const topics = async () =>
    (await test.request('/api/offers')).json.offers.map((offer: { topics: string[] }) => offer.topics[0]);
  const [{ id }] = (await test.request('/api/offers')).json.offers;
  expect((await test.post('/api/offers/dismiss', { id: id.slice(0, 6) })).json).toEqual({
    dismissed: ['plant/+/data'],
  });
  await test.start();
  expect(await topics()).toEqual(['roof/w1/now']);
  await test.post('/api/offers/restore', {});
  expect(await topics()).toEqual(['plant/+/data', 'roof/w1/now']);
});

it('refuses to accept what is no offer and no decoder', async () => {
  await test.start();
  for (const [body, detail] of [
    ['[]', /no JSON object/],
    ['{"id": "ffffffffffff"}', /No offer has an id/],
    ['{"id": 7}', /type string as "id"/],
    ['{"idd": "x"}', /"idd"/],
    ['{"name": "a"}', /a name, topics and a decoder/],
    ['{"name": "a b", "topics": ["x"], "decoder": {}}', /name of a decoder/],
    ['{"name": "a", "topics": ["x/#/y"], "decoder": {}}', /topic filters/],
    ['{"name": "a", "topics": ["x"], "decoder": {"kind": "xml"}}', /description of a decoder/],
  ] as const) {
    const { status, json } = await test.request('/api/offers/accept', { method: 'POST', body });
    expect([status, json.detail]).toEqual([400, expect.stringMatching(detail)]);
  }
  expect(test.site.decoders.list()).toEqual([]);
});

describe('a type accepted after its data came', () => {
  const values = fc.array(fc.record({ device: fc.nat(2), value: fc.integer({ min: -1e6, max: 1e6 }) }), {
    minLength: 3,
    maxLength: 15,
  });
  it('gives the points of one that was known before', async () => {
    await fc.assert(
      fc.asyncProperty(values, fc.nat(3), fc.nat(100), async (list, decimals, cut) => {
        const messages = list.map(({ device, value }, i): Sent => {
          const temp = Number(`${value}e-${decimals}`);
          return [`plant/p${i < 3 ? i : device}/data`, JSON.stringify({ ts: T0 + i * 1000, temp, on: value > 0 })];
        });
        // As many come before the acceptance as make the whole of the types known.
        const before = 3 + (cut % (messages.length - 2));
        await test.start();
        await send(messages.slice(0, before));
        const [{ id, decoder, topics }] = (await test.request('/api/offers')).json.offers;
        expect((await test.post('/api/offers/accept', { id, wait: cut % 2 === 0 })).status).toBe(200);
        await send(messages.slice(before));
        await test.site.decoders.ended;
        const late = await test.points();
        await test.delete();
        test = new TestSite();
        await test.start(`decoders:\n- ${JSON.stringify({ name: 'known', topics, decoder })}`);
        await send(messages);
        expect(late).toEqual(await test.points());
        expect(late.length).toBe(2 * messages.length);
        await test.delete();
        test = new TestSite();
      }),
      { numRuns: cases(20) },
    );
  });
});

describe('the sample of unknown messages', () => {
  const message = (id: number, topic: string, bytes: number): RawMessage => ({
    id,
    receivedUs: id,
    source: 'mqtt',
    topic,
    properties: {},
    payload: new Uint8Array(bytes),
  });

  it('is bounded in topics, messages and bytes, and keeps who goes on sending', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(30), fc.nat(300)), { maxLength: 200 }), (sent) => {
        const unknown = new UnknownMessages({ topics: 10, messages: 3, bytes: 1000 });
        for (const [i, [topic, bytes]] of sent.entries()) {
          unknown.add(message(i, `t${topic}`, bytes));
          const { topics } = unknown;
          expect(topics.length).toBeLessThanOrEqual(10);
          const sizes = topics.flatMap(({ sample }) => sample.map(({ payload }) => payload.length));
          expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(unknown.bytes);
          expect(unknown.bytes).toBeLessThanOrEqual(1000);
          expect(Math.max(0, ...topics.map(({ sample }) => sample.length))).toBeLessThanOrEqual(3);
          expect(topics.at(-1)).toMatchObject({ topic: `t${topic}`, lastUs: i });
        }
      }),
    );
  });
});

describe('the topics that are decoded again', () => {
  const plan = (...names: [name: string, ...topics: string[]][]) =>
    Object.fromEntries(names.map(([name, ...topics], rank) => [name, { digest: name, topics, rank }]));
  it.each([
    ['of a decoder that is added before others', plan(['a', 'a/#']), plan(['b', 'b/+/x'], ['a', 'a/#']), ['b/']],
    ['of a decoder that is removed', plan(['a', 'a/#'], ['b', 'b']), plan(['a', 'a/#']), ['b']],
    ['of two that change places', plan(['a', 'x/+'], ['b', 'x/y']), plan(['b', 'x/y'], ['a', 'x/+']), ['x/']],
    ['none if nothing changes', plan(['a', '#'], ['b', 'x/y']), plan(['a', '#'], ['b', 'x/y']), []],
    ['of a filter that has its parent, too', plan(), plan(['a', 'plant/#']), ['plant']],
  ])('are those %s', (_, before, after, fronts) => {
    expect(changedFronts(before, after)).toEqual(fronts);
  });
});
