/** The same tests on DuckDB and on PostgreSQL. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lacking, titled } from '../../base/needs.ts';
import type { RawMessage } from '../model/index.ts';
import { backup, restore } from './backup.ts';
import type { Ingest } from './ingest.ts';
import { REGISTRY_TABLES, TELEMETRY_TABLES } from './schema.ts';
import { type SiteIngestOptions, SiteStore, type StoreOptions } from './site-store.ts';
import { cloudEvent, DAY, decodeTest, freshSchema, NOVEMBER, PostgresServer, rowsOf, testMessage } from './testing.ts';

const missing = lacking('psql');
let server: PostgresServer | undefined;
let root: string;
let sites: SiteStore[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moteware-site-'));
});
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
  rmSync(root, { recursive: true, force: true });
});
afterAll(() => server?.delete());

describe.each(['DuckDB and SQLite', 'PostgreSQL'])('%s', (kind) => {
  const postgres = kind === 'PostgreSQL';
  const test = it.skipIf(postgres && missing !== null);
  const title = (name: string) => titled(name, postgres ? missing : null);
  let schema: string;
  beforeAll(async () => {
    if (postgres && missing === null) server = await PostgresServer.start();
  });
  beforeEach(() => {
    schema = freshSchema();
  });

  const optionsOf = (dir: string, own = schema): StoreOptions => ({
    dir: join(root, dir),
    ...(postgres ? { postgres: server!.url, schema: own } : {}),
  });
  const open = async (dir = 'site', options: Partial<StoreOptions> = {}, own = schema): Promise<SiteStore> => {
    const site = await SiteStore.open({ ...optionsOf(dir, own), ...options });
    sites.push(site);
    return site;
  };
  const close = async (site: SiteStore) => {
    sites = sites.filter((other) => other !== site);
    await site.close();
  };
  const ingestOf = (site: SiteStore, options: Partial<SiteIngestOptions> = {}): Promise<Ingest> =>
    site.ingest({ decode: decodeTest, applyMs: 5, sync: 'os', ...options });
  const rawOf = async (site: SiteStore, filter = {}): Promise<RawMessage[]> => {
    const all: RawMessage[] = [];
    for await (const portion of site.archive.read(filter)) all.push(...portion);
    return all;
  };

  test(title('stores a message as it came, its points, its events and its series'), async () => {
    const site = await open();
    const ingest = await ingestOf(site);
    const properties = {
      contentType: 'application/json',
      expirySeconds: 5,
      responseTopic: 'r',
      correlationData: Uint8Array.of(0, 255, 1),
      userProperties: { ä: 'ü', many: ['1', '2'] },
      utf8: true,
    };
    const message = testMessage({ values: [1, -2, 3], event: 'e1' }, { properties, topic: 'mote/d/ü/t' });
    await ingest.append(message);
    await ingest.append({ ...message, payload: Uint8Array.of(0, 1, 255), properties: {} });
    await ingest.flush();
    expect(ingest.stats).toMatchObject({ applied: 2, rejected: 1, points: 3, events: 1, series: 1 });
    expect(ingest.stats.rejectedBy).toEqual(new Map([['DEFECT', 1]]));
    expect(await site.telemetry.query('SELECT * FROM series')).toEqual([
      { id: 1, device: 'n', name: 'x', unit: 'V', exponent: -3 },
    ]);
    const t = BigInt(NOVEMBER);
    expect(await site.telemetry.query('SELECT * FROM points ORDER BY t')).toEqual([
      { series: 1, t, value: 1n, quality: 0, message: 1n },
      { series: 1, t: t + 1000n, value: -2n, quality: 0, message: 1n },
      { series: 1, t: t + 2000n, value: 3n, quality: 0, message: 1n },
    ]);
    expect(await site.telemetry.query('SELECT * FROM events')).toEqual([
      { device: 'n', name: 'alert', t, id: 'e1', body: '{"a":["e1"],"b":1}', message: 1n },
    ]);
    const raw = await rawOf(site);
    expect(raw.map((m) => ({ ...m, payload: Uint8Array.from(m.payload) }))).toMatchObject([
      { id: 1, receivedUs: NOVEMBER, source: 'mqtt', topic: 'mote/d/ü/t', payload: Uint8Array.from(message.payload) },
      { id: 2, payload: Uint8Array.of(0, 1, 255), properties: {} },
    ]);
    const { correlationData, ...rest } = raw[0]!.properties;
    expect(Uint8Array.from(correlationData!)).toEqual(properties.correlationData);
    expect(rest).toEqual({ ...properties, correlationData: undefined });
  });

  test(title('takes the smallest and the largest integers, and refuses what no column holds'), async () => {
    const site = await open();
    const values = [2n ** 63n - 1n, -(2n ** 63n), 0n, 2n ** 63n];
    const run = { device: 'n', name: 'x', unit: '', exponent: 0, quality: 255, timesUs: [2 ** 53 - 1, -1, 0] };
    const bad = [
      { values: values.slice(1), timesUs: run.timesUs },
      { device: 'a\0b' },
      { device: '\ud800' },
      { device: '' },
      { name: 'x'.repeat(257) },
      { unit: '\n' },
      { exponent: 19 },
      { exponent: 0.5 },
      { quality: 256 },
      { timesUs: [1, 2, 0.5] },
      { timesUs: [1, 2] },
      { values: [1, 2, 2 ** 53] },
      { values: [1, 2, Number.NaN] },
    ];
    const runs = [{}, ...bad].map((change) => ({ ...run, values: values.slice(0, 3), ...change }));
    const bodies = [{ x: Number.NaN }, { x: '\ud800' }, Symbol('x'), JSON.parse('['.repeat(70) + ']'.repeat(70))];
    const events = bodies.map((body, i) => ({ device: 'n', name: 'e', timeUs: 1, id: `${i}`, body }));
    const ingest = await ingestOf(site, {
      decode: ({ id }) =>
        id <= runs.length
          ? { runs: [runs[id - 1]!], events: [] }
          : { runs: [], events: [events[id - 1 - runs.length]!] },
    });
    for (let i = 0; i < runs.length + events.length; i++) await ingest.append(testMessage({}));
    await ingest.flush();
    expect(ingest.stats).toMatchObject({ rejected: bad.length + events.length, points: 3 });
    expect([...ingest.stats.rejectedBy.keys()]).toEqual(['STORE_POINT']);
    const rows = await site.telemetry.query('SELECT t, value FROM points ORDER BY value');
    expect(rows).toEqual([
      { t: -1n, value: -(2n ** 63n) },
      { t: 0n, value: 0n },
      { t: 2n ** 53n - 1n, value: 2n ** 63n - 1n },
    ]);
    const message = testMessage({});
    for (const change of [
      { topic: 'a\0' },
      { source: '\udfff' },
      { receivedUs: 0.5 },
      { properties: { contentType: '\ud800' } },
    ])
      await expect(ingest.append({ ...message, ...change })).rejects.toMatchObject({ code: 'STORE_MESSAGE' });
  });

  test(
    title('leaves out a message that comes again, also after a restart, and an event with the same id'),
    async () => {
      const first = await open();
      let ingest = await ingestOf(first);
      const once = testMessage({ values: [1], event: 'a' }, cloudEvent('/n', '1-t-1'));
      await ingest.append(once);
      await ingest.append(once);
      await ingest.append({ ...once, ...cloudEvent('/other', '1-t-1') });
      await ingest.flush();
      await ingest.append(once);
      await ingest.flush();
      expect(ingest.stats).toMatchObject({ applied: 2, repeated: 2 });
      await close(first);
      const second = await open();
      ingest = await ingestOf(second);
      await ingest.append(once);
      await ingest.append({ ...once, properties: {} });
      await ingest.append({ ...once, properties: {} });
      await ingest.flush();
      expect(ingest.stats).toMatchObject({ applied: 2, repeated: 1 });
      expect((await rawOf(second)).map(({ id }) => id)).toEqual([1, 3, 6, 7]);
      expect(await rowsOf(second.telemetry, 'events')).toHaveLength(1);
      expect(await rowsOf(second.telemetry, 'points')).toHaveLength(4);
    },
  );

  test(title('forgets old keys, and keeps those of the window'), async () => {
    const site = await open();
    const ingest = await ingestOf(site, { seenWindow: 10 });
    for (let i = 0; i < 35; i++) {
      await ingest.append(testMessage({ values: [i] }, cloudEvent('/n', `${i}`)));
      await ingest.flush();
    }
    const kept = await site.telemetry.query('SELECT count(*) AS n FROM seen');
    expect(Number(kept[0]!.n)).toBeLessThan(26);
    for (let i = 20; i < 35; i++) await ingest.append(testMessage({ values: [i] }, cloudEvent('/n', `${i}`)));
    await ingest.flush();
    expect(ingest.stats).toMatchObject({ applied: 35, repeated: 15 });
  });

  test(
    title('moves raw messages of past days into files, reads them in order with the recent ones, and deletes them'),
    async () => {
      const site = await open();
      const ingest = await ingestOf(site);
      // The clock is set back a day in the middle.
      const days = [0, 0, 1, 2, 1, 2, 3, 4];
      for (const [i, day] of days.entries())
        for (const topic of ['b', 'a'])
          await ingest.append(testMessage({ values: [i] }, { receivedUs: NOVEMBER + day * DAY + i, topic }));
      await ingest.flush();
      const all = await rawOf(site);
      const segments = await site.archive.archive(NOVEMBER + 3 * DAY + 5);
      expect(segments.map(({ day, first, last, messages }) => [day, first, last, messages])).toEqual([
        ['2026-11-01', 1, 4, 4],
        ['2026-11-02', 5, 10, 4],
        ['2026-11-03', 7, 12, 4],
      ]);
      expect(await rowsOf(site.telemetry, 'raw')).toHaveLength(4);
      expect(await rawOf(site)).toEqual(all);
      // As another reader of Parquet sees a file.
      const file = await asyncBufferFromFile(join(site.archive.dir, segments[1]!.file));
      const others = await parquetReadObjects({ file, compressors, utf8: false });
      expect(others.map(({ id, topic, payload }) => [id, topic, Buffer.from(payload as Uint8Array)])).toEqual(
        all
          .filter(({ id }) => [5, 6, 9, 10].includes(id))
          .sort((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.id - b.id))
          .map(({ id, topic, payload }) => [BigInt(id), topic, Buffer.from(payload)]),
      );
      const expectOnly = async (filter: object, keep: (m: RawMessage) => boolean) =>
        expect(await rawOf(site, filter)).toEqual(all.filter(keep));
      await expectOnly({ topic: 'a' }, ({ topic }) => topic === 'a');
      await expectOnly(
        { topicPrefix: 'b', firstId: 4, lastId: 13 },
        ({ topic, id }) => topic === 'b' && id >= 4 && id <= 13,
      );
      const [fromUs, toUs] = [NOVEMBER + DAY + 2, NOVEMBER + 3 * DAY + 6];
      await expectOnly({ fromUs, toUs }, ({ receivedUs }) => receivedUs >= fromUs && receivedUs < toUs);
      await expectOnly({ source: 'http' }, () => false);
      // Late messages of an archived day make a second file.
      await ingest.append(testMessage({}, { receivedUs: NOVEMBER + 7 }));
      await ingest.flush();
      await site.archive.archive(NOVEMBER + 3 * DAY);
      expect((await site.archive.segments()).map(({ day }) => day)).toEqual([
        '2026-11-01',
        '2026-11-02',
        '2026-11-03',
        '2026-11-01',
      ]);
      await site.archive.expire(NOVEMBER + 2 * DAY + 9);
      expect(readdirSync(site.archive.dir)).toEqual(['raw-2026-11-03-7.parquet']);
      await expectOnly({}, ({ receivedUs }) => receivedUs >= NOVEMBER + 2 * DAY);
      await site.archive.expire(NOVEMBER + 9 * DAY);
      expect(await rawOf(site)).toEqual([]);
    },
  );

  test(title('deletes by tier'), async () => {
    const site = await open('site', { retention: { rawRecentDays: 1, rawDays: 3, pointDays: 5, eventDays: 7 } });
    const ingest = await ingestOf(site);
    for (let day = 0; day < 10; day++)
      await ingest.append(testMessage({ values: [day], event: `${day}` }, { receivedUs: NOVEMBER + day * DAY }));
    await ingest.flush();
    await site.maintain(NOVEMBER + 10 * DAY);
    expect((await rawOf(site)).map(({ id }) => id)).toEqual([8, 9, 10]);
    expect(await rowsOf(site.telemetry, 'raw')).toHaveLength(1);
    expect(await rowsOf(site.telemetry, 'points')).toHaveLength(5);
    expect(await rowsOf(site.telemetry, 'events')).toHaveLength(7);
  });

  test(title('decodes history again, as if the decoder had been there before'), async () => {
    const site = await open();
    const none: SiteIngestOptions['decode'] = ({ topic }) => {
      if (topic === 'x') throw new Error('unknown');
      return { runs: [], events: [] };
    };
    const early = await ingestOf(site, { decode: none });
    for (let i = 0; i < 2500; i++)
      await early.append(
        testMessage(
          { device: `n${i % 3}`, values: [i, i + 1], ...(i % 100 === 0 ? { event: `${i % 500}` } : {}) },
          { receivedUs: NOVEMBER + i * 1e8, topic: i % 2 ? 'x' : 'y' },
        ),
      );
    await early.flush();
    await site.archive.archive(NOVEMBER + 2 * DAY);
    expect(await early.redecode({}, decodeTest)).toBe(2500);
    expect(await early.redecode({ topic: 'x' }, decodeTest)).toBe(1250);
    const late = await open('late', {}, freshSchema());
    const known = await ingestOf(late);
    for (const message of await rawOf(site)) await known.append(message);
    await known.flush();
    const points =
      'SELECT device, name, unit, exponent, t, value, quality, message FROM points JOIN series ON series = id ORDER BY message, t';
    const expected = await late.telemetry.query(points);
    expect(expected).toHaveLength(5000);
    expect(await site.telemetry.query(points)).toEqual(expected);
    expect(await rowsOf(site.telemetry, 'events')).toEqual(await rowsOf(late.telemetry, 'events'));
    await early.redecode({ topic: 'y' }, none);
    expect(await rowsOf(site.telemetry, 'points')).toHaveLength(2500);
  });

  test(title('restores a backup that was made while messages came, row for row'), async () => {
    const site = await open();
    const ingest = await ingestOf(site);
    for (let i = 0; i < 3000; i++)
      await ingest.append(
        testMessage(
          { values: [i], ...(i % 10 ? {} : { event: `${i}` }) },
          { receivedUs: NOVEMBER + i * 1e8, ...cloudEvent('/n', `${i}`) },
        ),
      );
    await ingest.flush();
    await site.archive.archive(NOVEMBER + 2 * DAY);
    await site.registry.query('INSERT INTO assets VALUES ($1, NULL, $2, $3, $4)', ['a', 'site', "o'x", '{}']);
    await site.registry.query('INSERT INTO assets VALUES ($1, $2, $3, $4, $5)', ['b', 'a', 'area', 'ü', '{"x":1}']);
    await site.registry.query('INSERT INTO placements VALUES ($1, $2, $3, NULL)', ['n', 'b', 2 ** 53 - 1]);
    await site.telemetry.mirror('placements', await site.registry.query('SELECT * FROM placements'));
    let sending = true;
    const more = (async () => {
      for (let i = 0; sending; i++) await ingest.append(testMessage({ values: [i] }));
    })();
    const folder = join(root, 'backup');
    const manifest = await backup(site, folder, NOVEMBER / 1000);
    sending = false;
    await more;
    await ingest.flush();
    await expect(backup(site, folder, 0)).rejects.toMatchObject({ code: 'STORE_BACKUP' });
    const other = freshSchema();
    await restore(folder, optionsOf('restored', other));
    const copy = await open('restored', {}, other);
    expect(await copy.telemetry.position()).toBe(manifest.position);
    expect(manifest.position).toBeGreaterThanOrEqual(3000);
    for (const table of TELEMETRY_TABLES) {
      if (table === 'applied') continue;
      const until = ['points', 'events', 'raw', 'seen'].includes(table)
        ? ` WHERE ${table === 'raw' ? 'id' : 'message'} <= ${manifest.position}`
        : '';
      const rows = await rowsOf(copy.telemetry, table);
      expect(rows).toEqual(await rowsOf(site.telemetry, table + until));
      expect(rows).toHaveLength(manifest.rows[`telemetry/${table}`]!);
    }
    for (const table of REGISTRY_TABLES)
      expect(await rowsOf(copy.registry, table)).toEqual(await rowsOf(site.registry, table));
    const lastId = manifest.position;
    expect(await rawOf(copy)).toEqual(await rawOf(site, { lastId }));
    await close(copy);
    await expect(restore(folder, optionsOf('restored', other))).rejects.toMatchObject({ code: 'STORE_BACKUP' });
    // It goes on where the backup ended.
    const again = await ingestOf(await open('restored', {}, other));
    await again.append(testMessage({ values: [1] }, cloudEvent('/n', '2999')));
    await again.append(testMessage({ values: [1] }, cloudEvent('/n', '3000')));
    await again.flush();
    expect(again.stats).toMatchObject({ applied: 1, repeated: 1 });
  });

  test(title('refuses a second owner'), async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    if (postgres) await expect(open('elsewhere')).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await close(first);
    await open();
  });

  test(title('refuses a batch when another has written, and a store that a later version has written'), async () => {
    const site = await open();
    const batch = { series: [], runs: [], events: [], raw: [], seen: [], forgetSeenBefore: 0 };
    await site.telemetry.apply({ ...batch, from: 0, to: 7 });
    await expect(site.telemetry.apply({ ...batch, from: 0, to: 8 })).rejects.toMatchObject({ code: 'STORE_POSITION' });
    expect(await site.telemetry.position()).toBe(7);
    await site.telemetry.query("UPDATE schema_versions SET version = 99 WHERE name = 'telemetry'");
    await close(site);
    await expect(open()).rejects.toMatchObject({ code: 'STORE_VERSION' });
  });

  test(title('closes while somebody reads in portions, who then gets an error'), async () => {
    const site = await open();
    const rows = site.telemetry.stream('SELECT i::bigint AS i FROM generate_series(1, 100000) AS g(i)');
    const reader = rows[Symbol.asyncIterator]();
    expect((await reader.next()).value).not.toEqual([]);
    await close(site);
    await expect(reader.next()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await expect(site.telemetry.query('SELECT 1')).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await open();
  });

  test(title('streams rows, and reports what the database refuses'), async () => {
    const { telemetry, registry } = await open();
    let [rows, sum] = [0, 0n];
    for await (const portion of telemetry.stream(
      'SELECT i::bigint AS i FROM generate_series(1, $1::bigint) AS g(i)',
      [12_345],
    )) {
      rows += portion.length;
      for (const { i } of portion) sum += i as bigint;
    }
    expect([rows, sum]).toEqual([12_345, 76_205_685n]);
    for await (const _ of telemetry.stream('SELECT 1 AS one')) break;
    for (const store of [telemetry, registry])
      await expect(store.query('SELECT nothing FROM nowhere')).rejects.toMatchObject({ code: 'STORE_SQL' });
    const failing = registry.transaction(async (sql) => {
      await sql.query("INSERT INTO settings VALUES ('a', 'b')");
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await registry.query('SELECT * FROM settings')).toEqual([]);
  });
});
