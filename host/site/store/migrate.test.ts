import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { lacking, titled } from '../../base/needs.ts';
import { restore } from './backup.ts';
import { DuckDbStore } from './duckdb.ts';
import type { Migration } from './migrate.ts';
import { PostgresStore } from './postgres.ts';
import { SqliteRegistry } from './registry.ts';
import { REGISTRY, TELEMETRY } from './schema.ts';
import { SiteStore } from './site-store.ts';
import type { Transactional } from './sql.ts';
import { freshSchema, PostgresServer } from './testing.ts';

/** A backup that version 1 of both schemas has written. */
const FIXTURE = packagePath('host', 'site', 'store', 'fixtures', 'backup-1');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moteware-migrate-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Made up: a column with a default, and a table. */
const next = (migrations: readonly Migration[], table: string): Migration[] => [
  ...migrations,
  {
    version: migrations.length + 1,
    statements: () => [
      `ALTER TABLE ${table} ADD COLUMN colour TEXT DEFAULT 'red'`,
      'CREATE TABLE colours (name TEXT PRIMARY KEY)',
      "INSERT INTO colours VALUES ('red')",
    ],
  },
];
const broken = (migrations: readonly Migration[]): Migration[] => [
  ...migrations,
  {
    version: migrations.length + 1,
    statements: () => ['CREATE TABLE half (x INTEGER)', 'SELECT nothing FROM nowhere'],
  },
];

type Open = (migrations?: readonly Migration[]) => Promise<Transactional & { close(): Promise<void> }>;
interface Kind {
  name: string;
  reason: string | null;
  own: readonly Migration[];
  table: string;
  insert: string;
  with(work: (open: Open) => Promise<void>): Promise<void>;
}

const kinds: Kind[] = [
  {
    name: 'DuckDB',
    reason: null,
    own: TELEMETRY,
    table: 'series',
    insert: "INSERT INTO series VALUES (1, 'n', 'x', 'V', 0)",
    with: (work) => work((migrations) => DuckDbStore.open({ path: join(root, 't.duckdb') }, migrations)),
  },
  {
    name: 'SQLite',
    reason: null,
    own: REGISTRY,
    table: 'settings',
    insert: "INSERT INTO settings VALUES ('a', 'b')",
    with: (work) => work((migrations) => SqliteRegistry.open(join(root, 'r.sqlite'), migrations)),
  },
  {
    name: 'PostgreSQL',
    reason: lacking('psql'),
    own: TELEMETRY,
    table: 'series',
    insert: "INSERT INTO series VALUES (1, 'n', 'x', 'V', 0)",
    async with(work) {
      const server = await PostgresServer.start();
      const schema = freshSchema();
      try {
        await work((migrations) => PostgresStore.open({ url: server.url, schema }, migrations));
      } finally {
        await server.delete();
      }
    },
  },
];

describe.each(kinds)('$name', (kind) => {
  const { own, table } = kind;
  it.skipIf(kind.reason !== null)(
    titled('moves forward with its rows, whole or not at all, and never back', kind.reason),
    () =>
      kind.with(async (open) => {
        const first = await open();
        await first.query(kind.insert);
        await first.close();
        await expect(open(broken(own))).rejects.toMatchObject({ code: 'STORE_SQL' });
        const second = await open(next(own, table));
        expect(await second.query(`SELECT colour FROM ${table}`)).toEqual([{ colour: 'red' }]);
        await expect(second.query('SELECT * FROM half')).rejects.toMatchObject({ code: 'STORE_SQL' });
        await second.close();
        const again = await open(next(own, table));
        expect(await again.query('SELECT name FROM colours')).toEqual([{ name: 'red' }]);
        await again.close();
        await expect(open()).rejects.toMatchObject({ code: 'STORE_VERSION' });
      }),
  );
});

it('restores a backup of every earlier version', async () => {
  await restore(FIXTURE, { dir: join(root, 'site') });
  const site = await SiteStore.open({ dir: join(root, 'site') });
  expect(await site.telemetry.position()).toBe(3);
  const points = 'SELECT device, t, value, message FROM points JOIN series ON series = id ORDER BY t';
  expect(await site.telemetry.query(points)).toEqual([
    { device: 'pump', t: 1_760_000_000_000_000n, value: -5n, message: 1n },
    { device: 'pump', t: 1_760_000_000_001_000n, value: 7n, message: 1n },
    { device: 'fan', t: 1_760_200_000_000_000n, value: 9n, message: 3n },
  ]);
  expect(await site.telemetry.query('SELECT device, id, body FROM events')).toEqual([
    { device: 'pump', id: 'e1', body: '{"a":["e1"],"b":1}' },
  ]);
  const ids: number[] = [];
  for await (const portion of site.archive.read({})) ids.push(...portion.map(({ id }) => id));
  expect(ids).toEqual([1, 2, 3]);
  expect(await site.registry.query('SELECT id, name, valid_from FROM assets, placements')).toEqual([
    { id: 'hall', name: 'Hall ä', valid_from: 2n ** 53n },
  ]);
  await site.close();
});

it('refuses a folder that is no whole backup, or of a later version', async () => {
  const folder = join(root, 'backup');
  await cp(FIXTURE, folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  const attempt = (change: object) => {
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, ...change }));
    return restore(folder, { dir: mkdtempSync(join(root, 'site-')) });
  };
  const whole = (code: string) => expect.objectContaining({ code });
  await expect(restore(root, { dir: join(root, 'none') })).rejects.toEqual(whole('STORE_BACKUP'));
  for (const change of [
    { format: 2 },
    { schemas: {} },
    { schemas: { telemetry: 'x', registry: 1 } },
    { segments: ['../../etc/passwd'] },
    { segments: [1] },
    { rows: { 'telemetry/points; DROP TABLE points': 1 } },
    { rows: { 'telemetry/points': 4 } },
  ])
    await expect(attempt(change)).rejects.toEqual(whole('STORE_BACKUP'));
  await expect(attempt({ schemas: { telemetry: 99, registry: 1 } })).rejects.toEqual(whole('STORE_VERSION'));
  await attempt({});
});
