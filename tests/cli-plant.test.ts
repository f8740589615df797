/** `mote plant` as its user has it: files of a run, and a plant whose nodes link to a real site. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../host/messaging/mqtt/testing.ts';
import { mote, startMote } from './program.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-cli-plant-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const rows = (file: string) =>
  readFileSync(join(dir, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

it('writes a plant file once, and runs it into files', async () => {
  expect((await mote(['plant', 'init', 'small'], dir)).code).toBe(0);
  expect(await mote(['plant', 'init', 'small'], dir)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/EXISTS/),
  });
  const run = await mote(['plant', 'run', 'small/plant.yaml', '--out', 'run', '--days', '0.2', '--json'], dir);
  expect([run.code, run.stderr]).toEqual([0, '']);
  const end = JSON.parse(run.stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
  expect(end).toMatchObject({ type: 'end', plantS: 17_280, machines: 6, faults: 0, unsent: 0 });
  expect(readdirSync(join(dir, 'run')).sort()).toEqual([
    'assets.csv',
    'events.ndjson',
    'placements.csv',
    'states.ndjson',
    'telemetry.ndjson',
    'truth.ndjson',
  ]);
  expect(rows('run/telemetry.ndjson')).toHaveLength(end.telemetry as number);
  expect((await mote(['plant', 'assets', 'small/plant.yaml', '--out', 'tree'], dir)).code).toBe(0);
  for (const file of ['assets.csv', 'placements.csv'])
    expect(readFileSync(join(dir, 'tree', file))).toEqual(readFileSync(join(dir, 'run', file)));
});

it.each([[['plant', 'run', 'small/plant.yaml'], /--out DIR, or --gateway/]])(
  '%j is wrong use',
  async (args, message) => {
    expect(await mote(args, dir)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  },
);

it('a site stores each value that nodes sent it, over losses of the network and sleep', async () => {
  mkdirSync(join(dir, 'site'));
  expect((await mote(['site', 'init', 'site'], dir)).code).toBe(0);
  const config = join(dir, 'site', 'site.yaml');
  const text = readFileSync(config, 'utf8').replace(':1883', `:${await freePort()}`);
  const nodePort = await freePort();
  writeFileSync(config, text.replace(':7878', `:${nodePort}`).replace(':8080', ':0'));
  writeFileSync(
    join(dir, 'linked.yaml'),
    `machines: [{ name: pump, kind: pump, count: 3 }]
nodes:
  - { name: v, app: condition, sensors: { accelerometer: 6400 }, ring: 1024, config: { interval: 60 }, wasm3: 0.5 }
  - { name: m, app: motor, sensors: { temperature: 0.1, current: 0.1 }, config: { interval: 60 } }
network: { perNodeDay: 10, lost: 20m, every: 30m, awake: 20m }
`,
  );
  const site = startMote(['site', 'start', 'site/site.yaml', '--json'], dir);
  try {
    const api = String(JSON.parse(await site.line((line) => line.includes('the site serves'))).api);
    const args = [
      '--gateway',
      `127.0.0.1:${nodePort}`,
      '--speed',
      '5000',
      '--days',
      '0.15',
      '--out',
      'linked',
      '--json',
    ];
    const run = await mote(['plant', 'run', 'linked.yaml', ...args], dir);
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(JSON.parse(run.stdout.trim().split('\n').at(-1)!)).toMatchObject({ unsent: 0, faults: 0 });
    const links = rows('linked/states.ndjson').filter(({ kind }) => kind === 'link');
    expect(links.length).toBeGreaterThan(20);
    const sent: Record<string, number> = {};
    for (const { node, metric, values } of rows('linked/telemetry.ndjson')) {
      const series = `${node} ${metric}`;
      sent[series] = (sent[series] ?? 0) + (values as number[]).length;
    }
    expect(Object.keys(sent)).toHaveLength(3 * 7 + 3 * 8);
    const answer = await mote(['query', 'from points by device, name select count', '--site', api, '--json'], dir);
    expect(answer.code).toBe(0);
    const { rows: stored } = JSON.parse(answer.stdout) as { rows: [device: string, name: string, count: string][] };
    expect(Object.fromEntries(stored.map(([device, name, count]) => [`${device} ${name}`, Number(count)]))).toEqual(
      sent,
    );
  } finally {
    site.kill('SIGTERM');
    await site.ended;
  }
});
