/** Each question of docs/queries.md is read, and has an answer in DuckDB. */
import { readFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { duckDatabase } from './connect.ts';
import { parseJsonQuery } from './json.ts';
import { parseQuery } from './parse.ts';
import { printQuery } from './print.ts';
import { ask } from './run.ts';
import { plant, tableStatements } from './testing.ts';

const PAGE = readFileSync(packagePath('docs', 'queries.md'), 'utf8');
const blocks = (language: string) =>
  [...PAGE.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, text]) => text!);
const QUESTIONS = blocks('text').filter((text) => text.startsWith('from '));

it('the page has questions', () => expect(QUESTIONS.length).toBeGreaterThanOrEqual(4));

it.each(QUESTIONS)('%s', async (text) => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  for (const statement of tableStatements(plant(3, 100))) await connection.run(statement);
  const query = parseQuery(text);
  expect(parseQuery(printQuery(query))).toEqual(query);
  const { plan, rows } = await ask(duckDatabase(connection), query, { nowUs: 0 });
  for (const row of rows) expect(row).toHaveLength(plan.columns.length);
});

it.each(blocks('json'))('%s', (text) => {
  expect(parseJsonQuery(text).from).toBe('points');
});

it('every clause of the table is read', () => {
  const clauses = [
    ...PAGE.matchAll(/^\| `[a-z ]+` \| `((?:from|where|as|window|lateness|by|select|having|order|limit)[^`]*)` \|/gm),
  ].map(([, clause]) => clause!);
  expect(clauses).toHaveLength(10);
  const own = (word: string) => clauses.find((clause) => clause.startsWith(word))!;
  const rest = ['where', 'as', 'window', 'lateness', 'by', 'select', 'having', 'order', 'limit'].map(own);
  expect(() => parseQuery(`from points ${rest.join(' ')}`.replace('max_value', 'size'))).toThrow(
    'There is no column size',
  );
  expect(parseQuery(`from points ${rest.join(' ')}`.replace('max_value', 'count')).limit).toBe(10);
  expect(parseQuery(`${own('from')} select count`).from).toBe('events');
});
