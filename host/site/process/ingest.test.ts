/** Messages by HTTP: our own route and that of InfluxDB, by its official client. */
import { gzipSync } from 'node:zlib';
import { HttpError, InfluxDB, Point, setLogger } from '@influxdata/influxdb-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { HttpKeys, Sender } from './http-keys.ts';
import { TestSite } from './testing.ts';

const KEYS = `listen: "127.0.0.1:0", keys: [
  { name: hall, key: hall-0123456789abcdef, topics: ["hall/#", "influx/hall"] },
  { name: slow, key: slow-0123456789abcdef, topics: ["#"], rate: { messages: 5, bytes: 100000 } } ]`;
const hall = { authorization: 'Bearer hall-0123456789abcdef' };

setLogger({ error: () => {}, warn: () => {} });
let test: TestSite;
beforeEach(() => {
  test = new TestSite();
});
afterEach(() => test.delete());

const send = (topic: string, body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) =>
  test.request(`/api/ingest/${topic}`, { method: 'POST', body, headers });

const raw = async () => {
  await test.applied();
  const rows = await test.site.store.telemetry.query('SELECT source, topic, properties, payload FROM raw ORDER BY id');
  return rows.map(({ source, topic, properties, payload }) => [
    source,
    topic,
    JSON.parse(String(properties)),
    Buffer.from(payload as Uint8Array).toString('utf8'),
  ]);
};

