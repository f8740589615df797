/**
 * The telemetry store on a PostgreSQL server. One connection writes and holds the lock of the owner; when it is lost, the
 * next write opens another and takes the lock again. `applied` is compared at each write, so an owner that was replaced
 * meanwhile can't write.
 */
import type { Client, Pool, PoolClient, QueryResult } from 'pg';
import { MoteError, optional } from '../../base/index.ts';
import { insertOf, loadDuckDb, wrongPosition } from './duckdb.ts';
import { migrate } from './migrate.ts';
import { parquetRows, writeParquet } from './parquet-rows.ts';
import { propertiesToText } from './raw-row.ts';
import { type Mirrored, TELEMETRY } from './schema.ts';
import { integer, type Row, type Sql, type SqlValue, sqlError, Turns } from './sql.ts';
import type { Batch, TelemetryStore, Written } from './telemetry.ts';

export interface PostgresOptions {
  /** `postgresql://user:password@host:port/database`, as libpq takes it. */
  readonly url: string;
  /** The schema of this site's tables, created if missing; default `site`. */
  readonly schema?: string;
  /** Connections for questions; default 4. */
  readonly connections?: number;
}

type Pg = typeof import('pg');
type Queryable = Pick<Client | PoolClient, 'query'>;

/** Rows in one portion of a cursor, or of an INSERT. */
const PORTION = 5000;
const NAME = /^[a-z_][a-z0-9_]{0,62}$/;
/** Types of columns by their object id in `pg_type`, which is fixed for built-in ones. */
const BIGINT = 20;
const SMALLINT = 21;
const INTEGER = 23;
/** What marks the advisory lock of an owner, beside the schema. */
const LOCK_CLASS = 0x6d6f7465;

export class PostgresStore implements TelemetryStore {
  readonly dialect = 'postgresql';
  readonly #pg: Pg;
  readonly #options: PostgresOptions;
  readonly #schema: string;
  readonly #pool: Pool;
  readonly #writes = new Turns();
  /** Connections of questions that are read in portions. */
  readonly #streams = new Set<PoolClient>();
  #writer: Client | undefined;
  #closed = false;

  private constructor(pg: Pg, options: PostgresOptions, schema: string) {
    this.#pg = pg;
    this.#options = options;
    this.#schema = schema;
    this.#pool = new pg.Pool({ ...this.#config(), max: options.connections ?? 4 });
    // A connection that waits and is lost; the next question opens another.
    this.#pool.on('error', () => {});
  }

