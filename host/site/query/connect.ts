/** Connections of the optional drivers as databases that can be asked. */
import type { DuckDBConnection } from '@duckdb/node-api';
import type { ClientBase, Pool } from 'pg';
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
