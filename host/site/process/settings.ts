/** What a site keeps between two starts: texts by key, in its registry. */
import type { Registry } from '../store/index.ts';

export async function readSetting(registry: Registry, key: string): Promise<string | undefined> {
  const [row] = await registry.query('SELECT value FROM settings WHERE key = $1', [key]);
  return row === undefined ? undefined : String(row.value);
}

export async function writeSetting(registry: Registry, key: string, value: string): Promise<void> {
  await registry.query(
    'INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    [key, value],
  );
}