  /** Connects, takes the ownership and migrates. Throws `STORE_OPEN`, `STORE_LOCKED`, `STORE_VERSION`, `STORE_PACKAGE`. */
  static async open(options: PostgresOptions, migrations = TELEMETRY, name = 'telemetry'): Promise<PostgresStore> {
    const { default: pg } = await optional('pg', () => import('pg'));
    const schema = options.schema ?? 'site';
    if (!NAME.test(schema)) {
      const what = `The schema ${JSON.stringify(schema)} isn't 1 to 63 of the characters a-z, 0-9 and _`;
      throw new MoteError('STORE_OPEN', `${what}, or begins with a digit; choose another name.`);
    }
    const store = new PostgresStore(pg as Pg, options, schema);
    try {
      await store.#writing();
      await migrate(store, name, migrations);
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  #config() {
    return {
      connectionString: this.#options.url,
      connectionTimeoutMillis: 10_000,
      options: `-c search_path=${this.#schema}`,
      types: { getTypeParser: (oid: number, format?: string) => this.#parser(oid, format) },
    };
  }

  #parser(oid: number, format?: string) {
    if (oid === BIGINT) return (text: string) => BigInt(text);
    return this.#pg.types.getTypeParser(oid, format as 'text');
  }

  /** The connection that writes, with the lock. */
  async #writing(): Promise<Client> {
    if (this.#closed) throw closed();
    if (this.#writer !== undefined) return this.#writer;
    const client = new this.#pg.Client(this.#config());
    const lost = () => {
      if (this.#writer === client) this.#writer = undefined;
    };
    client.on('error', lost);
    client.on('end', lost);
    try {
      await client.connect();
    } catch (cause) {
      // Without the address, which has a password.
      throw new MoteError('STORE_OPEN', `PostgreSQL can't be reached: ${(cause as Error).message}`, { cause });
    }
    try {
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${this.#schema}`);
      const lock = 'SELECT pg_try_advisory_lock($1, hashtext($2)) AS taken';
      const { rows } = await client.query(lock, [LOCK_CLASS, this.#schema]);
      if (rows[0].taken !== true) {
        const what = `Another process owns the schema ${this.#schema} of this PostgreSQL database`;
        throw new MoteError('STORE_LOCKED', `${what}; end it, or choose another schema.`);
      }
    } catch (error) {
      await client.end().catch(() => {});
      throw sqlError(error, 'PostgreSQL refuses the store');
    }
    this.#writer = client;
    return client;
  }

  async query(text: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    if (this.#closed) throw closed();
    return rowsOf(await ask(this.#pool, text, values));
  }

  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#inTurn((client) => work(sqlOn(client)));
  }

  #inTurn<T>(work: (client: Client) => Promise<T>): Promise<T> {
    return this.#writes.run(async () => {
      const client = await this.#writing();
      return inTransaction(client, 'BEGIN', () => work(client));
    });
  }

  async position(): Promise<number> {
    const [row] = await this.query('SELECT position FROM applied');
    return integer(row?.position);
  }

  apply(batch: Batch): Promise<void> {
    return this.#inTurn(async (client) => {
      const moved = 'UPDATE applied SET position = $2 WHERE position = $1 RETURNING position';
      const rows = rowsOf(await ask(client, moved, [batch.from, batch.to]));
      if (rows.length !== 1) throw wrongPosition(batch);
      const { raw, seen } = batch;
      await insertColumns(client, 'raw', ['bigint', 'bigint', 'text', 'text', 'text', 'bytea'], raw.length, [
        raw.map(({ id }) => id),
        raw.map(({ receivedUs }) => receivedUs),
        raw.map(({ source }) => source),
        raw.map(({ topic }) => topic),
        raw.map(({ properties }) => propertiesToText(properties)),
        raw.map(({ payload }) => bufferOf(payload)),
      ]);
      await insertColumns(client, 'seen', ['bigint', 'bigint', 'bigint'], seen.length, [
        seen.map(({ hi }) => hi),
        seen.map(({ lo }) => lo),
        seen.map(({ message }) => message),
      ]);
      if (batch.forgetSeenBefore > 0)
        await ask(client, 'DELETE FROM seen WHERE message < $1', [batch.forgetSeenBefore]);
      await write(client, batch);
    });
  }

  replace(messages: readonly number[], written: Written): Promise<void> {
    if (messages.length === 0) return Promise.resolve();
    return this.#inTurn(async (client) => {
      const [first, last] = messages.reduce(([a, b], m) => [Math.min(a, m), Math.max(b, m)], [Infinity, 0]);
      for (const table of ['points', 'events']) {
        const text = `DELETE FROM ${table} WHERE message BETWEEN $1 AND $2 AND message = ANY ($3::bigint[])`;
        await client.query(text, [first, last, messages]).catch((cause: unknown) => {
          throw sqlError(cause, 'PostgreSQL refuses to replace points');
        });
      }
      await write(client, written);
    });
  }

  mirror(table: Mirrored, rows: readonly Row[]): Promise<void> {
    return this.#inTurn(async (client) => {
      await ask(client, `DELETE FROM ${table}`, []);
      for (const row of rows) await ask(client, insertOf(table, row), Object.values(row));
    });
  }

  async deletePoints(beforeUs: number): Promise<void> {
    await this.#inTurn((client) => ask(client, 'DELETE FROM points WHERE t < $1', [beforeUs]));
  }

  async *stream(text: string, values: readonly SqlValue[] = []): AsyncIterable<Row[]> {
    if (this.#closed) throw closed();
    const client = await this.#pool.connect();
    this.#streams.add(client);
    let broken = true;
    try {
      await client.query('BEGIN READ ONLY');
      for await (const rows of cursor(client, text, values)) {
        yield rows;
        if (this.#closed) throw closed();
      }
      await client.query('COMMIT');
      broken = false;
    } finally {
      // A reader that stopped leaves a transaction, which ends with its connection.
      if (this.#streams.delete(client)) client.release(broken);
    }
  }

  async copyToParquet(select: string, path: string): Promise<void> {
    await this.snapshot((at) => at.copyToParquet(select, path));
  }

  async copyFromParquet(table: string, path: string): Promise<void> {
    const { fields } = await ask(this.#pool, `SELECT * FROM ${table} LIMIT 0`, []);
    const names = fields.map(({ name }) => name);
    const types = fields.map(({ dataTypeID }) => arrayType(dataTypeID));
    await this.#inTurn(async (client) => {
      for await (const rows of parquetRows(await loadDuckDb(), [path], `SELECT ${names.join(', ')} FROM files`))
        for (let at = 0; at < rows.length; at += PORTION) {
          const portion = rows.slice(at, at + PORTION);
          const columns = names.map((name) => portion.map((row) => parameter(row[name] ?? null)));
          await insertColumns(client, table, types, portion.length, columns);
        }
    });
  }

  async snapshot<T>(work: (at: Pick<TelemetryStore, 'query' | 'copyToParquet'>) => Promise<T>): Promise<T> {
    if (this.#closed) throw closed();
    const client = await this.#pool.connect();
    try {
      return await inTransaction(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', () =>
        work({
          ...sqlOn(client),
          copyToParquet: async (select, path) => {
            const { fields } = await ask(client, `SELECT * FROM (${select}) AS s LIMIT 0`, []);
            const columns = fields.map(({ name, dataTypeID }) => ({ name, type: duckType(dataTypeID) }));
            await writeParquet(await loadDuckDb(), path, columns, cursor(client, select, []));
          },
        }),
      );
    } finally {
      client.release();
    }
  }

  async compact(): Promise<void> {
    await this.query('VACUUM (ANALYZE) points, raw, seen');
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writes.run(async () => {});
    await this.#writer?.end().catch(() => {});
    for (const client of this.#streams) client.release(true);
    this.#streams.clear();
    await this.#pool.end();
  }
}

const closed = () => new MoteError('STORE_CLOSED', 'The store is closed; open it again.');
const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
const parameter = (value: SqlValue) => (value instanceof Uint8Array ? bufferOf(value) : value);
const rowsOf = ({ rows }: QueryResult): Row[] => rows as Row[];
const sqlOn = (client: Queryable): Sql => ({
  query: async (text, values = []) => rowsOf(await ask(client, text, values)),
});

async function ask(client: Queryable | Pool, text: string, values: readonly SqlValue[]): Promise<QueryResult> {
  try {
    return await client.query(text, values.map(parameter));
  } catch (cause) {
    throw sqlError(cause, 'PostgreSQL refuses a statement');
  }
}

async function inTransaction<T>(client: Queryable, begin: string, work: () => Promise<T>): Promise<T> {
  try {
    await client.query(begin);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => {});
    throw sqlError(cause, 'PostgreSQL refuses to write');
  }
}

async function* cursor(client: Queryable, text: string, values: readonly SqlValue[]): AsyncIterable<Row[]> {
  await ask(client, `DECLARE c NO SCROLL CURSOR FOR ${text}`, values);
  for (;;) {
    const rows = rowsOf(await ask(client, `FETCH ${PORTION} FROM c`, []));
    if (rows.length === 0) break;
    yield rows;
  }
  await ask(client, 'CLOSE c', []);
}

async function insertColumns(
  client: Queryable,
  table: string,
  types: readonly string[],
  rows: number,
  columns: readonly (readonly unknown[])[],
  rest = '',
): Promise<void> {
  if (rows === 0) return;
  const arrays = types.map((type, i) => `$${i + 1}::${type}[]`).join(', ');
  try {
    await client.query(`INSERT INTO ${table} SELECT * FROM unnest(${arrays}) ${rest}`, columns as unknown[]);
  } catch (cause) {
    throw sqlError(cause, `PostgreSQL refuses rows for ${table}`);
  }
}

async function write(client: Queryable, { series, runs, events }: Written): Promise<void> {
  await insertColumns(
    client,
    'series',
    ['integer', 'text', 'text', 'text', 'smallint'],
    series.length,
    [
      series.map(({ id }) => id),
      series.map(({ device }) => device),
      series.map(({ name }) => name),
      series.map(({ unit }) => unit),
      series.map(({ exponent }) => exponent),
    ],
    'ON CONFLICT DO NOTHING',
  );
  await insertColumns(
    client,
    'events',
    ['text', 'text', 'bigint', 'text', 'text', 'bigint'],
    events.length,
    [
      events.map(({ device }) => device),
      events.map(({ name }) => name),
      events.map(({ timeUs }) => timeUs),
      events.map(({ id }) => id),
      events.map(({ body }) => body),
      events.map(({ message }) => message),
    ],
    'ON CONFLICT DO NOTHING',
  );
  await insertPoints(client, runs);
}

/** One array a column, as text of PostgreSQL, which is faster than arrays that `pg` must quote. */
async function insertPoints(client: Queryable, runs: Written['runs']): Promise<void> {
  if (runs.length === 0) return;
  const series: number[] = [];
  const times: number[] = [];
  const values: (number | bigint)[] = [];
  const qualities: number[] = [];
  const messages: number[] = [];
  for (const run of runs)
    for (let i = 0; i < run.values.length; i++) {
      series.push(run.series);
      times.push(run.timesUs[i]!);
      values.push(run.values[i]!);
      qualities.push(run.quality);
      messages.push(run.message);
    }
  const columns = [series, times, values, qualities, messages].map((column) => `{${column.join(',')}}`);
  const text =
    'INSERT INTO points SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bigint[])';
  try {
    await client.query(text, columns);
  } catch (cause) {
    throw sqlError(cause, 'PostgreSQL refuses points');
  }
}

const INTEGERS: Readonly<Record<number, string>> = { [BIGINT]: 'bigint', [INTEGER]: 'integer', [SMALLINT]: 'smallint' };
const BYTEA = 17;
const arrayType = (oid: number): string => INTEGERS[oid] ?? (oid === BYTEA ? 'bytea' : 'text');
const duckType = (oid: number): string => (INTEGERS[oid] ?? (oid === BYTEA ? 'blob' : 'varchar')).toUpperCase();
