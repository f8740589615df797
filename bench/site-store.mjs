// The stores of a site: node bench/site-store.mjs [--points N] [--postgres URL] (after npm run setup).
// Measures points/s from messages of 20 samples into rows, the time from a message to its row, and bytes a point in the
// store and in the raw files. Writes bench/site-store.json. With --postgres the same goes to that server, in a schema of
// its own that is deleted at the end.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from '../scripts/run.mjs';

const load = (path) => import(pathToFileURL(join(root, 'dist/host', path)).href);
const { SiteStore } = await load('site/store/index.js');
const { decodeTelemetry, encodeTelemetry } = await load('messaging/topics/index.js');

const { values: options } = parseArgs({
  options: { points: { type: 'string', default: '10000000' }, postgres: { type: 'string' }, json: { type: 'string' } },
});
const POINTS = Number(options.points);
const NODES = 250;
const METRICS = 4;
const SAMPLES = 20;
const DT_US = 50_000;
const START_US = Date.UTC(2026, 10, 1) * 1000;

/** Steady series: each node has a level for each metric, around which the values move by a few steps. */
let x = 12345;
const random = (below) => {
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  return (x >>> 0) % below;
};
const names = ['temperature', 'current', 'speed', 'vibration'];
const series = Array.from({ length: NODES * METRICS }, (_, i) => ({
  node: i % NODES,
  metric: (i / NODES) | 0,
  level: 2000 + random(500),
  seq: 0,
}));

/** Frame number n: all series send one after the other, each once in 20 samples. */
function message(n, receivedUs) {
  const one = series[n % series.length];
  const t0Us = START_US + Math.floor(n / series.length) * SAMPLES * DT_US + (one.node % 100) * 1000;
  const values = [];
  for (let i = 0; i < SAMPLES; i++) {
    one.level += random(8) === 0 ? random(3) - 1 : 0;
    values.push(one.level);
  }
  const seq = one.seq++;
  const name = `pump-${one.node}`;
  const payload = encodeTelemetry({
    metric: one.metric,
    t0Ms: t0Us / 1000,
    dtUs: DT_US,
    values,
    exponent: -2,
    quality: 0,
    seq,
  });
  const source = `/mote/d/${name}`;
  const time = new Date(t0Us / 1000).toISOString();
  const id = `7-t-${one.metric}-${seq}`;
  const user = { specversion: '1.0', id, source, type: 'moteware.telemetry.v1', time, subject: names[one.metric] };
  const properties = { contentType: 'application/cbor', expirySeconds: 86_400, userProperties: user };
  return {
    receivedUs: receivedUs ?? t0Us + SAMPLES * DT_US,
    source: 'mqtt',
    topic: `mote/d/${name}/t`,
    properties,
    payload,
  };
}
function decode({ topic, payload }) {
  const { metric, t0Ms, dtUs, values, exponent, quality } = decodeTelemetry(payload);
  const timesUs = values.map((_, i) => t0Ms * 1000 + i * dtUs);
  return {
    runs: [{ device: topic.split('/')[2], name: names[metric], unit: 'Cel', exponent, quality, timesUs, values }],
    events: [],
  };
}

const dir = mkdtempSync(join(tmpdir(), 'mote-bench-'));
const schema = `bench_${process.pid}`;
const site = await SiteStore.open({ dir, ...(options.postgres ? { postgres: options.postgres, schema } : {}) });
let onApplied = () => {};
const problems = [];
const onProblem = (error) => problems.push(error.message);
const ingest = await site.ingest({ decode, onApplied: (applied) => onApplied(applied), onProblem });
const results = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', store: site.telemetry.dialect };
const say = (text) => console.log(text);
const quantile = (sorted, q) =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] * 10) / 10;

let sent = 0;
/** From messages in memory to durable in the journal, decoded and committed. */
async function flood(messages) {
  let open = 0;
  let wake;
  const started = performance.now();
  for (let i = 0; i < messages; i++) {
    open++;
    void ingest.append(message(sent++)).then(() => {
      open--;
      wake?.();
    });
    if (open >= 2000)
      await new Promise((resolve) => {
        wake = resolve;
      });
  }
  await ingest.flush();
  return (performance.now() - started) / 1000;
}

/** From `append` to the commit, at a steady rate, in messages/s. */
async function paced(rate, seconds) {
  const begun = [];
  const durable = [];
  const stored = [];
  onApplied = (applied) => {
    const now = performance.now();
    for (let i = 0; i < applied.length; i++) stored.push(now - begun[stored.length]);
  };
  const started = performance.now();
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(((performance.now() - started) / 1000) * rate, rate * seconds);
      while (begun.length < due) {
        const now = performance.now();
        begun.push(now);
        void ingest.append(message(sent++)).then(() => durable.push(performance.now() - now));
      }
      if (begun.length >= rate * seconds) {
        clearInterval(timer);
        resolve();
      }
    }, 5);
  });
  await ingest.flush();
  onApplied = () => {};
  for (const list of [durable, stored]) list.sort((a, b) => a - b);
  return {
    pointsPerSecond: rate * SAMPLES,
    seconds,
    durableMs: { p50: quantile(durable, 0.5), p99: quantile(durable, 0.99) },
    storedMs: { p50: quantile(stored, 0.5), p99: quantile(stored, 0.99), max: quantile(stored, 1) },
  };
}

