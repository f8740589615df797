/**
 * The telemetry store in one DuckDB file. Writes have one connection and one order; each read has a connection of its
 * own and sees the state at its begin. DuckDB's log is synced at each commit, so a batch is durable when `apply`
 * resolves.
 */
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { MoteError, optional } from '../../base/index.ts';
import { bound, type DuckDb, rowsOf, TableAppender } from './duckdb-values.ts';
import { migrate } from './migrate.ts';
import { literal, PARQUET_OPTIONS, wholeFile } from './parquet-file.ts';
import { propertiesToText } from './raw-row.ts';
import { type Mirrored, TELEMETRY } from './schema.ts';
import { integer, type Row, type Sql, type SqlValue, sqlError, Turns } from './sql.ts';
import type { Batch, StoredEvent, StoredRun, TelemetryStore, Written } from './telemetry.ts';

export interface DuckDbOptions {
  /** The database file, or `:memory:`. */
  readonly path: string;
  /** Default 2. */
  readonly threads?: number;
  /** Memory for questions and for blocks of the file; default 256. DuckDB writes what needs more into a folder beside the file. */
  readonly memoryMb?: number;
  /**
   * Points in the order of their arrival before `apply` has them sorted. Default: 16,384 for each series, which is eight
   * of the groups that DuckDB compresses together, but at least 2,000,000 and at most 16,000,000.
   */
  readonly compactPoints?: number;
  /** The store could not be compacted; it tries again later. */
  onProblem?(error: MoteError): void;
}

/** The package, for what needs DuckDB beside a store. Throws `STORE_PACKAGE`. */
export const loadDuckDb = (): Promise<DuckDb> => optional('@duckdb/node-api', () => import('@duckdb/node-api'));

/** No file and no extension comes from the network. */
export const instanceOptions = (threads = 2, memoryMb = 256): Record<string, string> => ({
  threads: String(threads),
  memory_limit: `${memoryMb}MB`,
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
});

export class DuckDbStore implements TelemetryStore {
  readonly dialect = 'duckdb';
  readonly #duck: DuckDb;
  readonly #instance: DuckDBInstance;
  readonly #writer: DuckDBConnection;
  readonly #writes = new Turns();
  readonly #compactions = new Turns();
  readonly #compactPoints: number | undefined;
  readonly #onProblem: ((error: MoteError) => void) | undefined;
  #recentPoints = 0;
  #seriesCount = 0;
  #compacting = false;
  /** Connections of questions; `waits`: who asked has not taken the next portion. */
  readonly #readers = new Map<DuckDBConnection, 'runs' | 'waits'>();
  #closed = false;
  #onIdle: (() => void) | undefined;

  private constructor(duck: DuckDb, instance: DuckDBInstance, writer: DuckDBConnection, options: DuckDbOptions) {
    this.#duck = duck;
    this.#instance = instance;
    this.#writer = writer;
    this.#compactPoints = options.compactPoints;
    this.#onProblem = options.onProblem;
  }

  /** Opens or creates the file. Throws `STORE_OPEN`, `STORE_VERSION`, `STORE_PACKAGE`. */
  static async open(options: DuckDbOptions, migrations = TELEMETRY): Promise<DuckDbStore> {
    const duck = await loadDuckDb();
    const { path, threads, memoryMb } = options;
    let instance: DuckDBInstance;
    try {
      instance = await duck.DuckDBInstance.create(path, instanceOptions(threads, memoryMb));
    } catch (cause) {
      const what = `The DuckDB file ${path} can't be opened: ${(cause as Error).message}`;
      throw new MoteError('STORE_OPEN', what, { cause });
    }
    const store = new DuckDbStore(duck, instance, await instance.connect(), options);
    try {
      await migrate(store, 'telemetry', migrations);
      await store.#prepare();
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  async #prepare(): Promise<void> {
    // Rows come into these first where SQL must compare them with what is stored. They are of this connection alone.
    await this.#writer.run('CREATE TEMP TABLE events_in AS SELECT * FROM events LIMIT 0');
    await this.#writer.run('CREATE TEMP TABLE series_in AS SELECT * FROM series LIMIT 0');
    await this.#writer.run('CREATE TEMP TABLE gone (message BIGINT)');
    const counts = 'SELECT (SELECT count(*) FROM points_recent) AS points, (SELECT count(*) FROM series) AS series';
    const [row] = await this.query(counts);
    this.#recentPoints = integer(row?.points);
    this.#seriesCount = integer(row?.series);
  }

  query(text: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    return this.#reading((connection) => this.#query(connection, text, values));
  }

  /** Runs `work` with a connection of its own. */
  async #reading<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    if (this.#closed) throw closed();
    const connection = await this.#connect();
    try {
      return await work(connection);
    } finally {
      this.#disconnect(connection);
    }
  }

