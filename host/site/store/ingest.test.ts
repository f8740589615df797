import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cases } from '../../base/test-form.ts';
import type { Applied } from './batch.ts';
import type { Ingest } from './ingest.ts';
import { type SiteIngestOptions, SiteStore, type StoreOptions } from './site-store.ts';
import { cloudEvent, DAY, decodeTest, NOVEMBER, rowsOf, testMessage } from './testing.ts';

let root: string;
let site: SiteStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'moteware-ingest-'));
});
afterEach(async () => {
  await site.close();
  rmSync(root, { recursive: true, force: true });
});

async function open(options: Partial<SiteIngestOptions> = {}, stores: Partial<StoreOptions> = {}): Promise<Ingest> {
  site = await SiteStore.open({ dir: join(root, 'site'), ...stores });
  return site.ingest({ decode: decodeTest, applyMs: 1, sync: 'os', ...options });
}
/** Holds the store until `release` is called. */
function held(ingest: Ingest): { release(): Promise<void> } {
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  const done = ingest.paused(() => until);
  return {
    release: () => {
      release();
      return done;
    },
  };
}

it('acknowledges while the store is held, then holds senders back, then refuses, and loses nothing of what it took', async () => {
  const ingest = await open({ journalBytes: 20_000, memoryBytes: 10_000 });
  const { release } = held(ingest);
  const padding = 'x'.repeat(200);
  let [durable, refused] = [0, 0];
  const sends: Promise<void>[] = [];
  for (let i = 0; i < 400; i++) {
    const send = ingest.append(testMessage({ values: [i], padding })).then(
      () => {
        durable++;
      },
      ({ code }) => {
        expect(code).toBe('STORE_FULL');
        refused++;
      },
    );
    sends.push(send);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  const { blocked, waiting } = ingest.stats;
  expect(durable).toBeGreaterThan(50);
  expect(waiting.bytes).toBeLessThan(21_000);
  expect(blocked).toBeGreaterThan(10);
  expect(durable + blocked + refused).toBe(400);
  expect(refused).toBe(ingest.stats.refused);
  await release();
  await Promise.all(sends);
  await ingest.flush();
  expect(durable + refused).toBe(400);
  const values = (await site.telemetry.query('SELECT value FROM points ORDER BY message')).map(({ value }) =>
    Number(value),
  );
  expect(values).toHaveLength(durable);
  expect(values).toEqual([...values].sort((a, b) => a - b));
});

it('applies what a killed process left in the journal, with messages that memory has no room for', async () => {
  const first = await open({ memoryBytes: 2000 });
  const { release } = held(first);
  for (let i = 0; i < 50; i++) await first.append(testMessage({ values: [i] }, cloudEvent('/n', `${i}`)));
  const aborted = first.abort();
  await release();
  await aborted;
  await site.close();
  const second = await open({ memoryBytes: 2000 });
  await second.flush();
  const values = await site.telemetry.query('SELECT value FROM points ORDER BY message');
  const before = await rowsOf(site.telemetry, 'points');
  expect(values.map(({ value }) => Number(value))).toEqual(Array.from({ length: 50 }, (_, i) => i));
  await site.close();
  await open();
  expect(await rowsOf(site.telemetry, 'points')).toEqual(before);
});

it('reports what is in the store to who listens, in order, without repeated messages', async () => {
  const heard: Applied[] = [];
  const ingest = await open({ onApplied: (applied) => heard.push(...applied) });
  await ingest.append(testMessage({ values: [1] }, cloudEvent('/n', '1')));
  await ingest.append(testMessage({ values: [1] }, cloudEvent('/n', '1')));
  await ingest.append(testMessage({}, { payload: Uint8Array.of(0) }));
  await ingest.append(testMessage({ values: [2] }));
  await ingest.flush();
  expect(heard.map(({ message, decoded }) => [message.id, decoded?.runs.length])).toEqual([
    [1, 1],
    [3, undefined],
    [4, 1],
  ]);
});

it('limits the series of a device and of the site, and keeps the others', async () => {
  const ingest = await open({ maxSeriesPerDevice: 3, maxSeries: 5 });
  for (const device of ['a', 'b'])
    for (let i = 0; i < 5; i++) await ingest.append(testMessage({ device, name: `x${i}`, values: [i] }));
  for (const device of ['a', 'b', 'c']) await ingest.append(testMessage({ device, name: 'x0', values: [7] }));
  await ingest.flush();
  expect(ingest.stats).toMatchObject({ series: 5, points: 7, rejected: 6 });
  expect(ingest.stats.rejectedBy).toEqual(new Map([['STORE_SERIES', 6]]));
  expect(await rowsOf(site.telemetry, 'raw')).toHaveLength(13);
});

it('keeps all points while they are sorted beside batches and questions', async () => {
  const ingest = await open({}, { compactPoints: 500 });
  let [sent, seen] = [0, 0];
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 10; i++)
      void ingest.append(testMessage({ name: `x${i}`, values: Array.from({ length: 20 }, () => sent++) }));
    const [row] = await site.telemetry.query('SELECT count(*) AS n FROM points');
    expect(Number(row!.n)).toBeGreaterThanOrEqual(seen);
    seen = Number(row!.n);
  }
  await ingest.flush();
  await site.telemetry.compact();
  const [row] = await site.telemetry.query(
    'SELECT count(*) AS n, count(DISTINCT value) AS d, max(value) AS m FROM points',
  );
  expect(row).toEqual({ n: 8000n, d: 8000n, m: 7999n });
  expect(await rowsOf(site.telemetry, 'points_recent')).toEqual([]);
});

