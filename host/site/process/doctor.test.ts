import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { VirtualClock } from '../../base/index.ts';
import { lacking, titled } from '../../base/needs.ts';
import { freePort } from '../../messaging/mqtt/testing.ts';
import { parseConfig } from '../config/index.ts';
import { PostgresServer } from '../store/testing.ts';
import { checkSite } from './index.ts';
import { TestSite } from './testing.ts';

let test: TestSite;
beforeEach(() => {
  test = new TestSite();
});
afterEach(() => test.delete());

const parse = (yaml: string) => parseConfig(yaml, join(test.dir, 'site.yaml'));
const badOf = (checks: Awaited<ReturnType<typeof checkSite>>) =>
  checks
    .filter(({ ok, name }) => !ok && name !== 'disk')
    .map(({ name, needed, found, fix }) => ({ name, needed, found, fix }));

it('finds nothing wrong with a site that could start, and with one that runs', async () => {
  const port = await freePort();
  const config = parse(`http: { listen: "127.0.0.1:${port}" }\nbroker: embedded:0`);
  const checks = await checkSite(config);
  expect(badOf(checks)).toEqual([]);
  expect(checks[0]).toMatchObject({ name: 'site', found: "doesn't run" });
  await test.start('', `listen: "127.0.0.1:${port}"`);
  const running = await checkSite(test.config('', `listen: "127.0.0.1:${port}"`));
  expect(badOf(running)).toEqual([]);
  expect(running.find(({ name }) => name === 'http')?.found).toMatch(/in use while the site runs/);
});

it('checks the packages that the configuration needs', async () => {
  const names = async (yaml: string) => (await checkSite(parse(yaml))).map(({ name }) => name);
  const plain = 'http: { listen: "127.0.0.1:0" }\nbroker: embedded:0\n';
  writeFileSync(join(test.dir, 'press.yaml'), 'variables:\n  - { node: "i=2258", device: press, name: time }\n');
  const opcua = 'opcua: { clients: [{ name: press, url: "opc.tcp://127.0.0.1:1", mapping: press.yaml }] }\n';
  writeFileSync(join(test.dir, 'meter.yaml'), 'registers: [{ address: 1, device: meter, name: power }]\n');
  const modbus = 'modbus: { connections: [{ name: meter, address: "127.0.0.1:1", mapping: meter.yaml }] }\n';
  expect(await names(plain + modbus)).toEqual(expect.arrayContaining(['modbus-serial', 'modbus meter']));
  const camera = 'cameras: [{ name: a, source: a.mp4, model: m.tflite, output: 0, label: x, threshold: 1 }]\n';
  expect(await names(plain + camera)).toContain('ffmpeg');
  expect(await names(plain)).not.toContain('node-opcua-client');
  const server = 'opcua: { server: { anonymous: true } }\n';
  expect(await names(plain + server)).toEqual(expect.arrayContaining(['node-opcua-server', 'opcua.server']));
  expect(await names(plain + opcua)).toEqual(expect.arrayContaining(['node-opcua-client', '@duckdb/node-api']));
});

it('names what is wrong, and what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const config = parse(`data: kept\nhttp: { listen: "127.0.0.1:${port}" }\nbroker: mqtt://127.0.0.1:1
store: { postgres: "postgresql://u:secret@127.0.0.1:1/d" }`);
  mkdirSync(join(test.dir, 'kept'));
  writeFileSync(join(test.dir, 'kept', 'a'), '');
  const nowMs = Date.UTC(2026, 5, 1);
  utimesSync(join(test.dir, 'kept', 'a'), nowMs / 1000, nowMs / 1000 + 3600);
  const bad = badOf(await checkSite(config, { clock: new VirtualClock(nowMs) }));
  server.close();
  expect(bad).toEqual([
    {
      name: 'clock',
      needed: false,
      found: '2026-06-01T00:00:00.000Z; files of the site are 3600 s ahead',
      fix: expect.stringMatching(/chrony/),
    },
    {
      name: 'http',
      needed: true,
      found: expect.stringMatching(/something else listens/),
      fix: expect.stringMatching(/"http"/),
    },
    {
      name: 'broker',
      needed: true,
      found: expect.stringMatching(/^mqtt:\/\/127\.0\.0\.1:1/),
      fix: expect.stringMatching(/start the broker/),
    },
    {
      name: 'postgresql',
      needed: true,
      found: expect.stringMatching(/can't be reached/),
      fix: expect.stringMatching(/"store"/),
    },
  ]);
  expect(JSON.stringify(bad)).not.toContain('secret');
  const early = await checkSite(parse('http: { listen: "127.0.0.1:0" }\nbroker: embedded:0'), {
    clock: new VirtualClock(0),
  });
  expect(badOf(early)).toMatchObject([{ name: 'clock', needed: true }]);
});

it('names what is no folder', async () => {
  writeFileSync(join(test.dir, 'file'), '');
  const bad = badOf(await checkSite(parse('data: file/data\nhttp: { listen: "127.0.0.1:0" }\nbroker: embedded:0')));
  expect(bad).toMatchObject([{ name: 'data', needed: true, found: expect.stringMatching(/file is no folder/) }]);
});

const noPostgres = lacking('psql');
it.skipIf(noPostgres !== null)(titled('shows the version of PostgreSQL', noPostgres), async () => {
  const server = await PostgresServer.start();
  try {
    const config = parse(`http: { listen: "127.0.0.1:0" }\nbroker: embedded:0\nstore: { postgres: "${server.url}" }`);
    const found = (await checkSite(config)).find(({ name }) => name === 'postgresql');
    expect(found).toMatchObject({ ok: true, found: expect.stringMatching(/^\d\d/) });
  } finally {
    await server.delete();
  }
});