  async #connect(): Promise<DuckDBConnection> {
    const connection = await this.#instance.connect();
    this.#readers.set(connection, 'runs');
    return connection;
  }

  #disconnect(connection: DuckDBConnection): void {
    if (!this.#readers.delete(connection)) return;
    connection.closeSync();
    if (this.#readers.size === 0) this.#onIdle?.();
  }

  async #query(connection: DuckDBConnection, text: string, given: readonly SqlValue[]): Promise<Row[]> {
    try {
      const { values, types } = bound(this.#duck, given);
      const reader = await connection.runAndReadAll(text, values, types);
      return rowsOf(this.#duck, reader.columnNames(), reader.getRows());
    } catch (cause) {
      throw sqlError(cause, 'DuckDB refuses a statement');
    }
  }

  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const sql: Sql = { query: (text, values = []) => this.#query(this.#writer, text, values) };
    return this.#writing(() => work(sql));
  }

  #writing<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw closed();
    return this.#writes.run(() => this.#inTransaction(this.#writer, work));
  }

  async #inTransaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
    try {
      await connection.run('BEGIN');
      const result = await work();
      await connection.run('COMMIT');
      return result;
    } catch (cause) {
      // A commit that failed has rolled back already.
      await connection.run('ROLLBACK').catch(() => {});
      throw sqlError(cause, 'DuckDB refuses to write');
    }
  }

  async position(): Promise<number> {
    const [row] = await this.query('SELECT position FROM applied');
    return integer(row?.position);
  }

  async apply(batch: Batch): Promise<void> {
    let points = 0;
    await this.#writing(async () => {
      const moved = 'UPDATE applied SET position = $2 WHERE position = $1 RETURNING position';
      const rows = await this.#query(this.#writer, moved, [batch.from, batch.to]);
      if (rows.length !== 1) throw wrongPosition(batch);
      await this.#append('raw', batch.raw, (m) => [
        BigInt(m.id),
        BigInt(m.receivedUs),
        m.source,
        m.topic,
        propertiesToText(m.properties),
        new this.#duck.DuckDBBlobValue(m.payload),
      ]);
      await this.#append('seen', batch.seen, ({ hi, lo, message }) => [hi, lo, BigInt(message)]);
      if (batch.forgetSeenBefore > 0)
        await this.#query(this.#writer, 'DELETE FROM seen WHERE message < $1', [batch.forgetSeenBefore]);
      points = await this.#write(batch);
    });
    this.#recentPoints += points;
    this.#seriesCount += batch.series.length;
    const enough = this.#compactPoints ?? Math.min(Math.max(2e6, 16_384 * this.#seriesCount), 16e6);
    if (this.#recentPoints >= enough && !this.#compacting)
      void this.compact().catch((error: unknown) => this.#onProblem?.(sqlError(error, 'The store was not compacted')));
  }

  async replace(messages: readonly number[], written: Written): Promise<void> {
    if (messages.length === 0) return;
    let points = 0;
    // Two deletions of one row are a conflict, so no compaction runs meanwhile.
    await this.#compactions.run(() =>
      this.#writing(async () => {
        await this.#append('gone', messages, (message) => [BigInt(message)], true);
        const range = `message BETWEEN (SELECT min(message) FROM gone) AND (SELECT max(message) FROM gone)`;
        for (const table of ['points_history', 'points_recent', 'events'])
          await this.#writer.run(`DELETE FROM ${table} WHERE ${range} AND message IN (SELECT message FROM gone)`);
        await this.#writer.run('DELETE FROM gone');
        points = await this.#write(written);
      }),
    );
    this.#recentPoints += points;
  }

  /** Returns the number of points. */
  async #write({ series, runs, events }: Written): Promise<number> {
    if (series.length > 0) {
      const row = ({ id, device, name, unit, exponent }: Written['series'][number]) => [
        id,
        device,
        name,
        unit,
        exponent,
      ];
      await this.#append('series_in', series, row, true);
      await this.#writer.run('INSERT INTO series SELECT * FROM series_in ON CONFLICT DO NOTHING');
      await this.#writer.run('DELETE FROM series_in');
    }
    if (events.length > 0) {
      const row = (e: StoredEvent) => [e.device, e.name, BigInt(e.timeUs), e.id, e.body, BigInt(e.message)];
      await this.#append('events_in', events, row, true);
      await this.#writer.run('INSERT INTO events SELECT * FROM events_in ON CONFLICT DO NOTHING');
      await this.#writer.run('DELETE FROM events_in');
    }
    return this.#appendPoints(runs);
  }

  async #append<T>(
    table: string,
    items: readonly T[],
    row: (item: T) => Parameters<TableAppender['append']>[0],
    temporary = false,
  ): Promise<void> {
    if (items.length === 0) return;
    const appender = await TableAppender.on(this.#duck, this.#writer, table, temporary);
    for (const item of items) appender.append(row(item));
    appender.end();
  }

  async #appendPoints(runs: readonly StoredRun[]): Promise<number> {
    if (runs.length === 0) return 0;
    const appender = await TableAppender.on(this.#duck, this.#writer, 'points_recent');
    let points = 0;
    for (const { series, message, quality, timesUs, values } of runs) {
      const id = BigInt(message);
      points += values.length;
      for (let i = 0; i < values.length; i++) {
        const [seriesColumn, tColumn, valueColumn, qualityColumn, messageColumn] = appender.vectors;
        const row = appender.row;
        seriesColumn!.setItem(row, series);
        tColumn!.setItem(row, BigInt(timesUs[i]!));
        valueColumn!.setItem(row, BigInt(values[i]!));
        qualityColumn!.setItem(row, quality);
        messageColumn!.setItem(row, id);
        appender.next();
      }
    }
    appender.end();
    return points;
  }

  mirror(table: Mirrored, rows: readonly Row[]): Promise<void> {
    return this.#writing(async () => {
      await this.#writer.run(`DELETE FROM ${table}`);
      for (const row of rows) await this.#query(this.#writer, insertOf(table, row), Object.values(row));
    });
  }

  deletePoints(beforeUs: number): Promise<void> {
    return this.#compactions.run(() =>
      this.#writing(async () => {
        for (const table of ['points_history', 'points_recent'])
          await this.#query(this.#writer, `DELETE FROM ${table} WHERE t < $1`, [beforeUs]);
      }),
    );
  }

  async *stream(text: string, given: readonly SqlValue[] = []): AsyncIterable<Row[]> {
    if (this.#closed) throw closed();
    const connection = await this.#connect();
    try {
      const { values, types } = bound(this.#duck, given);
      const result = await connection.stream(text, values, types).catch((cause: unknown) => {
        throw sqlError(cause, 'DuckDB refuses a statement');
      });
      const names = result.columnNames();
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        this.#readers.set(connection, 'waits');
        yield rowsOf(this.#duck, names, chunk.getRows());
        if (!this.#readers.has(connection)) throw closed();
        this.#readers.set(connection, 'runs');
      }
    } finally {
      this.#disconnect(connection);
    }
  }

  copyToParquet(select: string, path: string): Promise<void> {
    return this.#reading((connection) => this.#copyToParquet(connection, select, path));
  }

  #copyToParquet(connection: DuckDBConnection, select: string, path: string): Promise<void> {
    return wholeFile(path, (draft) =>
      this.#query(connection, `COPY (${select}) TO ${literal(draft)} (${PARQUET_OPTIONS})`, []),
    );
  }

  async copyFromParquet(table: string, path: string): Promise<void> {
    const target = table === 'points' ? 'points_history' : table;
    const insert = `INSERT INTO ${target} BY NAME SELECT * FROM read_parquet(${literal(path)})`;
    await this.#writing(() => this.#query(this.#writer, insert, []));
  }

  snapshot<T>(work: (at: Pick<TelemetryStore, 'query' | 'copyToParquet'>) => Promise<T>): Promise<T> {
    return this.#reading((connection) =>
      this.#inTransaction(connection, () =>
        work({
          query: (text, values = []) => this.#query(connection, text, values),
          copyToParquet: (select, path) => this.#copyToParquet(connection, select, path),
        }),
      ),
    );
  }

  compact(): Promise<void> {
    this.#compacting = true;
    return this.#compactions
      .run(() => this.#reading((connection) => this.#compact(connection)))
      .finally(() => {
        this.#compacting = false;
      });
  }

  async #compact(connection: DuckDBConnection): Promise<void> {
    // Batches go on meanwhile: their rows aren't visible here, so they stay.
    const moved = await this.#inTransaction(connection, async () => {
      // Every other series goes backwards, so that time has no jump where a series ends: a jump costs a whole group of
      // values the bits of the jump.
      const order = 'series, CASE WHEN series % 2 = 0 THEN t ELSE -t END, message';
      const sorted = `INSERT INTO points_history SELECT * FROM points_recent ORDER BY ${order}`;
      const [row] = await this.#query(connection, sorted, []);
      await connection.run('DELETE FROM points_recent');
      return integer(row?.Count);
    });
    this.#recentPoints -= moved;
    await this.#writes.run(async () => {
      // It fails while a question runs that began before; a later one does it.
      await this.#writer.run('CHECKPOINT').catch(() => {});
    });
  }

  /** Ends questions that run; those that are read in portions fail at the next one. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#compactions.run(async () => {});
    await this.#writes.run(async () => {});
    for (const [connection, state] of this.#readers)
      if (state === 'waits') this.#disconnect(connection);
      else connection.interrupt();
    if (this.#readers.size > 0)
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    this.#writer.closeSync();
    this.#instance.closeSync();
  }
}

const closed = () => new MoteError('STORE_CLOSED', 'The store is closed; open it again.');

/** An INSERT for the columns of `row`, whose names are the program's own. */
export function insertOf(table: string, row: Row): string {
  const names = Object.keys(row);
  return `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})`;
}

export function wrongPosition({ from }: Batch): MoteError {
  const what = `The telemetry store isn't at message ${from}: another process has written to it`;
  return new MoteError('STORE_POSITION', `${what}; end that process, then start this one again.`);
}
