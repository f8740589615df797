/** `mote query`: SQL, explanation, and answers of a DuckDB store. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';
import { plant, tableStatements } from '../host/site/query/testing.ts';

const dir = mkdtempSync(join(tmpdir(), 'mote-query-'));
const store = join(dir, 'telemetry.duckdb');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

beforeAll(async () => {
  const instance = await DuckDBInstance.create(store);
  const connection = await instance.connect();
  for (const statement of tableStatements(plant(3, 100))) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
});

async function mote(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const main = packagePath('dist', 'host', 'cli', 'main.js');
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [main, 'query', ...args])) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

const TEXT = "from points where name = 'temperature' as exponent -2 window 1m by device select count, mean(value)";

it('asks a store and prints a table with lines, or JSON', async () => {
  const { code, stdout } = await mote(TEXT, '--store', store);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^window_start +window_end +device +count +mean_value\n1969-12-31T23:5\d:00Z/);
  expect(stdout).toMatch(/\nm1 +mean_value +[▁-█ ]+ +-?[\d.]+ to /);
  const { columns, rows } = JSON.parse((await mote(TEXT, '--store', store, '--json')).stdout);
  expect(columns[4]).toEqual({ name: 'mean_value', type: 'number', exponent: -2 });
  expect(rows[0]).toHaveLength(5);
});

it('prints SQL of each dialect, which DuckDB executes', async () => {
  for (const dialect of ['duckdb', 'postgresql', 'flink', 'risingwave']) {
    expect((await mote(TEXT, '--emit', dialect)).stdout).toContain('SELECT');
  }
  const { sql } = JSON.parse((await mote(TEXT, '--emit', 'duckdb', '--json')).stdout);
  const instance = await DuckDBInstance.create(store, { access_mode: 'READ_ONLY' });
  expect((await (await instance.connect()).runAndReadAll(sql)).getRows().length).toBeGreaterThan(0);
  instance.closeSync();
});

it('explains a question', async () => {
  const { stdout } = await mote('from events window session 30s select max(time) - min(time) as lasted', '--explain');
  expect(stdout).toContain('window session 30s\n');
  expect(stdout).toMatch(/lasted +number +x 10\^-6/);
});

it.each([
  [['from points select mean(value)', '--emit', 'duckdb'], 'QUERY', 'The exponent of values is unknown'],
  [['from points selct count', '--explain'], 'QUERY', '1 | from points selct count\n  |             ^^^^^\n'],
  [
    ['from points select count', '--emit', 'duckdb', '--explain'],
    'USAGE',
    'takes one of --store, --emit, --explain and --live',
  ],
  [['from points select count', '--site', 'http://127.0.0.1:9'], 'SITE_AWAY', "can't be reached"],
  [['from points select count', '--emit', 'mysql'], 'USAGE', '--emit is one of duckdb'],
  [['from points select count', '--store', join(dir, 'no')], 'FILE', "doesn't exist"],
  [['from points select count', '--store', packagePath('package.json')], 'QUERY_STORE', "can't be opened"],
])('%j is a mistake of the user', async (args, code, message) => {
  const result = await mote(...args);
  expect(result.code).toBe(2);
  expect(result.stderr).toContain(`[${code}]`);
  expect(result.stderr).toContain(message);
});
