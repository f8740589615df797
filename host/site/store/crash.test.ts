/** Ends real processes and servers at random moments. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { lacking, titled } from '../../base/needs.ts';
import { cases } from '../../base/test-form.ts';
import { Compiled, randomBelow } from '../../base/testing.ts';
import { SqliteRegistry } from './registry.ts';
import { SiteStore } from './site-store.ts';
import { cloudEvent, decodeTest, PostgresServer, rowsOf, testMessage } from './testing.ts';

let compiled: Compiled;
let root: string;
beforeAll(async () => {
  compiled = await Compiled.of('host/site/store/index.ts');
});
afterAll(() => compiled.delete());
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moteware-crash-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const linesOf = (file: string): number[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
const RUNS = cases(200);

it(`loses and doubles no acknowledged message in ${RUNS} processes that end by kill -9`, async () => {
  const acknowledged = join(root, 'acknowledged');
  appendFileSync(acknowledged, '');
  const random = randomBelow(2026);
  for (let run = 0; run < RUNS; run++) {
    // What was sent and not acknowledged is sent again, as QoS 1 does.
    const first = Math.max(-1, ...linesOf(acknowledged)) + 1 - Math.min(random(5), run);
    const child = await compiled.run(`
      const { appendFileSync } = await import('node:fs');
      const decode = ({ payload, receivedUs }) => {
        const value = Number(Buffer.from(payload).toString());
        const run = { device: 'n', name: 'x', unit: '', exponent: 0, quality: 0, timesUs: [value], values: [value] };
        return { runs: [run], events: [{ device: 'n', name: 'e', timeUs: value, id: String(value), body: value }] };
      };
      const site = await SiteStore.open({ dir: ${JSON.stringify(join(root, 'site'))}, compactPoints: 500 });
      const ingest = await site.ingest({ decode, applyMs: 1, maxBatchMessages: ${1 + random(40)} });
      let next = ${Math.max(0, first)};
      let count = 0;
      const send = async () => {
        for (;;) {
          const value = next++;
          const properties = { userProperties: { specversion: '1.0', source: '/n', id: String(value) } };
          const payload = Buffer.from(String(value));
          await ingest.append({ receivedUs: 1e15 + value, source: 'mqtt', topic: 't', properties, payload });
          appendFileSync(${JSON.stringify(acknowledged)}, value + '\\n');
          if (++count === ${1 + random(300)}) print('enough');
        }
      };
      for (let i = 0; i < 10; i++) void send();
    `);
    await child.kill();
  }
  const site = await SiteStore.open({ dir: join(root, 'site') });
  const ingest = await site.ingest({ decode: () => ({ runs: [], events: [] }) });
  await ingest.flush();
  const sent = [...new Set(linesOf(acknowledged))].sort((a, b) => a - b);
  for (const [text, column] of [
    ['SELECT value FROM points', 'value'],
    ['SELECT t FROM events', 't'],
    ['SELECT received - 1000000000000000 AS n FROM raw', 'n'],
  ] as const) {
    const stored = (await site.telemetry.query(text)).map((row) => Number(row[column])).sort((a, b) => a - b);
    // The journal's rest was decoded by another decoder here.
    const doubled = stored.filter((value, i) => value === stored[i - 1]);
    expect(doubled).toEqual([]);
    const all = new Set(stored);
    if (column === 'n') expect(sent.filter((value) => !all.has(value))).toEqual([]);
  }
  const halves = await site.telemetry.query(
    `SELECT count(*) AS n FROM points p LEFT JOIN raw r ON r.id = p.message LEFT JOIN events e ON e.message = p.message
     WHERE r.id IS NULL OR e.id IS NULL OR r.received - 1000000000000000 <> p.value OR e.t <> p.value`,
  );
  expect(halves).toEqual([{ n: 0n }]);
  expect(sent.length).toBeGreaterThan(RUNS);
  await site.close();
});

it(`loses no row of SQLite that was committed in ${cases(50)} processes that end by kill -9`, async () => {
  const committed = join(root, 'committed');
  const file = join(root, 'registry.sqlite');
  const random = randomBelow(99);
  for (let run = 0; run < cases(50); run++) {
    const child = await compiled.run(`
      const { appendFileSync } = await import('node:fs');
      const registry = await SqliteRegistry.open(${JSON.stringify(file)});
      for (let i = ${run * 1000}; ; i++) {
        await registry.transaction(async (sql) => {
          await sql.query('INSERT INTO settings VALUES ($1, $2)', ['a' + i, 'x']);
          await sql.query('INSERT INTO settings VALUES ($1, $2)', ['b' + i, 'x']);
        });
        appendFileSync(${JSON.stringify(committed)}, i + '\\n');
        if (i === ${run * 1000 + random(50)}) print('enough');
        if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    `);
    await child.kill();
  }
  const registry = await SqliteRegistry.open(file);
  const keys = new Set((await registry.query('SELECT key FROM settings')).map(({ key }) => String(key)));
  await registry.close();
  for (const i of linesOf(committed)) expect([keys.has(`a${i}`), keys.has(`b${i}`)]).toEqual([true, true]);
  for (const key of keys) expect(keys.has((key.startsWith('a') ? 'b' : 'a') + key.slice(1))).toBe(true);
});

const missing = lacking('psql');
it.skipIf(missing !== null)(
  titled('stores each message once when the PostgreSQL server is killed and started again', missing),
  async () => {
    const server = await PostgresServer.start();
    try {
      const problems: string[] = [];
      const site = await SiteStore.open({ dir: join(root, 'site'), postgres: server.url });
      const onProblem = ({ code }: { code: string }) => problems.push(code);
      const ingest = await site.ingest({ decode: decodeTest, applyMs: 1, sync: 'os', maxBatchMessages: 7, onProblem });
      let sent = 0;
      for (let kill = 0; kill < 3; kill++) {
        const sending: Promise<void>[] = [];
        for (let i = 0; i < 200; i++)
          sending.push(ingest.append(testMessage({ values: [sent], event: `${sent}` }, cloudEvent('/n', `${sent++}`))));
        await Promise.all(sending);
        await server.kill();
        // Acknowledged while the server is away.
        await ingest.append(testMessage({ values: [sent], event: `${sent}` }, cloudEvent('/n', `${sent++}`)));
        await server.run();
        await ingest.flush();
      }
      expect(await rowsOf(site.telemetry, 'points')).toHaveLength(sent);
      expect(await rowsOf(site.telemetry, 'events')).toHaveLength(sent);
      expect(await rowsOf(site.telemetry, 'raw')).toHaveLength(sent);
      expect(problems.length).toBeGreaterThan(0);
      await site.close();
    } finally {
      await server.delete();
    }
  },
);