it('equals lists in memory under any sequence of messages, restarts, archives, deletions and new decoders', async () => {
  const command = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), id: fc.nat(30), day: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('archive' as const), day: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), day: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('redecode' as const), sign: fc.constantFrom(1, -1) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
  );
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
      const dir = join(root, `${run++}`);
      const start = async () => {
        site = await SiteStore.open({ dir, compactPoints: 5 });
        return site.ingest({ decode: decodeTest, applyMs: 0, sync: 'os', maxBatchMessages: 3 });
      };
      let ingest = await start();
      const known = new Set<number>();
      let raw: { n: number; id: number; day: number }[] = [];
      const points = new Map<number, number>();
      let n = 0;
      for (const c of commands) {
        if (c.do === 'append') {
          n++;
          const receivedUs = NOVEMBER + c.day * DAY;
          await ingest.append(testMessage({ values: [c.id] }, { receivedUs, ...cloudEvent('/n', `${c.id}`) }));
          if (known.has(c.id)) continue;
          known.add(c.id);
          raw.push({ n, id: c.id, day: c.day });
          points.set(n, c.id);
        } else if (c.do === 'flush') await ingest.flush();
        else if (c.do === 'restart') {
          await site.close();
          ingest = await start();
        } else if (c.do === 'compact') await site.telemetry.compact();
        else if (c.do === 'redecode') {
          await ingest.redecode({}, (message) => {
            const { runs, events } = decodeTest(message);
            return { runs: runs.map((r) => ({ ...r, values: r.values.map((v) => Number(v) * c.sign) })), events };
          });
          for (const m of raw) points.set(m.n, m.id * c.sign || 0);
        } else {
          await ingest.flush();
          const end = NOVEMBER + c.day * DAY;
          if (c.do === 'archive') await site.archive.archive(end);
          else {
            await site.archive.expire(end);
            raw = raw.filter(({ day }) => day >= c.day);
          }
        }
      }
      await ingest.flush();
      const ids: number[] = [];
      for await (const portion of site.archive.read({}, 2)) ids.push(...portion.map(({ id }) => id));
      expect(ids).toEqual(raw.map((m) => m.n));
      const stored = await site.telemetry.query('SELECT message, value FROM points ORDER BY message');
      expect(stored.map((row) => [Number(row.message), Number(row.value)])).toEqual([...points]);
      await site.close();
    }),
    { numRuns: cases(100) },
  );
});
