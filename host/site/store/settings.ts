/** What a site keeps between two starts: texts by key, in its registry. */
import type { Sql } from './sql.ts';

export async function readSetting(sql: Sql, key: string): Promise<string | undefined> {
  const [row] = await sql.query('SELECT value FROM settings WHERE key = $1', [key]);
  return row === undefined ? undefined : String(row.value);
}

export async function writeSetting(sql: Sql, key: string, value: string): Promise<void> {
  await sql.query(
    'INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    [key, value],
  );
}
