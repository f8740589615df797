/** `mote site` as its user has it: a configuration, a killed process, and a configuration that is saved again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cases } from '../host/base/test-form.ts';
import { freePort } from '../host/messaging/mqtt/testing.ts';
import { mote, ndjson, type Program, startMote } from './program.ts';

let dir: string;
let port: number;
const config = () => join(dir, 'plant', 'site.yaml');

const DECODER = {
  name: 'temp',
  topics: ['hall/+/temp'],
  decoder: {
    kind: 'json',
    version: 1,
    options: {
      device: { topic: 1 },
      time: { at: '/ts', format: 's' },
      fields: [{ at: '/temp', name: 'temperature', unit: 'Cel', exponent: -2 }],
    },
  },
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-cli-site-'));
  port = await freePort();
  expect((await mote(['site', 'init', 'plant'], dir)).code).toBe(0);
  const text = readFileSync(config(), 'utf8');
  writeFileSync(config(), text.replace(':1883', `:${port}`).replace(':7878', ':0').replace(':8080', ':0'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function start(): Promise<{ site: Program; api: string }> {
  const site = startMote(['site', 'start', 'plant/site.yaml', '--json'], dir);
  const line = await site.line((text) => text.includes('the site serves'));
  return { site, api: String(JSON.parse(line).api) };
}

it('checks a configuration, and writes none over another', async () => {
  expect(await mote(['site', 'check', 'plant/site.yaml'], dir)).toMatchObject({ code: 0, stderr: '' });
  writeFileSync(join(dir, 'wrong.yaml'), 'log: info\nbrokr: embedded\n');
  const wrong = await mote(['site', 'check', 'wrong.yaml'], dir);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/wrong\.yaml:2:1: brokr .*\[SITE_CONFIG\]\n$/)]);
  expect(await mote(['site', 'init', 'plant'], dir)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/EXISTS/),
  });
  expect(await mote(['site', 'start', 'none.yaml'], dir)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/mote site init/),
  });
});

/** Sends messages, 20 at a time, over as many connections as it takes, until each is acknowledged. */
async function keepSending(onAcknowledged: (id: string) => void, isOver: () => boolean): Promise<void> {
  const due: string[] = [];
  let count = 0;
  const next = () => due.shift() ?? (isOver() ? undefined : `e-${count++}`);
  while (!isOver() || due.length > 0) {
    const options = { protocolVersion: 5, reconnectPeriod: 0, connectTimeout: 2000 } as const;
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, options);
    client.on('error', () => {});
    let open = true;
    const closed = new Promise<false>((resolve) => {
      client.once('close', () => {
        open = false;
        resolve(false);
      });
    });
    // `connectAsync` waits for ever if the site is killed before it answers.
    const connected = new Promise<true>((resolve) => void client.once('connect', () => resolve(true)));
    if (!(await Promise.race([connected, closed]))) {
      await client.endAsync(true);
      await setTimeout(20);
      continue;
    }
    const lanes = Array.from({ length: 20 }, async () => {
      for (let id = next(); id !== undefined; id = next()) {
        const userProperties = { specversion: '1.0', id, source: '/plant/press', type: 'plant.data' };
        const sent = client.publishAsync('plant/press/data', id, { qos: 1, properties: { userProperties } });
        const kept = await Promise.race([sent.then(() => true).catch(() => false), closed]);
        if (kept) onAcknowledged(id);
        else due.push(id);
        if (!open) return;
      }
    });
    await Promise.all(lanes);
    await client.endAsync(true);
  }
}

const KILLS = cases(20);
it(`stores each acknowledged message once, though it is killed ${KILLS} times`, async () => {
  let over = false;
  const acknowledged = new Set<string>();
  let { site } = await start();
  let onAcknowledged = () => {};
  const sending = keepSending(
    (id) => {
      acknowledged.add(id);
      onAcknowledged();
    },
    () => over,
  );
  for (let i = 0; i < KILLS; i++) {
    // Once it takes messages again, at any moment.
    await new Promise<void>((resolve) => {
      onAcknowledged = resolve;
    });
    await setTimeout(Math.random() * 100);
    site.kill('SIGKILL');
    await site.ended;
    ({ site } = await start());
  }
  over = true;
  await sending;
  site.kill('SIGTERM');
  expect((await site.ended).code).toBe(0);
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(join(dir, 'plant', 'data', 'telemetry.duckdb'));
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll('SELECT properties FROM raw');
  const ids = reader.getRows().map(([text]) => JSON.parse(String(text)).userProperties.id as string);
  connection.closeSync();
  instance.closeSync();
  expect(acknowledged.size).toBeGreaterThan(KILLS);
  expect(ids.length, 'doubled').toBe(new Set(ids).size);
  expect([...acknowledged].filter((id) => !ids.includes(id))).toEqual([]);
});

it('answers mote query, which prints what a site reports of a question', async () => {
  const { site, api } = await start();
  const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, reconnectPeriod: 0 });
  const good = readFileSync(config(), 'utf8');
  try {
    writeFileSync(config(), good.replace('decoders: []', `decoders: [${JSON.stringify(DECODER)}]`));
    await site.line((line) => line.includes('was read again'));
    for (let n = 0; n < 5; n++) {
      const text = JSON.stringify({ ts: 1_790_000_000 + 30 * n, temp: 20 + n / 8 });
      await device.publishAsync('hall/m7/temp', text, { qos: 1 });
    }
    const question = 'from points as Cel window 1m by device select count, max(value)';
    const ask = (...more: string[]) => mote(['query', question, '--site', api, ...more], dir);
    await expect.poll(async () => (await ask()).stdout.split('\n').length, { timeout: 60_000 }).toBeGreaterThan(4);
    expect((await ask()).stdout).toMatch(
      /device +count +max_value\n2026-09-21T14:13:00Z +2026-09-21T14:14:00Z +m7 +2 +20\.12\n/,
    );
    const { columns, rows } = JSON.parse((await ask('--json')).stdout);
    expect([columns.at(-1), rows[0].slice(2)]).toEqual([
      { name: 'max_value', type: 'number', exponent: -2 },
      ['m7', 2, 2012],
    ]);
    const wrong = await mote(['query', 'from points as Cel select mean(values)', '--site', api], dir);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/\[QUERY\]/)]);
  } finally {
    writeFileSync(config(), good);
    await device.endAsync(true);
    site.kill('SIGTERM');
    await site.ended;
  }
});

it('reads its configuration again when it is saved, and keeps the one that it has if that is wrong', async () => {
  const { site } = await start();
  const good = readFileSync(config(), 'utf8');
  try {
    writeFileSync(config(), good.replace('decoders: []', 'decoders: none'));
    const wrong = JSON.parse(await site.line((line) => line.includes('SITE_CONFIG')));
    expect(wrong.msg).toMatch(/as before: .*site\.yaml:\d+:\d+: decoders must be array/);
    writeFileSync(config(), `${good}log: debug\n`);
    await site.line((line) => line.includes('was read again'));
  } finally {
    writeFileSync(config(), good);
    site.kill('SIGTERM');
  }
  const { code, stdout } = await site.ended;
  expect([code, ndjson(stdout).at(-1)]).toMatchObject([0, { msg: 'the site stops' }]);
});
