/** Assets and context by the API of a site that runs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseConfig } from '../config/index.ts';
import { Site } from './index.ts';

const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
let dir: string;
let site: Site;

const start = () =>
  Site.start(parseConfig('broker: embedded:0\nhttp: { listen: 127.0.0.1:0 }', join(dir, 'site.yaml')), { log: quiet });
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
