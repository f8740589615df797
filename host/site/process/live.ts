/**
 * Live questions: the rows over history first, then each row that is new, corrected or gone. The run is incremental, over
 * the points of the store and then over those of each batch that gets there, so at each moment its rows are those that the
 * same question returns over history.
 */
import { randomBytes } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
import type { Decoded, PointRun } from '../model/index.ts';
import {
  type Ancestor,
  type Cell,
  type Change,
  type Database,
  Dimensions,
  Incremental,
  type Plan,
  planDigest,
  planFor,
  printQuery,
  type Query,
} from '../query/index.ts';
import { type Applied, type Row, runOf, type SiteStore, type SqlValue } from '../store/index.ts';
import type { Served } from './status.ts';

export type LiveEvent =
  /** All rows so far are void. `rows` names the state that the rows which follow lead to. */
  | { readonly kind: 'columns'; readonly plan: Plan; readonly query: string }
  | { readonly kind: 'rows'; readonly id: string; readonly changes: readonly Change[] }
  /** The rows are those of all that is in the store. */
  | { readonly kind: 'current'; readonly id: string }
  | { readonly kind: 'alive' };

/** Points or events of history of one question; it restricts its time if there are more. */
const MAX_HISTORY = 2_000_000;
/** Rows of one question. */
const MAX_ROWS = 100_000;
/** Rows in one event. */
const PORTION = 500;
/** Messages that come while history is read. */
const MAX_PENDING = 50_000;

/** Names states of this process: another one has read the history anew. */
const PROCESS = randomBytes(4).toString('hex');
let runs = 0;

interface Followed {
  readonly plan: Plan;
  readonly position: number;
  readonly dimensions: Dimensions;
  readonly pending: Applied[];
  /** What the answer depends on besides messages. */
  readonly basis: readonly unknown[];
  onMore(): void;
  stop(): void;
}

const tooMuch = (what: string) => new MoteError('QUERY', `A live question takes ${what}; restrict its time or series.`);

/**
 * Follows a question until `signal` is aborted. `lastId`: the state that the asker has; if it is still that, its rows
 * don't come again. `alive` comes after each `aliveMs` without a change. Throws `QUERY`.
 */
export async function* liveEvents(
  site: Served,
  query: Query,
  { lastId, signal, aliveMs }: { lastId: string | null; signal: AbortSignal; aliveMs: number },
): AsyncGenerator<LiveEvent, void, undefined> {
  const nowUs = site.nowUs();
  const database = databaseOf(site.store);
  let known = lastId;
  while (!signal.aborted) {
    // What is decoded again replaces points that this would read.
    await site.decoders.ended;
    const followed = await follow(site, query, nowUs);
    try {
      yield* followRun(site, followed, { known, signal, aliveMs }, async () => {
        const now = await planFor(database, query, { nowUs });
        return planDigest(now) === planDigest(followed.plan);
      });
    } finally {
      followed.stop();
    }
    known = null;
  }
}

/** The plan and the state of the store, and all messages that get there from then on. */
function follow(site: Served, query: Query, nowUs: number): Promise<Followed> {
  const { store } = site;
  return store.still(async () => {
    const plan = await planFor(databaseOf(store), query, { nowUs });
    const followed = {
      plan,
      position: await store.telemetry.position(),
      dimensions: await readDimensions(store),
      pending: [] as Applied[],
      basis: basisOf(site),
      onMore: () => {},
      stop: () => {},
    };
    followed.stop = site.follow((applied) => {
      if (followed.pending.length < MAX_PENDING) followed.pending.push(...applied);
      followed.onMore();
    });
    return followed;
  });
}

const basisOf = (site: Served): readonly unknown[] => [site.decoders.decodedAgain.messages, site.assets.model];
const isSame = (a: readonly unknown[], b: readonly unknown[]) => a.every((one, i) => one === b[i]);

/** Ends when the run must begin again, because history has changed. */
async function* followRun(
  site: Served,
  followed: Followed,
  { known, signal, aliveMs }: { known: string | null; signal: AbortSignal; aliveMs: number },
  isSamePlan: () => Promise<boolean>,
): AsyncGenerator<LiveEvent, void, undefined> {
  const { plan, position, dimensions, pending, basis } = followed;
  const run = new Incremental(plan, dimensions, { early: true });
  const events = new Set<string>();
  const stateId = (at: number) => `${PROCESS}.${run.digest.slice(0, 8)}.${basis[0]}.${generation(basis[1])}.${at}`;
  for await (const { message, decoded } of history(site.store, plan, position, events)) {
    if (signal.aborted) return;
    run.push(message, decoded);
    if (run.size > MAX_ROWS) throw tooMuch(`at most ${MAX_ROWS} rows`);
  }
  let id = stateId(position);
  const first = run.commit().changes;
  if (known !== id) {
    yield { kind: 'columns', plan, query: printQuery(plan.query) };
    yield* portions(first, id);
  }
  yield { kind: 'current', id };
  let series = site.status().ingest.series;
  while (!signal.aborted) {
    if (pending.length === 0) {
      await more(site, followed, signal, aliveMs);
      if (pending.length === 0 && !signal.aborted) yield { kind: 'alive' };
    }
    if (signal.aborted || !isSame(basis, basisOf(site)) || pending.length >= MAX_PENDING) return;
    if (pending.length === 0) continue;
    const applied = pending.splice(0);
    for (const { message, decoded } of applied)
      if (decoded !== null) run.push(message.id, plan.from === 'events' ? fresh(decoded, events) : decoded);
    if (run.size > MAX_ROWS) throw tooMuch(`at most ${MAX_ROWS} rows`);
    const now = site.status().ingest.series;
    // A new series may have another unit, or a finer exponent.
    if (now !== series && !(await isSamePlan())) return;
    series = now;
    id = stateId(applied.at(-1)!.message.id);
    const { changes } = run.commit();
    if (changes.length === 0) continue;
    yield* portions(changes, id);
    yield { kind: 'current', id };
  }
}

