import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { brokerKinds } from '../../messaging/broker/testing.ts';
import { online, telemetry } from '../../messaging/topics/examples.ts';
import { encodeState, encodeTelemetry } from '../../messaging/topics/index.ts';
import { parseConfig } from '../config/index.ts';
import { Site } from './index.ts';
import { quiet } from './testing.ts';

const PRESS = `
- name: press
  topics: [plant/+/data]
  decoder:
    kind: json
    version: 1
    options:
      device: { topic: 1 }
      time: { at: /ts, format: ms }
      fields: [{ at: /temp, name: temperature, unit: Cel, exponent: -2 }]`;
const T0 = Date.UTC(2026, 8, 21, 14);

let dir: string;
let site: Site | undefined;
const opened: mqtt.MqttClient[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-site-'));
});
afterEach(async () => {
  for (const client of opened.splice(0)) await client.endAsync(true);
  await site?.close();
  site = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** Starts a site on free ports. `more` is YAML. */
async function start(broker: string, more = `decoders:${PRESS}`, http = 'listen: 127.0.0.1:0'): Promise<Site> {
  const text = `data: data\nbroker: ${broker}\nhttp: { ${http} }\n${more}\n`;
  site = await Site.start(parseConfig(text, join(dir, 'site.yaml')), { log: quiet });
  return site;
}

/** A client that nobody here wrote. Resolves a publish when the broker has acknowledged it. */
async function client(url: string): Promise<mqtt.MqttClient> {
  const connected = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
  opened.push(connected);
  return connected;
}

const measured = (i: number, temp: number) => JSON.stringify({ ts: T0 + i * 1000, temp });

async function ask(query: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${site!.apiUrl}/api/query`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const applied = () => site!.store.still(async () => {});

describe.each(brokerKinds)('a site with the broker $name', ({ name, available, start: startBroker }) => {
  let broker: Awaited<ReturnType<typeof startBroker>> | undefined;
  let url: string;
  beforeAll(async () => {
    if (!available) return;
    broker = name === 'embedded' ? undefined : await startBroker();
    url = broker?.url ?? 'embedded:0';
  });
  afterAll(() => broker?.close());

  it.skipIf(!available)('answers questions about what devices have published', async () => {
    const { brokerUrl } = await start(url);
    const device = await client(brokerUrl);
    for (let i = 0; i < 10; i++) await device.publishAsync('plant/m7/data', measured(i, 20 + i / 100), { qos: 1 });
    // A session at QoS 1 has no gap, so the last message comes last.
    await expect.poll(() => site!.status().ingest.applied, { timeout: 60_000 }).toBe(10);
    const text =
      "from points where name = 'temperature' as Cel exponent -2 by device select count, min(value), max(value)";
    const { status, body } = await ask(text);
    expect([status, body.rows]).toEqual([200, [['m7', '10', '2000', '2009']]]);
  });

  it.skipIf(!available)(
    'knows the metrics of a node after a restart, and stores a frame once that comes twice',
    async () => {
      await start(url);
      const first = await client(site!.brokerUrl);
      const frame = (seq: number) => ({
        payload: Buffer.from(encodeTelemetry({ ...telemetry, seq, t0Ms: T0 + seq * 1000 })),
        properties: {
          userProperties: {
            specversion: '1.0',
            id: `3-t-${seq}`,
            source: '/mote/d/pump-7',
            type: 'moteware.telemetry.v1',
          },
        },
      });
      const publish = (to: mqtt.MqttClient, seq: number) => {
        const { payload, properties } = frame(seq);
        return to.publishAsync('mote/d/pump-7/t', payload, { qos: 1, properties });
      };
      await first.publishAsync('mote/d/pump-7/s', Buffer.from(encodeState(online)), { qos: 1 });
      await publish(first, 1);
      await expect.poll(() => site!.status().ingest.points, { timeout: 60_000 }).toBe(telemetry.values.length);
      await first.endAsync(true);
      opened.length = 0;
      await site!.close();
      await start(url);
      const second = await client(site!.brokerUrl);
      await publish(second, 1);
      await publish(second, 2);
      await expect.poll(() => site!.status().ingest.points, { timeout: 60_000 }).toBe(telemetry.values.length);
      expect(site!.status().ingest.repeated).toBe(1);
      const { body } = await ask('from points by device, name select count');
      expect(body.rows).toEqual([['pump-7', 'rms', String(2 * telemetry.values.length)]]);
    },
  );
});

it('keeps what no decoder has, and decodes it with its history when there is one', async () => {
  const running = await start('embedded:0', '');
  const device = await client(running.brokerUrl);
  for (let i = 0; i < 5; i++) await device.publishAsync('plant/m7/data', measured(i, 21), { qos: 1 });
  await applied();
  const { ingest } = running.status();
  expect([ingest.points, [...ingest.rejectedBy]]).toEqual([0, [['UNDECODED', 5]]]);
  const next = parseConfig(
    `data: data\nbroker: embedded:0\nhttp: { listen: 127.0.0.1:0 }\ndecoders:${PRESS}`,
    join(dir, 'site.yaml'),
  );
  expect(await running.reload(next)).toEqual([]);
  await device.publishAsync('plant/m7/data', measured(5, 21), { qos: 1 });
  await applied();
  const { body } = await ask('from points by device, name select count, first(time)');
  expect(body.rows).toEqual([['m7', 'temperature', '6', '1789999200000000']]);
  const other = parseConfig(
    'data: elsewhere\nbroker: embedded:0\nhttp: { listen: 127.0.0.1:0 }\nlog: debug',
    join(dir, 'site.yaml'),
  );
  expect(await running.reload(other)).toEqual(['data', 'log']);
});

it('decodes earlier messages at its start if a decoder has changed while it was away', async () => {
  const { brokerUrl } = await start('embedded:0');
  const device = await client(brokerUrl);
  for (let i = 0; i < 5; i++) await device.publishAsync('plant/m7/data', measured(i, 21.25), { qos: 1 });
  await device.endAsync(true);
  opened.length = 0;
  await site!.close();
  await start('embedded:0', `decoders:${PRESS.replace('exponent: -2', 'exponent: -1')}`);
  const series = () =>
    site!.store.telemetry.query(
      'SELECT exponent, count(*)::INTEGER AS n, min(value)::INTEGER AS low FROM points JOIN series ON series.id = points.series GROUP BY exponent',
    );
  await expect.poll(series, { timeout: 60_000 }).toEqual([{ exponent: -1, n: 5, low: 212 }]);
});

it('stores neither what is excluded, nor packages, nor what is not collected', async () => {
  const { brokerUrl } = await start('embedded:0', 'collect: ["plant/#", "mote/#"]\nexclude: ["plant/+/noise"]');
  const device = await client(brokerUrl);
  for (const topic of ['plant/m7/noise', 'mote/d/n1/desired', 'other', 'plant/m7/kept'])
    await device.publishAsync(topic, 'x', { qos: 1 });
  await applied();
  const topics = await site!.store.telemetry.query('SELECT topic FROM raw');
  expect(topics).toEqual([{ topic: 'plant/m7/kept' }]);
});

describe('the API', () => {
  it('shows health, readiness, state and metrics', async () => {
    const { apiUrl } = await start('embedded:0');
    const get = async (path: string) => {
      const response = await fetch(apiUrl + path);
      return { status: response.status, text: await response.text() };
    };
    expect(await get('/healthz')).toEqual({ status: 200, text: '{"status":"ok"}' });
    expect(await get('/readyz')).toEqual({ status: 200, text: '{"ready":true,"problems":[]}' });
    expect(JSON.parse((await get('/api/status')).text)).toMatchObject({
      ready: true,
      ingest: { applied: 0, rejectedBy: {} },
    });
    const { text } = await get('/metrics');
    for (const line of ['mote_site_messages_total 0', 'mote_site_ready 1', 'mote_site_nodes{state="online"} 0'])
      expect(text.split('\n')).toContain(line);
    expect((await get('/nothing')).status).toBe(404);
  });

  it('reports what is wrong with a question', async () => {
    await start('embedded:0');
    for (const [query, detail] of [
      ['from ponts select count', /"points" or "events"/],
      [{ from: 'points' }, /select/],
      [7, /"query"/],
    ] as const) {
      const { status, body } = await ask(query);
      expect([status, body.title, body.detail]).toEqual([400, 'QUERY', expect.stringMatching(detail)]);
    }
    const large = await ask(`from points where device = '${'x'.repeat(300_000)}' select count`);
    expect([large.status, large.body.title]).toEqual([413, 'BODY']);
  });

  it('is closed to a page under another name, and with a token to whoever lacks it', async () => {
    const open = await start('embedded:0');
    const { port } = new URL(open.apiUrl);
    const rebound = await new Promise((resolve, reject) => {
      request({ port, path: '/api/status', headers: { host: `evil.example:${port}` } }, ({ statusCode }) =>
        resolve(statusCode),
      )
        .on('error', reject)
        .end();
    });
    expect(rebound).toBe(403);
    const question = 'from points by device select count';
    expect((await ask(question, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await ask(question, { origin: open.apiUrl })).status).toBe(200);
    await open.close();
    const token = 'a-long-enough-token';
    await start('embedded:0', '', `listen: "127.0.0.1:0", token: ${token}`);
    expect((await ask(question)).status).toBe(401);
    expect((await ask(question, { authorization: `Bearer ${token}x` })).status).toBe(401);
    expect((await ask(question, { authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await fetch(`${site!.apiUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${site!.apiUrl}/metrics`)).status).toBe(401);
  });
});
