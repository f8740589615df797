/** `mote site offers` and `mote site decoders` as their user has them, and a site that is killed when one was accepted. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cases } from '../host/base/test-form.ts';
import { freePort } from '../host/messaging/mqtt/testing.ts';
import { mote, type Program, startMote } from './program.ts';

let dir: string;
let port: number;
let api: string;
let site: Program;

async function start(): Promise<void> {
  site = startMote(['site', 'start', 'plant/site.yaml', '--json'], dir);
  api = String(JSON.parse(await site.line((text) => text.includes('the site serves'))).api);
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-cli-offers-'));
  port = await freePort();
  expect((await mote(['site', 'init', 'plant'], dir)).code).toBe(0);
  const config = join(dir, 'plant', 'site.yaml');
  const text = readFileSync(config, 'utf8');
  writeFileSync(config, text.replace(':1883', `:${port}`).replace(':7878', ':0').replace(':8080', ':0'));
  await start();
});
afterAll(async () => {
  site?.kill('SIGKILL');
  await site?.ended;
  rmSync(dir, { recursive: true, force: true });
});

const offers = (...args: string[]) => mote(['site', 'offers', ...args, '--site', api], dir);

async function publish(topic: string, count: number): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 0 });
  const body = (i: number) => JSON.stringify({ ts: 1_790_000_000 + i, pressure_bar: 3 + i / 10 });
  await Promise.all(Array.from({ length: count }, (_, i) => client.publishAsync(topic, body(i), { qos: 1 })));
  await client.endAsync(true);
}

async function listed(topic: string): Promise<{ id: string } | undefined> {
  const { offers: list } = (await (await fetch(`${api}/api/offers`)).json()) as {
    offers: { id: string; topics: string[] }[];
  };
  return list.find(({ topics }) => topics.includes(topic));
}

async function counted(device: string): Promise<string | undefined> {
  const body = JSON.stringify({ query: `from points where device = '${device}' select count` });
  const answer = await (await fetch(`${api}/api/query`, { method: 'POST', body })).json();
  return (answer as { rows: string[][] }).rows[0]?.[0];
}

it('lists, shows, accepts, and removes', async () => {
  await publish('hall/m7/state', 5);
  await expect.poll(() => listed('hall/m7/state'), { timeout: 60_000 }).toBeDefined();
  const { id } = (await listed('hall/m7/state'))!;
  const list = await offers('list');
  expect([list.code, list.stdout]).toEqual([
    0,
    expect.stringMatching(/hall-m7-state +json +100 % +5 +hall\/m7\/state +pressure \[bar\]/),
  ]);
  const shown = await offers('show', id.slice(0, 8));
  expect([shown.code, shown.stdout]).toEqual([0, expect.stringMatching(/pressure +bar +3\.0 to 3\.4 +5 points/)]);
  const accepted = await offers('accept', id.slice(0, 8), '--name', 'press');
  expect([accepted.code, accepted.stdout]).toEqual([
    0,
    expect.stringMatching(/press decodes hall\/m7\/state; 5 earlier/),
  ]);
  expect(await counted('m7')).toBe('5');
  const used = await mote(['site', 'decoders', 'list', '--site', api], dir);
  expect(used.stdout).toMatch(/^press +json +accepted +hall\/m7\/state\n$/);
  expect((await mote(['site', 'decoders', 'remove', 'press', '--site', api], dir)).code).toBe(0);
  expect(await counted('m7')).toBeUndefined();
});

const KILLS = cases(10);
it(`decodes the history of what was accepted, though it is killed then, ${KILLS} times`, async () => {
  for (let i = 0; i < KILLS; i++) {
    const topic = `kill/n${i}/data`;
    await publish(topic, 200);
    await expect.poll(() => listed(topic), { timeout: 60_000 }).toBeDefined();
    const { id } = (await listed(topic))!;
    const body = JSON.stringify({ id });
    expect((await fetch(`${api}/api/offers/accept`, { method: 'POST', body })).status).toBe(200);
    // At any moment of what decodes again.
    for (let left = Math.random() * 200; left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
    site.kill('SIGKILL');
    await site.ended;
    await start();
    await publish(topic, 3);
    await expect.poll(() => counted(`n${i}`), { timeout: 60_000 }).toBe('203');
  }
});