/** A number for each state of the assets in this process. */
const generations = new WeakMap<object, number>();
function generation(model: unknown): number {
  const known = generations.get(model as object);
  if (known !== undefined) return known;
  generations.set(model as object, ++runs);
  return runs;
}

/** Until there are messages, the time is over, or the asker has gone. */
function more(site: Served, followed: Followed, signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener('abort', done);
      followed.onMore = () => {};
      resolve();
    };
    const cancel = site.clock.after(ms, done);
    signal.addEventListener('abort', done);
    followed.onMore = done;
    if (followed.pending.length > 0 || signal.aborted) done();
  });
}

function* portions(changes: readonly Change[], id: string): Generator<LiveEvent> {
  for (let i = 0; i < changes.length; i += PORTION) yield { kind: 'rows', id, changes: changes.slice(i, i + PORTION) };
}

/** A store has an event once, whenever it comes again. */
function fresh({ runs: own, events }: Decoded, seen: Set<string>): Decoded {
  const fresh = events.filter(({ device, id }) => {
    const key = `${device.length}:${device}${id}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return { runs: own, events: fresh };
}

interface Step {
  readonly message: number;
  readonly decoded: Decoded;
}

/** What the store has of each message, in their order. */
async function* history(
  { telemetry }: SiteStore,
  plan: Plan,
  position: number,
  seen: Set<string>,
): AsyncGenerator<Step, void, undefined> {
  const { text, values } = plan.from === 'points' ? pointsOf(plan, position) : eventsOf(position);
  let count = 0;
  let step: { message: number; decoded: { runs: PointRun[]; events: Decoded['events'][number][] } } | undefined;
  for await (const rows of telemetry.stream(text, values)) {
    count += rows.length;
    if (count > MAX_HISTORY) throw tooMuch(`at most ${MAX_HISTORY} points or events of history`);
    for (const row of rows) {
      const message = Number(row.message);
      if (step?.message !== message) {
        if (step !== undefined) yield step;
        step = { message, decoded: { runs: [], events: [] } };
      }
      if (plan.from === 'points') step.decoded.runs.push(runOf(row));
      else step.decoded.events.push(...fresh({ runs: [], events: [eventOf(row)] }, seen).events);
    }
  }
  if (step !== undefined) yield step;
}

function pointsOf({ source, time }: Plan, position: number): { text: string; values: SqlValue[] } {
  const values: SqlValue[] = [position];
  const parameter = (value: SqlValue) => `$${values.push(value)}`;
  const conditions = ['points.message <= $1'];
  for (const { column, texts, not } of source)
    if (column.kind === 'device' || column.kind === 'name' || column.kind === 'unit')
      conditions.push(`series.${column.kind} ${not ? 'NOT IN' : 'IN'} (${texts.map(parameter).join(', ')})`);
  if (time.min !== null) conditions.push(`points.t >= ${parameter(time.min)}`);
  if (time.max !== null) conditions.push(`points.t <= ${parameter(time.max)}`);
  const text = `SELECT points.message, device, name, unit, exponent, quality, t, value FROM points
    JOIN series ON series.id = points.series WHERE ${conditions.join(' AND ')} ORDER BY points.message`;
  return { text, values };
}

const eventsOf = (position: number) => ({
  text: 'SELECT message, device, name, t, id FROM events WHERE message <= $1 ORDER BY message',
  values: [position],
});

const eventOf = (row: Row) => ({
  device: String(row.device),
  name: String(row.name),
  timeUs: Number(row.t),
  id: String(row.id),
  body: null,
});

async function readDimensions({ telemetry }: SiteStore): Promise<Dimensions> {
  const validity = ({ valid_from, valid_to }: Row) => ({
    from: Number(valid_from),
    to: valid_to === null ? null : Number(valid_to),
  });
  const attributes = async (table: string, key: string) =>
    (await telemetry.query(`SELECT asset, ${key} AS key, value, valid_from, valid_to FROM ${table}`)).map((row) => ({
      asset: String(row.asset),
      key: String(row.key),
      value: String(row.value),
      ...validity(row),
    }));
  const placements = await telemetry.query('SELECT device, asset, valid_from, valid_to FROM placements');
  const ancestors = await telemetry.query('SELECT asset, level, ancestor FROM asset_levels');
  return new Dimensions(
    placements.map((row) => ({ device: String(row.device), asset: String(row.asset), ...validity(row) })),
    await attributes('asset_tags', 'key'),
    await attributes('context', 'kind'),
    ancestors.map(({ asset, level, ancestor }) => ({
      asset: String(asset),
      level: String(level) as Ancestor['level'],
      ancestor: String(ancestor),
    })),
  );
}

export function databaseOf({ telemetry }: SiteStore): Database {
  return {
    dialect: telemetry.dialect,
    rows: async (sql) => (await telemetry.query(sql)).map((row) => Object.values(row)),
  };
}

/** Integers as text, because JSON has no 64 bits. */
export const cellTexts = (row: readonly Cell[]): (string | null)[] =>
  row.map((cell) => (typeof cell === 'bigint' ? cell.toString() : cell));
