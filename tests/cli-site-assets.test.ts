/** `mote site assets` and `mote site context`, with a site that runs and without one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mote, type Program, startMote } from './program.ts';

let dir: string;
let site: Program;
let api: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-cli-assets-'));
  writeFileSync(join(dir, 'site.yaml'), 'broker: embedded:0\nhttp: { listen: 127.0.0.1:0 }\n');
  site = startMote(['site', 'start', '--json'], dir);
  const line = await site.line((text) => text.includes('the site serves'));
  api = String(JSON.parse(line).api);
});
afterAll(async () => {
  site.kill('SIGTERM');
  await site.ended;
  rmSync(dir, { recursive: true, force: true });
});

const run = (...words: string[]) => mote(['site', ...words, '--site', api], dir);
const good = (stdout: string) => ({ code: 0, stderr: '', stdout });

it('imports, places, tags, lists and exports', async () => {
  writeFileSync(
    join(dir, 'plant.csv'),
    '\uFEFFpath;level\r\nacme;enterprise\r\nacme/Köln;site\r\nacme/Köln/press;machine\r\n',
  );
  expect(await run('assets', 'import', 'plant.csv')).toEqual(good('3 rows changed.\n'));
  expect(await run('assets', 'place', 'n1', 'acme/Köln/press', '--from', '2026-01-01T00:00Z')).toEqual(
    good('1 row changed.\n'),
  );
  expect(await run('assets', 'tag', 'acme/Köln/press', 'medium=oil', 'unit=Cel')).toEqual(good('2 rows changed.\n'));
  expect(await run('assets', 'list')).toEqual(
    good('acme       enterprise\n  Köln     site\n    press  machine     n1  medium=oil unit=Cel\n'),
  );
  expect((await run('assets', 'export', '--table', 'placements')).stdout).toBe(
    'device,asset,from,to\nn1,acme/Köln/press,2026-01-01T00:00:00Z,\n',
  );
});

it('keeps business context', async () => {
  writeFileSync(
    join(dir, 'orders.csv'),
    'asset,kind,value,from\nacme,order,A-17,01.12.2025 06:00\nacme,order,A-18,01.06.2150 06:00\n',
  );
  expect(await run('context', 'import', 'orders.csv', '--zone', '+01:00')).toEqual(good('2 rows changed.\n'));
  expect(await run('context', 'list', 'acme')).toEqual(
    good('acme  order  A-17  2025-12-01T05:00:00Z  2150-06-01T05:00:00Z\n'),
  );
  expect(await run('context', 'export', 'context.csv', '--csv', '--json')).toMatchObject({ code: 0 });
  expect(readFileSync(join(dir, 'context.csv'), 'utf8')).toMatch(/^asset,kind,value,from,to\r\nacme,order,A-17,/);
});

it('reports what is wrong with a file, an option, and a site that is away', async () => {
  writeFileSync(join(dir, 'wrong.csv'), 'path,level\nacme/x,hall\nacme//y,site\n');
  const wrong = await run('assets', 'import', 'wrong.csv');
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/^mote: line 2: .*\nline 3: .*\[ASSETS\]\n$/)]);
  const away = await mote(['site', 'context', 'list', '--site', 'http://127.0.0.1:9'], dir);
  expect([away.code, away.stderr]).toEqual([2, expect.stringMatching(/can't be reached.*\[SITE_AWAY\]/)]);
});
