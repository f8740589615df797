/**
 * Backups of a whole site while it runs, and their restoration into an empty one. A backup is a folder of Parquet files,
 * one a table, so it is independent of the database: one made with DuckDB can be restored into PostgreSQL, and the other
 * way round. `manifest.json` is written last; without it the folder is no backup.
 */
import { copyFile, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, MoteError, packageVersion } from '../../base/index.ts';
import { migrate } from './migrate.ts';
import { wholeFile } from './parquet-file.ts';
import { REGISTRY, REGISTRY_TABLES, TELEMETRY, TELEMETRY_TABLES } from './schema.ts';
import { SiteStore, type StoreOptions } from './site-store.ts';
import { integer, type Row, type SqlValue, type Transactional } from './sql.ts';

const FORMAT = 1;
const MANIFEST = 'manifest.json';

export interface BackupManifest {
  readonly format: number;
  readonly moteware: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  readonly schemas: { readonly telemetry: number; readonly registry: number };
  /** The last message in it. */
  readonly position: number;
  /** Rows of each table, such as `telemetry/points`. */
  readonly rows: Readonly<Record<string, number>>;
  /** Files of raw messages. */
  readonly segments: readonly string[];
}

/**
 * Writes all that was acknowledged until now into an empty or new folder. Messages are taken meanwhile; they wait in the
 * journal. Throws `STORE_BACKUP` if the folder isn't empty.
 */
export async function backup(site: SiteStore, folder: string, utcMs: number): Promise<BackupManifest> {
  await emptyFolder(folder);
  for (const part of ['telemetry', 'registry', 'raw']) await mkdir(join(folder, part));
  const rows: Record<string, number> = {};
  return site.still(async () => {
    const segments = await site.archive.hold(async (files) => {
      for (const file of files)
        await wholeFile(join(folder, 'raw', file), (draft) => copyFile(join(site.archive.dir, file), draft));
      await site.telemetry.snapshot(async (at) => {
        for (const table of [...TELEMETRY_TABLES, 'raw_segments']) {
          rows[`telemetry/${table}`] = await countOf(at, table);
          await at.copyToParquet(`SELECT * FROM ${table}`, join(folder, 'telemetry', `${table}.parquet`));
        }
      });
      return files;
    });
    await site.registry.transaction(async (sql) => {
      for (const table of REGISTRY_TABLES) {
        const all = await sql.query(`SELECT * FROM ${table}`);
        rows[`registry/${table}`] = all.length;
        const text = all.map((row) => `${JSON.stringify(row, bigints)}\n`).join('');
        await wholeFile(join(folder, 'registry', `${table}.ndjson`), (draft) => writeFile(draft, text));
      }
    });
    const manifest: BackupManifest = {
      format: FORMAT,
      moteware: packageVersion(),
      created: new Date(utcMs).toISOString(),
      schemas: {
        telemetry: await versionOf(site.telemetry, 'telemetry'),
        registry: await versionOf(site.registry, 'registry'),
      },
      position: await site.telemetry.position(),
      rows,
      segments,
    };
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    await wholeFile(join(folder, MANIFEST), (draft) => writeFile(draft, text));
    return manifest;
  });
}

/**
 * Creates a site from a backup and closes it. A backup of an earlier schema is migrated. Throws `STORE_BACKUP` if the
 * folder is no whole backup, if its rows aren't as many as it names, or if the new site has data.
 */
