/** `mote site status`, `doctor` and `unit` as their user has them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findProgram, lacking, titled } from '../host/base/needs.ts';
import { mote, startMote } from './program.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-cli-state-'));
  writeFileSync(join(dir, 'site.yaml'), 'broker: embedded:0\nhttp: { listen: "127.0.0.1:0" }\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('shows the state of a site that runs, follows a live question, and ends with 1 when there is none', async () => {
  const site = startMote(['site', 'start', '--json'], dir);
  try {
    const { api } = JSON.parse(await site.line((text) => text.includes('the site serves')));
    const shown = await mote(['site', 'status', '--site', api], dir);
    expect([shown.code, shown.stdout]).toEqual([
      0,
      expect.stringMatching(/^state +ready\nbroker +mqtt:\S+, embedded\n/),
    ]);
    const live = startMote(['query', '--live', 'from events by device select count', '--site', api, '--json'], dir);
    expect(JSON.parse(await live.line((line) => line.includes('columns')))).toMatchObject({
      columns: [
        { name: 'device', type: 'text' },
        { name: 'count', type: 'number', exponent: 0 },
      ],
    });
    await live.line((line) => line.includes('current'));
    live.kill('SIGINT');
    expect((await live.ended).code).toBe(0);
  } finally {
    site.kill('SIGTERM');
    await site.ended;
  }
  const away = await mote(['site', 'status', '--site', 'http://127.0.0.1:1'], dir);
  expect([away.code, away.stderr]).toEqual([1, expect.stringMatching(/\[SITE_AWAY\]/)]);
});

it('checks what a site needs, and ends with 1 when that is missing', async () => {
  const good = JSON.parse((await mote(['site', 'doctor', '--json'], dir)).stdout);
  expect(good.checks.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['config', 'hono', '@duckdb/node-api', 'data', 'disk', 'clock', 'http', 'broker']),
  );
  writeFileSync(join(dir, 'wrong.yaml'), 'lgo: info\n');
  const wrong = await mote(['site', 'doctor', 'wrong.yaml'], dir);
  expect([wrong.code, wrong.stdout]).toEqual([1, expect.stringMatching(/wrong\.yaml:1:1: lgo/)]);
});

const noSystemd = lacking('systemd-analyze');
it.skipIf(noSystemd !== null)(titled('prints a unit that systemd takes and calls safe', noSystemd), async () => {
  mkdirSync(join(dir, 'data 1%'), { recursive: true });
  writeFileSync(join(dir, 'odd.yaml'), 'data: "data 1%"\nnodes: { serial: [/dev/ttyUSB0] }\n');
  const { code, stdout } = await mote(['site', 'unit', 'odd.yaml', '--user', 'root'], dir);
  expect(code).toBe(0);
  const file = join(dir, 'moteware-site.service');
  writeFileSync(file, stdout);
  const analyze = (...args: string[]) =>
    execFileSync(findProgram('systemd-analyze')!, [...args, file], { encoding: 'utf8', stdio: 'pipe' });
  expect(analyze('verify')).toBe('');
  // The exposure in tenths, of 100; a unit that restricts nothing has 96.
  expect(analyze('security', '--offline=yes', '--threshold=30')).toMatch(/OK/);
});
