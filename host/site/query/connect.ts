/** Connections of the optional drivers as databases that can be asked. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ClientBase, Pool } from 'pg';
import { MoteError } from '../../base/index.ts';
import type { LiveSql } from './live.ts';
import type { Database } from './run.ts';

export function duckDatabase(connection: DuckDBConnection): Database {
  return {
    dialect: 'duckdb',
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRows(),
  };
}

export function postgresDatabase(client: ClientBase | Pool): Database {
  return {
    dialect: 'postgresql',
    rows: async (sql) => (await client.query<unknown[], unknown[]>({ text: sql, rowMode: 'array' })).rows,
  };
}

/** Opens a DuckDB file to read it. Throws `QUERY_STORE`. */
export async function openDuckDb(file: string): Promise<{ database: Database; close(): void }> {
  const { DuckDBInstance } = await import('@duckdb/node-api').catch((cause) => {
    const what = 'The optional package @duckdb/node-api is missing: run "npm install @duckdb/node-api".';
    throw new MoteError('QUERY_STORE', what, { cause });
  });
  try {
    const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    const close = () => {
      connection.closeSync();
      instance.closeSync();
    };
    return { database: duckDatabase(connection), close };
  } catch (cause) {
    const why = (cause as Error).message.split('\n')[0];
    throw new MoteError('QUERY_STORE', `${file} can't be opened: ${why}; a site that runs owns its store.`, { cause });
  }
}

/** The same connections as tables of live questions; nobody else may use the connection meanwhile. */
export function duckLiveSql(connection: DuckDBConnection): LiveSql {
  return {
    rows: async (sql, values = []) => (await connection.runAndReadAll(sql, [...values])).getRows(),
  };
}

export function postgresLiveSql(client: ClientBase): LiveSql {
  return {
    rows: async (text, values = []) =>
      (await client.query<unknown[], unknown[]>({ text, values: [...values], rowMode: 'array' })).rows ?? [],
  };
}