describe('POST /api/ingest/TOPIC', () => {
  it('stores a body as it came, uncompressed, and lines of NDJSON each as a message', async () => {
    await test.start();
    expect((await send('hall/m7%20a', '{"t": 1}', { 'content-type': 'application/json' })).status).toBe(204);
    expect((await send('hall/z', gzipSync('a,b\n1,2\n'), { 'content-encoding': 'gzip' })).status).toBe(204);
    const lines = '{"t":1}\n\n{"t":2}\r\n';
    expect((await send('hall/n', lines, { 'content-type': 'application/x-ndjson' })).status).toBe(204);
    expect(await raw()).toEqual([
      ['http', 'hall/m7 a', { contentType: 'application/json' }, '{"t": 1}'],
      ['http', 'hall/z', {}, 'a,b\n1,2\n'],
      ['http', 'hall/n', { contentType: 'application/x-ndjson' }, '{"t":1}'],
      ['http', 'hall/n', { contentType: 'application/x-ndjson' }, '{"t":2}\r'],
    ]);
  });

  it('stores a CloudEvent once that is sent again', async () => {
    await test.start();
    const event = { 'ce-specversion': '1.0', 'ce-id': '7', 'ce-source': '/plc', 'ce-type': 'measured' };
    for (let i = 0; i < 3; i++) expect((await send('hall/e', 'x', event)).status).toBe(204);
    const ndjson = { ...event, 'ce-id': '8', 'content-type': 'application/x-ndjson' };
    for (let i = 0; i < 2; i++) expect((await send('hall/e', '1\n2\n', ndjson)).status).toBe(204);
    expect((await raw()).map(([, , , payload]) => payload)).toEqual(['x', '1', '2']);
  });

  it('refuses with a counted reason what has no key, no right, no topic, and what is too large', async () => {
    await test.start('', KEYS);
    const bomb = gzipSync(Buffer.alloc(5 * 1024 * 1024));
    const rows = [
      ['hall/x', '1', {}, 401],
      ['hall/x', '1', { authorization: 'Bearer hall-0123456789abcdex' }, 401],
      ['roof/x', '1', hall, 403],
      ['hall/%2b', '1', hall, 400],
      ['hall/%ff', '1', hall, 400],
      ['hall/%00', '1', hall, 400],
      ['', '1', hall, 400],
      ['hall/x', Buffer.alloc(4 * 1024 * 1024 + 1), hall, 413],
      ['hall/x', bomb, { ...hall, 'content-encoding': 'gzip' }, 413],
      ['hall/x', 'no gzip', { ...hall, 'content-encoding': 'gzip' }, 400],
      ['hall/x', '1', { ...hall, 'content-encoding': 'br' }, 415],
      ['hall/x', '\n', { ...hall, 'content-type': 'application/x-ndjson' }, 400],
      ['hall/x', '1\n'.repeat(10_001), { ...hall, 'content-type': 'application/x-ndjson' }, 413],
    ] as const;
    for (const [topic, body, headers, status] of rows) {
      const answer = await send(topic, body, headers);
      expect([topic, answer.status, answer.json.status]).toEqual([topic, status, status]);
    }
    expect(await raw()).toEqual([]);
    const { text } = await test.request('/metrics');
    for (const line of [
      'mote_site_http_refused_total{key="",reason="key"} 2',
      'mote_site_http_refused_total{key="hall",reason="topic"} 5',
      'mote_site_http_refused_total{key="hall",reason="too_large"} 3',
      'mote_site_http_refused_total{key="hall",reason="body"} 3',
      'mote_site_http_messages_total{key="hall"} 0',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('answers a flood of one key with 429, and takes what others send meanwhile', async () => {
    await test.start('', KEYS);
    const slow = { authorization: 'Bearer slow-0123456789abcdef' };
    const flood = Promise.all(Array.from({ length: 200 }, () => send('hall/flood', 'x', slow)));
    const others = await Promise.all(Array.from({ length: 10 }, (_, i) => send(`hall/n${i}`, 'x', hall)));
    expect(others.map(({ status }) => status)).toEqual(Array(10).fill(204));
    const answers = await flood;
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 204).length + refused.length).toBe(200);
    expect(refused.length).toBeGreaterThan(100);
    for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const stored = (await raw()).filter(([, topic]) => topic === 'hall/flood');
    expect(stored.length).toBe(200 - refused.length);
  });

  it('needs the token of the site where it has one, or a key, also behind another name', async () => {
    const token = 'a-long-enough-token';
    await test.start('', `${KEYS}, token: ${token}`);
    expect((await send('hall/x', '1')).status).toBe(401);
    expect((await send('roof/x', '1', { authorization: `Bearer ${token}` })).status).toBe(204);
    expect((await send('hall/x', '1', hall)).status).toBe(204);
    expect((await test.request('/api/status', { headers: hall })).status).toBe(401);
  });
});

describe("InfluxDB's write API", () => {
  const client = (token: string, bucket: string, precision: 's' | 'ms' | 'us' | 'ns') =>
    new InfluxDB({ url: test.site.apiUrl, token }).getWriteApi('plant', bucket, precision, {
      maxRetries: 0,
      gzipThreshold: 200,
      writeFailed: () => {},
    });

  it.each(['s', 'ms', 'us', 'ns'] as const)(
    'takes what its official client sends, with the precision %s',
    async (unit) => {
      const decoder = { kind: 'line-protocol', version: 1, options: { device: { at: 'host' }, exponent: -1 } };
      const yaml = `decoders:\n- ${JSON.stringify({ name: 'influx', topics: ['influx/hall'], decoder })}`;
      await test.start(yaml, KEYS);
      const write = client('hall-0123456789abcdef', 'hall', unit);
      const time = (i: number) =>
        BigInt(1_790_000_000 + i) * { s: 1n, ms: 1000n, us: 1_000_000n, ns: 1_000_000_000n }[unit];
      for (let i = 0; i < 20; i++)
        write.writePoint(
          new Point('room')
            .tag('host', 'b1')
            .floatField('temp', 20 + i / 10)
            .timestamp(String(time(i))),
        );
      await write.close();
      await test.applied();
      const points = await test.points();
      expect([points.length, points[0]]).toEqual([20, 'b1 | room/temp |  | -1 | 1790000000000000 | 200 | 0']);
    },
  );

  it('answers errors as its client understands them', async () => {
    await test.start('', KEYS);
    for (const [token, bucket, line, status, code] of [
      ['hall-0123456789abcdef', 'roof', 'a b=1', 403, 'forbidden'],
      ['hall-0123456789abcdex', 'hall', 'a b=1', 401, 'unauthorized'],
      ['hall-0123456789abcdef', 'hall', 'no line protocol', 400, 'invalid'],
    ] as const) {
      const write = client(token, bucket, 'ns');
      write.writeRecord(line);
      const error = await write.flush().catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(HttpError);
      expect(error).toMatchObject({ statusCode: status, code });
      await write.close().catch(() => {});
    }
  });

  it('takes the form of version 1, with the key as password', async () => {
    await test.start('', KEYS);
    const post = (query: string, headers = {}) =>
      test.request(`/write?${query}`, { method: 'POST', body: 'a b=1 1790000000', headers });
    const basic = `Basic ${Buffer.from('telegraf:hall-0123456789abcdef').toString('base64')}`;
    expect((await post('db=hall&precision=s&u=x&p=hall-0123456789abcdef')).status).toBe(204);
    expect((await post('db=hall&precision=n', { authorization: basic })).status).toBe(204);
    expect((await post('precision=s', hall)).json).toMatchObject({ code: 'invalid', error: /db is missing/ });
    expect((await post('db=hall&precision=h', hall)).status).toBe(400);
    expect((await raw()).map(([source, topic, properties]) => [source, topic, properties.userProperties])).toEqual([
      ['http', 'influx/hall', { precision: 's' }],
      ['http', 'influx/hall', { precision: 'ns' }],
    ]);
  });
});

describe('the rate of a key', () => {
  it('is that of its setting over any longer time, and names when there is room again', () => {
    const clock = new VirtualClock();
    const sender = new Sender({ name: 'a', topics: ['#'], rate: { messages: 2, bytes: 1000 } }, clock);
    let taken = 0;
    for (let i = 0; i < 100; i++) {
      const place = sender.enter();
      if (typeof place === 'function') {
        sender.spend(1, 1);
        place();
        taken++;
      } else clock.advance(place.retrySeconds * 1000);
    }
    const seconds = clock.nowUs() / 1e6;
    expect(taken).toBeLessThanOrEqual(4 + 2 * seconds + 1);
    expect(taken).toBeGreaterThanOrEqual(2 * seconds);
    sender.spend(1, 5000);
    expect(sender.enter()).toEqual({ reason: 'rate', retrySeconds: 4 });
    clock.advance(4000);
    expect(sender.enter()).toBeTypeOf('function');
  });

  it('bounds what one key does at once', () => {
    const sender = new Sender({ name: 'a', topics: ['#'], rate: { messages: 1e6, bytes: 1e9 } }, new VirtualClock());
    const places = Array.from({ length: 17 }, () => sender.enter());
    expect(places.at(-1)).toEqual({ reason: 'busy', retrySeconds: 1 });
    (places[0] as () => void)();
    expect(sender.enter()).toBeTypeOf('function');
  });

  it('is nobody who names another key, and the site itself only where nobody needs one', () => {
    const clock = new VirtualClock();
    const key = { name: 'a', key: 'k'.repeat(16), topics: ['#'], rate: { messages: 1, bytes: 1 } };
    expect(new HttpKeys({ keys: [], token: null }, clock).senderOf(null)?.name).toBe('site');
    const keys = new HttpKeys({ keys: [key], token: null }, clock);
    expect([keys.senderOf(null), keys.senderOf('x'), keys.senderOf('k'.repeat(16))?.name]).toEqual([null, null, 'a']);
  });
});
