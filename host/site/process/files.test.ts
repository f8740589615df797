/** A site with a folder of files: the same values as CSV and as Parquet, over a restart. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestSite } from './testing.ts';

let test: TestSite;
beforeEach(() => {
  test = new TestSite();
});
afterEach(() => test.delete());

const CONFIG = `
files: { folder: drop }
decoders:
  - name: press
    topics: [file/+]
    decoder:
      kind: csv
      version: 1
      options:
        device: { at: device }
        time: { at: time, format: iso }
        fields: [{ at: force, name: force, unit: kN, exponent: -1 }]
`;

it('makes points of CSV and of Parquet, and knows a file that it has', async () => {
  await test.start(CONFIG);
  const drop = (name: string) => join(test.dir, 'drop', name);
  const rows = (device: string) =>
    Array.from({ length: 3 }, (_, i) => `${device},2026-11-30T10:00:0${i}.250Z,${20 + i}.5`).join('\n');
  writeFileSync(drop('a.csv'), `device,time,force\n${rows('a')}\n`);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`COPY (
    SELECT 'b' AS device, TIMESTAMP '2026-11-30 10:00:00.25' + INTERVAL (i) SECOND AS time, (20.5 + i)::DOUBLE AS force
    FROM range(3) r(i)) TO '${drop('b.parquet')}' (FORMAT parquet)`);
  connection.closeSync();
  await expect.poll(() => existsSync(drop('done/b.parquet')), { timeout: 60_000 }).toBe(true);
  await test.applied();
  const points = await test.points();
  expect(points).toHaveLength(6);
  expect(points.filter((row) => row.startsWith('b')).map((row) => row.replace('b', 'a'))).toEqual(points.slice(0, 3));
  expect((await test.request('/api/status')).json.files).toEqual({ done: 2, failed: 0, messages: 2 });

  await test.start(CONFIG);
  writeFileSync(drop('again.csv'), `device,time,force\n${rows('a')}\n`);
  await expect.poll(() => existsSync(drop('done/again.csv')), { timeout: 60_000 }).toBe(true);
  await test.applied();
  expect(await test.points()).toEqual(points);
});
