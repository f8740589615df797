/** What the stores need of a machine: packages, and a server that can be reached. */
import { MoteError, optional } from '../../base/index.ts';

/** Optional packages, each with how it is loaded: DuckDB also writes the raw files beside PostgreSQL. */
export const STORE_PACKAGES: readonly (readonly [name: string, load: () => Promise<unknown>])[] = [
  ['@duckdb/node-api', () => import('@duckdb/node-api')],
  ['@photostructure/sqlite', () => import('@photostructure/sqlite')],
  ['pg', () => import('pg')],
];

/** The version of a PostgreSQL server, such as `15.7`. Throws `STORE_OPEN` if it gives none in time, `STORE_PACKAGE`. */
export async function postgresVersion(url: string, timeoutMs: number): Promise<string> {
  const { default: pg } = await optional('pg', () => import('pg'));
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs, query_timeout: timeoutMs });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
    return rows[0]?.server_version ?? '';
  } catch (cause) {
    // Without the address, which has a password.
    throw new MoteError('STORE_OPEN', `PostgreSQL can't be reached: ${(cause as Error).message}`, { cause });
  } finally {
    await client.end().catch(() => {});
  }
}
