/** Assets and context by the API of a site that runs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokerKinds } from '../../messaging/broker/testing.ts';
import { parseConfig } from '../config/index.ts';
import { Site } from './index.ts';
import { quiet } from './testing.ts';

let dir: string;
let site: Site;

const start = (broker = 'embedded:0', more = '') => {
  const text = `broker: ${broker}\nhttp: { listen: 127.0.0.1:0 }\n${more}`;
  return Site.start(parseConfig(text, join(dir, 'site.yaml')), { log: quiet });
};
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-site-assets-'));
  site = await start();
});
afterEach(async () => {
  await site.close();
  rmSync(dir, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: string | object): Promise<{ status: number; text: string }> {
  const text = typeof body === 'object' ? JSON.stringify(body) : body;
  const response = await fetch(site.apiUrl + path, { method, ...(text !== undefined && { body: text }) });
  return { status: response.status, text: await response.text() };
}
const changed = (count: number) => ({ status: 200, text: JSON.stringify({ changed: count }) });

it('takes files, gives what it takes, and keeps it over a restart', async () => {
  const assets = 'path;level\r\nacme;enterprise\r\nacme/press;machine\r\n';
  expect(await call('POST', '/api/assets', assets)).toEqual(changed(2));
  expect(await call('POST', '/api/assets', assets)).toEqual(changed(0));
  const placements = 'device,asset,from\nn1,acme/press,2026-01-01 00:00\n';
  expect(await call('POST', '/api/assets?zone=%2B01:00', placements)).toEqual(changed(1));
  expect(await call('POST', '/api/assets', { tags: [{ asset: 'acme/press', key: 'unit', value: 'Cel' }] })).toEqual(
    changed(1),
  );
  const shift = { context: [{ asset: 'acme', kind: 'shift', value: 'early', from: '2026-01-01T05:00:00Z' }] };
  expect(await call('PUT', '/api/context', shift)).toEqual(changed(1));
  const { text } = await call('GET', '/api/assets');
  expect(JSON.parse(text)).toEqual({
    assets: [
      { path: 'acme', level: 'enterprise' },
      { path: 'acme/press', level: 'machine' },
    ],
    placements: [{ device: 'n1', asset: 'acme/press', from: '2025-12-31T23:00:00Z' }],
    tags: [{ asset: 'acme/press', key: 'unit', value: 'Cel' }],
  });
  await site.close();
  site = await start();
  expect((await call('GET', '/api/assets')).text).toBe(text);
  expect(await call('PUT', '/api/assets', text)).toEqual(changed(0));
  expect(await call('GET', '/api/context?format=csv')).toEqual({
    status: 200,
    text: 'asset,kind,value,from,to\r\nacme,shift,early,2026-01-01T05:00:00Z,\r\n',
  });
  expect(
    await call('POST', '/api/assets/move', { path: 'acme/press', to: 'acme/press 2', at: '2026-02-01T00:00Z' }),
  ).toEqual(changed(7));
  expect((await call('GET', '/api/assets?table=placements&format=csv')).text).toBe(
    'device,asset,from,to\r\nn1,acme/press,2025-12-31T23:00:00Z,2026-02-01T00:00:00Z\r\nn1,acme/press 2,2026-02-01T00:00:00Z,\r\n',
  );
  expect((await call('POST', '/api/assets/rename', { path: 'acme', to: 'ACME' })).status).toBe(200);
  expect(site.assets.assetOf('n1', Date.UTC(2026, 0, 5) * 1000)).toBe('ACME/press');
});

it('refuses what is wrong as a whole, with its places', async () => {
  await call('POST', '/api/assets', 'path,level\nacme,enterprise\n');
  const before = await call('GET', '/api/assets');
  for (const [method, path, body, detail] of [
    ['POST', '/api/assets', 'path,level\nacme/a,site\nb/c,site\n', 'line 3: there is no asset b above b/c; add a row'],
    [
      'POST',
      '/api/assets',
      'asset,key,value\nacme,unit,kelvins\n',
      'line 2: the unit \\"kelvins\\" is no code of UCUM',
    ],
    ['POST', '/api/assets', 'asset,key,value\nacme,unit,°C\n', 'no code of UCUM; \\"Cel\\" is one'],
    ['POST', '/api/assets', 'asset,key,value\nacme,medium,Hot Water\n', 'between words, such as \\"hot_water\\"'],
    ['PUT', '/api/context', '{"assets": []}', 'the tables are context'],
    ['GET', '/api/assets?format=csv', undefined, 'CSV has one table'],
    ['GET', '/api/assets?table=context', undefined, 'The tables here are assets'],
    ['POST', '/api/assets/move', { path: 'acme', to: 'x', at: 'now' }, '\\"at\\" is a time'],
    ['POST', '/api/assets/move', { path: 'acme' }, 'an object with the texts path, to, at'],
    ['POST', '/api/assets/rename', { path: 'acme', to: 'acme/x' }, "an asset can't stand below itself"],
    ['POST', '/api/assets/rename', { path: 'none', to: 'x' }, 'There is no asset none'],
  ] as const) {
    const { status, text } = await call(method, path, body);
    expect([status, text]).toEqual([400, expect.stringContaining(detail)]);
    expect(text).toContain('"title":"ASSETS"');
  }
  expect((await call('POST', '/api/assets', ' '.repeat(17 * 1024 * 1024))).status).toBe(413);
  expect(await call('GET', '/api/assets')).toEqual(before);
});

const UNS = `
uns: { prefix: plant/uns, expirySeconds: 600 }
decoders:
- name: press
  topics: [data/+]
  decoder:
    kind: json
    version: 1
    options:
      device: { topic: 1 }
      time: { at: /ts, format: ms }
      fields: [{ at: /temp, name: temperature, unit: Cel, exponent: -2 }, { at: /alarm, name: alarm, type: event }]
`;

describe.each(brokerKinds)('a unified namespace on the broker $name', ({ name, available, start: startBroker }) => {
  it.skipIf(!available)('has retained values and events by asset, which the site does not collect', async () => {
    await site.close();
    const broker = name === 'embedded' ? undefined : await startBroker();
    site = await start(broker?.url, UNS);
    await call('POST', '/api/assets', 'path,level\nacme,enterprise\nacme/press 4,machine\n');
    await call('POST', '/api/assets', 'device,asset\nm7,acme/press 4\n');
    const client = await mqtt.connectAsync(site.brokerUrl, { protocolVersion: 5, reconnectPeriod: 0 });
    const got = new Map<string, { text: string; retain: boolean; expiry: number | undefined }>();
    client.on('message', (topic, payload, { retain, properties }) => {
      got.set(topic, { text: payload.toString(), retain, expiry: properties?.messageExpiryInterval });
    });
    await client.publishAsync('data/m7', JSON.stringify({ ts: 1_790_000_000_000, temp: 21.5, alarm: 'hot' }), {
      qos: 1,
    });
    await expect.poll(() => site.status().uns, { timeout: 60_000 }).toEqual({ published: 2, dropped: 0 });
    await client.subscribeAsync('plant/uns/#', { qos: 1 });
    await expect.poll(() => got.size, { timeout: 60_000 }).toBe(2);
    expect(got.get('plant/uns/acme/press 4/temperature')).toMatchObject({
      text: '{"value":21.50,"unit":"Cel","time":"2026-09-21T14:13:20Z","quality":0,"device":"m7"}',
      retain: true,
    });
    expect(JSON.parse(got.get('plant/uns/acme/press 4/alarm')!.text)).toMatchObject({ event: 'hot', device: 'm7' });
    // Some of it is over.
    for (const { expiry } of got.values()) expect(expiry! > 500 && expiry! <= 600).toBe(true);
    await site.store.still(async () => {});
    expect(await site.store.telemetry.query('SELECT topic FROM raw')).toEqual([{ topic: 'data/m7' }]);
    await client.endAsync(true);
    await site.close();
    await broker?.close();
    site = await start();
  });
});