try {
  say(`${results.store}: ${series.length} series, ${SAMPLES} samples a message`);
  await flood(2000);
  results.latency = await paced(1000, 15);
  const { durableMs, storedMs } = results.latency;
  say(
    `at 20,000 points/s: durable in ${durableMs.p50} ms (p99 ${durableMs.p99}), a row in ${storedMs.p50} ms (p99 ${storedMs.p99}, max ${storedMs.max})`,
  );

  const messages = Math.ceil(POINTS / SAMPLES);
  const seconds = await flood(messages);
  results.ingest = {
    points: messages * SAMPLES,
    seconds,
    pointsPerSecond: Math.round((messages * SAMPLES) / seconds),
    rssMb: Math.round(process.memoryUsage().rss / 2 ** 20),
  };
  say(
    `journal, decoding and store: ${results.ingest.pointsPerSecond.toLocaleString('en-US')} points/s, ${results.ingest.rssMb} MB`,
  );

  const batches = [];
  const position = await site.telemetry.position();
  for (let i = 0; i < 200; i++) {
    const raw = [];
    const runs = [];
    for (let j = 0; j < 500; j++) {
      const id = position + 1 + i * 500 + j;
      const one = { ...message(sent++), id };
      raw.push(one);
      const { timesUs, values, quality } = decode(one).runs[0];
      runs.push({ series: 1 + (id % series.length), message: id, timesUs, values, quality });
    }
    batches.push({
      from: position + i * 500,
      to: position + (i + 1) * 500,
      raw,
      runs,
      series: [],
      events: [],
      seen: [],
      forgetSeenBefore: 0,
    });
  }
  const begun = performance.now();
  for (const batch of batches) await site.telemetry.apply(batch);
  const took = (performance.now() - begun) / 1000;
  results.apply = { points: 2_000_000, seconds: took, pointsPerSecond: Math.round(2_000_000 / took) };
  say(`store alone, batches of 10,000 points: ${results.apply.pointsPerSecond.toLocaleString('en-US')} points/s`);

  const segments = await site.archive.archive(Date.UTC(2027, 0, 1) * 1000);
  const rawBytes = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  const rawMessages = segments.reduce((sum, { messages: n }) => sum + n, 0);
  const received =
    rawMessages === 0
      ? 0
      : Array.from({ length: 1000 }, (_, i) => message(sent + i)).reduce(
          (sum, m) => sum + m.payload.length + m.topic.length + JSON.stringify(m.properties).length,
          0,
        ) / 1000;
  results.raw = {
    messages: rawMessages,
    bytesPerMessage: rawBytes / rawMessages,
    bytesPerPoint: rawBytes / rawMessages / SAMPLES,
    receivedBytesPerMessage: received,
  };
  say(
    `raw files: ${results.raw.bytesPerMessage.toFixed(1)} bytes a message (${received.toFixed(0)} as received), ${results.raw.bytesPerPoint.toFixed(2)} bytes a point`,
  );
  results.points = await storeBytes();
  for (const [order, { points, bytesPerPoint }] of Object.entries(results.points))
    say(`store, points ${order}: ${bytesPerPoint.toFixed(2)} bytes a point (${points.toLocaleString('en-US')} points)`);
  if (problems.length > 0) results.problems = problems;
} finally {
  if (options.postgres)
    for (const name of [schema, `${schema}_registry`]) await site.telemetry.query(`DROP SCHEMA ${name} CASCADE`);
  await site.close();
  rmSync(dir, { recursive: true, force: true });
}
writeFileSync(
  options.json ?? join(root, 'bench', `site-store${options.postgres ? '-postgresql' : ''}.json`),
  `${JSON.stringify(results, null, 2)}\n`,
);

/** Bytes of the points alone: in DuckDB those that were sorted, and those in the order of their arrival. */
async function storeBytes() {
  const countOf = async (table) => Number((await site.telemetry.query(`SELECT count(*) AS n FROM ${table}`))[0].n);
  if (options.postgres) {
    const [row] = await site.telemetry.query(`SELECT pg_total_relation_size('points') AS bytes`);
    const points = await countOf('points');
    return { stored: { points, bytesPerPoint: Number(row.bytes) / points } };
  }
  const sizes = {};
  for (const [order, table] of [
    ['sorted', 'points_history'],
    ['as they arrived', 'points_recent'],
  ]) {
    // The store sorts beside its other work.
    while ((await countOf(table)) === 0) await new Promise((resolve) => setTimeout(resolve, 200));
    // In a file of their own, because the blocks of the store's file also hold raw messages and what was deleted.
    const copy = join(dir, `${table}.duckdb`);
    await site.telemetry.query(`ATTACH '${copy}' AS copied`);
    await site.telemetry.query(`CREATE TABLE copied.points AS SELECT * FROM ${table}`);
    await site.telemetry.query('DETACH copied');
    const points = await countOf(table);
    sizes[order] = { points, bytesPerPoint: statSync(copy).size / points };
  }
  return sizes;
}
