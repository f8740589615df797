/**
 * Raw messages of past days, in Parquet files that any reader of Parquet opens; those of recent days are in the store.
 * A file holds messages of one UTC day, ordered by topic and id: similar messages compress each other, and what one
 * topic sent is found by the statistics of the file. The table `raw_segments` decides which files count.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawMessage } from '../model/index.ts';
import { loadDuckDb } from './duckdb.ts';
import { parquetRows } from './parquet-rows.ts';
import { messageOf, RAW_COLUMNS } from './raw-row.ts';
import { Gate, integer } from './sql.ts';
import { type RawFilter, rawWhere, type TelemetryStore } from './telemetry.ts';

export const DAY_US = 86_400_000_000;
/** Messages of one portion that is read from the store. */
const PORTION = 1000;
const NAME = /^raw-\d{4,6}-\d\d-\d\d-\d+\.parquet(\.draft|\.tmp)?$/;

export interface RawSegment {
  readonly file: string;
  /** UTC, such as 2026-11-29. */
  readonly day: string;
  readonly first: number;
  readonly last: number;
  readonly messages: number;
  readonly bytes: number;
}

export class RawArchive {
  readonly dir: string;
  readonly #store: TelemetryStore;
  /** Who reads needs files and rows to stay where they are. */
  readonly #gate = new Gate();

  private constructor(store: TelemetryStore, dir: string) {
    this.#store = store;
    this.dir = dir;
  }

  /** `dir`: a folder for these files, created if missing. Deletes what a crash has left there. */
  static async open(store: TelemetryStore, dir: string): Promise<RawArchive> {
    const archive = new RawArchive(store, dir);
    await mkdir(dir, { recursive: true });
    const known = new Set((await archive.segments()).map(({ file }) => file));
    for (const name of await readdir(dir))
      if (NAME.test(name) && !known.has(name)) await rm(join(dir, name), { force: true, recursive: true });
    return archive;
  }

  async segments(): Promise<RawSegment[]> {
    const rows = await this.#store.query('SELECT * FROM raw_segments ORDER BY first, file');
    return rows.map((row) => ({
      file: String(row.file),
      day: String(row.day),
      first: integer(row.first),
      last: integer(row.last),
      messages: integer(row.messages),
      bytes: integer(row.bytes),
    }));
  }

