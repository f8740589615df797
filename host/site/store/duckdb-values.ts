/** Values of DuckDB as plain ones, and rows into its data chunks. */
import type { DuckDBConnection, DuckDBDataChunk, DuckDBType, DuckDBValue, DuckDBVector } from '@duckdb/node-api';
import type { Row, SqlValue } from './sql.ts';

export type DuckDb = typeof import('@duckdb/node-api');

/** Rows of a chunk at most, as DuckDB's vectors have. */
const CHUNK_ROWS = 2048;

export function plain(duck: DuckDb, value: DuckDBValue): SqlValue {
  if (value === null || typeof value !== 'object') return value ?? null;
  if (value instanceof duck.DuckDBBlobValue) return value.bytes;
  // Decimals, dates and what else a question may yield, as DuckDB writes them.
  return String(value);
}

export function rowsOf(duck: DuckDb, names: readonly string[], rows: readonly (readonly DuckDBValue[])[]): Row[] {
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, plain(duck, row[i]!)])));
}

/** Parameters with their types: integers are BIGINT, so that no comparison of integers becomes one of floats. */
export function bound(duck: DuckDb, values: readonly SqlValue[]): { values: DuckDBValue[]; types: DuckDBType[] } {
  const pairs = values.map((value): [DuckDBValue, DuckDBType] => {
    if (value === null) return [null, duck.SQLNULL];
    if (typeof value === 'bigint') return [value, duck.BIGINT];
    if (typeof value === 'number')
      return Number.isSafeInteger(value) ? [BigInt(value), duck.BIGINT] : [value, duck.DOUBLE];
    if (typeof value === 'boolean') return [value, duck.BOOLEAN];
    if (typeof value === 'string') return [value, duck.VARCHAR];
    return [new duck.DuckDBBlobValue(value), duck.BLOB];
  });
  return { values: pairs.map(([value]) => value), types: pairs.map(([, type]) => type) };
}

/** Appends rows to one table within the transaction of its connection. */
export class TableAppender {
  readonly #duck: DuckDb;
  readonly #appender: Awaited<ReturnType<DuckDBConnection['createAppender']>>;
  readonly #types: readonly DuckDBType[];
  #chunk: DuckDBDataChunk | null = null;
  #vectors: DuckDBVector[] = [];
  #rows = 0;

  private constructor(duck: DuckDb, appender: Awaited<ReturnType<DuckDBConnection['createAppender']>>) {
    this.#duck = duck;
    this.#appender = appender;
    this.#types = Array.from({ length: appender.columnCount }, (_, i) => appender.columnType(i));
  }

  static async on(
    duck: DuckDb,
    connection: DuckDBConnection,
    table: string,
    temporary = false,
  ): Promise<TableAppender> {
    const appender = temporary
      ? await connection.createAppender(table, 'main', 'temp')
      : await connection.createAppender(table);
    return new TableAppender(duck, appender);
  }

  /** The vectors of the columns; the next row is `row`. Their values must be set before `next`. */
  get vectors(): readonly DuckDBVector[] {
    if (this.#chunk === null) {
      this.#chunk = this.#duck.DuckDBDataChunk.create(this.#types, CHUNK_ROWS);
      this.#vectors = this.#types.map((_, i) => this.#chunk!.getColumnVector(i));
      this.#rows = 0;
    }
    return this.#vectors;
  }
  get row(): number {
    return this.#rows;
  }
  next(): void {
    if (++this.#rows === CHUNK_ROWS) this.#flush();
  }

  append(values: readonly DuckDBValue[]): void {
    const vectors = this.vectors;
    for (let i = 0; i < values.length; i++) vectors[i]!.setItem(this.#rows, values[i]!);
    this.next();
  }

  #flush(): void {
    if (this.#chunk === null || this.#rows === 0) return;
    for (const vector of this.#vectors) vector.flush();
    if (this.#rows < CHUNK_ROWS) this.#chunk.rowCount = this.#rows;
    this.#appender.appendDataChunk(this.#chunk);
    this.#chunk = null;
    this.#rows = 0;
  }

  /** Gives all rows to the transaction. */
  end(): void {
    this.#flush();
    this.#appender.flushSync();
    this.#appender.closeSync();
  }
}
