/** Parquet files from rows and back, by a DuckDB in memory; for stores that don't read and write Parquet themselves. */
import type { DuckDBValue } from '@duckdb/node-api';
import { instanceOptions } from './duckdb.ts';
import { bound, type DuckDb, rowsOf, TableAppender } from './duckdb-values.ts';
import { literal, PARQUET_OPTIONS, wholeFile } from './parquet-file.ts';
import { type Row, type SqlValue, sqlError } from './sql.ts';

/** Writes all rows into one file. The types are DuckDB's: BIGINT, INTEGER, SMALLINT, BLOB or VARCHAR. */
export async function writeParquet(
  duck: DuckDb,
  path: string,
  columns: readonly { name: string; type: string }[],
  portions: AsyncIterable<Row[]>,
): Promise<void> {
  // A file beside the result, so that rows which don't fit into memory have a place.
  const instance = await duck.DuckDBInstance.create(':memory:', {
    ...instanceOptions(),
    temp_directory: `${path}.tmp`,
  });
  const connection = await instance.connect();
  try {
    await connection.run(`CREATE TABLE rows (${columns.map(({ name, type }) => `${name} ${type}`).join(', ')})`);
    for await (const rows of portions) {
      const appender = await TableAppender.on(duck, connection, 'rows');
      for (const row of rows) appender.append(columns.map(({ name }) => duckValue(duck, row[name] ?? null)));
      appender.end();
    }
    await wholeFile(path, (draft) => connection.run(`COPY rows TO ${literal(draft)} (${PARQUET_OPTIONS})`));
  } catch (cause) {
    throw sqlError(cause, 'The Parquet file was not written');
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const duckValue = (duck: DuckDb, value: SqlValue): DuckDBValue =>
  value instanceof Uint8Array ? new duck.DuckDBBlobValue(value) : value;

/** The rows that `select` yields, whose table `files` is all files one after the other. */
export async function* parquetRows(
  duck: DuckDb,
  files: readonly string[],
  select: string,
  given: readonly SqlValue[] = [],
): AsyncIterable<Row[]> {
  const instance = await duck.DuckDBInstance.create(':memory:', {
    ...instanceOptions(),
    temp_directory: `${files[0]}.tmp`,
  });
  const connection = await instance.connect();
  try {
    await connection.run(`CREATE VIEW files AS SELECT * FROM read_parquet([${files.map(literal).join(', ')}])`);
    const { values, types } = bound(duck, given);
    const result = await connection.stream(select, values, types);
    const names = result.columnNames();
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      yield rowsOf(duck, names, chunk.getRows());
    }
  } catch (cause) {
    throw sqlError(cause, 'A Parquet file of the site was not read');
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