  /** Moves the messages of all days that ended until `untilUs` (UTC) into files. Returns the new files. */
  async archive(untilUs: number): Promise<RawSegment[]> {
    const days = await this.#store.query(
      `SELECT received - received % ${DAY_US} AS day, min(id) AS first, max(id) AS last, count(*) AS messages
       FROM raw WHERE received < $1 GROUP BY 1 ORDER BY 1`,
      [untilUs - (untilUs % DAY_US)],
    );
    const segments: RawSegment[] = [];
    for (const row of days) {
      const [dayUs, first, last] = [integer(row.day), integer(row.first), integer(row.last)];
      // Messages of that day that come meanwhile, because a clock was set back, are left for the next time.
      const rows = `received - received % ${DAY_US} = ${dayUs} AND id BETWEEN ${first} AND ${last}`;
      const day = new Date(dayUs / 1000).toISOString().replace(/T.*/, '');
      const file = `raw-${day.replace('+', '')}-${first}.parquet`;
      const path = join(this.dir, file);
      await this.#store.copyToParquet(`SELECT ${RAW_COLUMNS} FROM raw WHERE ${rows} ORDER BY topic, id`, path);
      const segment = { file, day, first, last, messages: integer(row.messages), bytes: (await stat(path)).size };
      await this.#gate.exclusive(() =>
        this.#store.transaction(async (sql) => {
          await sql.query('INSERT INTO raw_segments VALUES ($1, $2, $3, $4, $5, $6)', Object.values(segment));
          await sql.query(`DELETE FROM raw WHERE ${rows}`);
        }),
      );
      segments.push(segment);
    }
    return segments;
  }

  /** Deletes the messages of all days that ended until `untilUs` (UTC), in files and in the store. */
  async expire(untilUs: number): Promise<void> {
    const end = untilUs - (untilUs % DAY_US);
    const gone = (await this.segments()).filter(({ day }) => Date.parse(day) * 1000 + DAY_US <= end);
    await this.#gate.exclusive(async () => {
      await this.#store.transaction(async (sql) => {
        for (const { file } of gone) await sql.query('DELETE FROM raw_segments WHERE file = $1', [file]);
        await sql.query('DELETE FROM raw WHERE received < $1', [end]);
      });
      for (const { file } of gone) await rm(join(this.dir, file), { force: true });
    });
  }

  /** Runs `work` with the names of the files, none of which changes or goes meanwhile. */
  async hold<T>(work: (files: string[]) => Promise<T>): Promise<T> {
    const leave = await this.#gate.enter(false);
    try {
      return await work((await this.segments()).map(({ file }) => file));
    } finally {
      leave();
    }
  }

  /** All messages that a filter selects, in the order of their ids, in portions of at most `count`. */
  async *read(filter: RawFilter, count = PORTION): AsyncIterable<RawMessage[]> {
    const leave = await this.#gate.enter(false);
    try {
      const files = one(this.#fromFiles(filter));
      const recent = one(this.#fromStore(filter));
      let portion: RawMessage[] = [];
      for await (const message of merged(files, recent)) {
        portion.push(message);
        if (portion.length < count) continue;
        yield portion;
        portion = [];
      }
      if (portion.length > 0) yield portion;
    } finally {
      leave();
    }
  }

  /** The latest messages of each topic in the order of their ids, as far as they are recent and no longer than that. */
  async latest(
    topics: readonly string[],
    { firstId, lastId }: { firstId: number; lastId: number },
    count: number,
    maxPayloadBytes: number,
  ): Promise<RawMessage[]> {
    if (topics.length === 0) return [];
    const marks = topics.map((_, i) => `$${i + 3}`).join(', ');
    const rows = await this.#store.query(
      `SELECT ${RAW_COLUMNS} FROM (
         SELECT ${RAW_COLUMNS}, row_number() OVER (PARTITION BY topic ORDER BY id DESC) AS place FROM raw
         WHERE id >= $1 AND id <= $2 AND topic IN (${marks}) AND octet_length(payload) <= ${maxPayloadBytes}
       ) AS ranked WHERE place <= ${count} ORDER BY id`,
      [firstId, lastId, ...topics],
    );
    return rows.map(messageOf);
  }

  async *#fromStore(filter: RawFilter): AsyncIterable<RawMessage[]> {
    let after = 0;
    for (;;) {
      const { text, values } = rawWhere({ ...filter, firstId: Math.max(filter.firstId ?? 0, after + 1) });
      const rows = await this.#store.query(
        `SELECT ${RAW_COLUMNS} FROM raw WHERE ${text} ORDER BY id LIMIT ${PORTION}`,
        values,
      );
      if (rows.length > 0) yield rows.map(messageOf);
      if (rows.length < PORTION) return;
      after = integer(rows.at(-1)!.id);
    }
  }

  async *#fromFiles(filter: RawFilter): AsyncIterable<RawMessage[]> {
    const { fromUs = -Infinity, toUs = Infinity, firstId = 0, lastId = Infinity } = filter;
    const needed = (await this.segments()).filter(({ day, first, last }) => {
      const startUs = Date.parse(day) * 1000;
      return startUs < toUs && startUs + DAY_US > fromUs && first <= lastId && last >= firstId;
    });
    const { text, values } = rawWhere(filter);
    for (const group of overlapping(needed)) {
      const paths = group.map(({ file }) => join(this.dir, file));
      const select = `SELECT ${RAW_COLUMNS} FROM files WHERE ${text} ORDER BY id`;
      for await (const rows of parquetRows(await loadDuckDb(), paths, select, values)) yield rows.map(messageOf);
    }
  }
}

/** Files whose ids overlap are one group. A clock that was set back makes them. */
function overlapping(segments: readonly RawSegment[]): RawSegment[][] {
  const groups: RawSegment[][] = [];
  let last = -1;
  for (const segment of segments) {
    if (segment.first <= last) groups.at(-1)!.push(segment);
    else groups.push([segment]);
    last = Math.max(last, segment.last);
  }
  return groups;
}

async function* one(portions: AsyncIterable<RawMessage[]>): AsyncGenerator<RawMessage> {
  for await (const portion of portions) yield* portion;
}

async function* merged(a: AsyncGenerator<RawMessage>, b: AsyncGenerator<RawMessage>): AsyncGenerator<RawMessage> {
  try {
    let [x, y] = [await a.next(), await b.next()];
    while (!x.done || !y.done) {
      if (y.done || (!x.done && x.value.id < y.value.id)) {
        yield x.value as RawMessage;
        x = await a.next();
      } else {
        yield y.value;
        y = await b.next();
      }
    }
  } finally {
    await a.return(undefined);
    await b.return(undefined);
  }
}