export async function restore(folder: string, options: StoreOptions): Promise<BackupManifest> {
  const manifest = await readManifest(folder);
  // Into the tables as they were, which are migrated then.
  const schemas = {
    telemetry: TELEMETRY.filter(({ version }) => version <= manifest.schemas.telemetry),
    registry: REGISTRY.filter(({ version }) => version <= manifest.schemas.registry),
  };
  const site = await SiteStore.open(options, schemas);
  try {
    await refuseData(site);
    await site.telemetry.query('DELETE FROM applied');
    for (const file of manifest.segments)
      await wholeFile(join(site.archive.dir, file), (draft) => copyFile(join(folder, 'raw', file), draft));
    for (const table of [...TELEMETRY_TABLES, 'raw_segments'])
      await site.telemetry.copyFromParquet(table, join(folder, 'telemetry', `${table}.parquet`));
    await site.registry.transaction(async (sql) => {
      for (const table of REGISTRY_TABLES)
        for (const line of (await readFile(join(folder, 'registry', `${table}.ndjson`), 'utf8')).split('\n')) {
          if (line === '') continue;
          const row = JSON.parse(line, unbigints) as Row;
          const names = Object.keys(row);
          const places = names.map((_, i) => `$${i + 1}`).join(', ');
          await sql.query(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places})`, Object.values(row));
        }
    });
    for (const [name, expected] of Object.entries(manifest.rows)) {
      const [part, table] = name.split('/') as [string, string];
      const count = await countOf(part === 'telemetry' ? site.telemetry : site.registry, table);
      if (count !== expected) throw notWhole(folder, `${name} has ${count} rows and not ${expected}`);
    }
    await migrate(site.telemetry, 'telemetry', TELEMETRY);
    await migrate(site.registry, 'registry', REGISTRY);
  } finally {
    await site.close();
  }
  return manifest;
}

async function emptyFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0)
    throw new MoteError('STORE_BACKUP', `The folder ${folder} for the backup isn't empty; choose another.`);
}

async function refuseData(site: SiteStore): Promise<void> {
  const tables = [...TELEMETRY_TABLES.filter((table) => table !== 'applied'), 'raw_segments'];
  const counts = await Promise.all([
    ...tables.map((table) => countOf(site.telemetry, table)),
    ...REGISTRY_TABLES.map((table) => countOf(site.registry, table)),
    site.telemetry.position(),
  ]);
  if (counts.some((count) => count > 0))
    throw new MoteError('STORE_BACKUP', `The site in ${site.dir} has data; restore into an empty folder and schema.`);
}

async function countOf(sql: Pick<Transactional, 'query'>, table: string): Promise<number> {
  const [row] = await sql.query(`SELECT count(*) AS n FROM ${table}`);
  return integer(row?.n);
}

async function versionOf(db: Transactional, name: string): Promise<number> {
  const [row] = await db.query('SELECT version FROM schema_versions WHERE name = $1', [name]);
  return integer(row?.version);
}

const notWhole = (folder: string, why: string) =>
  new MoteError('STORE_BACKUP', `The folder ${folder} isn't a whole backup: ${why}; use another backup.`);

async function readManifest(folder: string): Promise<BackupManifest> {
  let value: unknown;
  try {
    const file = await open(join(folder, MANIFEST));
    value = JSON.parse(await file.readFile('utf8').finally(() => file.close()));
  } catch (cause) {
    throw notWhole(folder, `its ${MANIFEST} can't be read (${(cause as Error).message})`);
  }
  if (!isObject(value) || value.format !== FORMAT) throw notWhole(folder, `its format isn't ${FORMAT}`);
  const { schemas, rows, segments } = value;
  const known = isObject(schemas) && isObject(rows) && Array.isArray(segments);
  if (!known || !segments.every((file) => typeof file === 'string' && /^raw-[\d-]+\.parquet$/.test(file)))
    throw notWhole(folder, `its ${MANIFEST} lacks members, or names other files`);
  const newest = { telemetry: TELEMETRY.at(-1)!.version, registry: REGISTRY.at(-1)!.version };
  for (const part of ['telemetry', 'registry'] as const) {
    const version = schemas[part];
    if (!Number.isInteger(version)) throw notWhole(folder, `it doesn't name the version of its schema ${part}`);
    if ((version as number) > newest[part]) {
      const what = `The backup ${folder} has schema version ${version} (${part}), this moteware knows up to ${newest[part]}`;
      throw new MoteError('STORE_VERSION', `${what}; use the moteware that wrote it, or a later one.`);
    }
  }
  const allowed = new Set([
    ...[...TELEMETRY_TABLES, 'raw_segments'].map((table) => `telemetry/${table}`),
    ...REGISTRY_TABLES.map((table) => `registry/${table}`),
  ]);
  for (const name of Object.keys(rows)) if (!allowed.has(name)) throw notWhole(folder, `it has rows of ${name}`);
  return value as unknown as BackupManifest;
}

/** 64-bit integers in JSON: `{"int64": "123"}`. The registry's columns are texts and integers, never objects. */
const bigints = (_: string, value: unknown) => (typeof value === 'bigint' ? { int64: String(value) } : value);
const unbigints = (_: string, value: unknown): SqlValue | object =>
  isObject(value) && typeof value.int64 === 'string' ? BigInt(value.int64) : (value as SqlValue);
