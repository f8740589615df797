/** Parquet as the CSV that a decoder reads, row by row, by DuckDB. */
import { MoteError, optional } from '../../../base/index.ts';

/** So that a hostile file takes no more of the machine. */
const SETTINGS = { threads: '1', memory_limit: '256MB' };

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const line = (cells: readonly unknown[]): string => `${cells.map(cell).join(',')}\n`;

/** UTF-8 in chunks, with a header; times are ISO 8601 in UTC. Throws `SITE_FILE`, and `PACKAGE` if DuckDB isn't installed. */
export async function* parquetAsCsv(path: string): AsyncIterable<Uint8Array> {
  const { DuckDBInstance } = await optional('@duckdb/node-api', () => import('@duckdb/node-api'));
  const instance = await DuckDBInstance.create(':memory:', SETTINGS);
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    const described = await connection.runAndReadAll('DESCRIBE SELECT * FROM read_parquet($1)', [path]);
    const columns = described.getRows().map(([name, type]) => {
      const quoted = `"${String(name).replaceAll('"', '""')}"`;
      return String(type).startsWith('TIMESTAMP')
        ? `strftime(${quoted}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%fZ')`
        : `${quoted}::VARCHAR`;
    });
    yield Buffer.from(line(described.getRows().map(([name]) => name)));
    const result = await connection.stream(`SELECT ${columns.join(', ')} FROM read_parquet($1)`, [path]);
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk())
      yield Buffer.from(chunk.getRows().map(line).join(''));
  } catch (cause) {
    throw new MoteError('SITE_FILE', `The file is no Parquet that can be read: ${(cause as Error).message}`, { cause });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
