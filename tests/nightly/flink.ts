/** The same questions on a real Flink 2.3: `npm run test:flink`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packagePath } from '../../host/base/index.ts';
import { compile } from '../../host/site/query/compile.ts';
import { duckDatabase } from '../../host/site/query/connect.ts';
import { runPlan } from '../../host/site/query/run.ts';
import { plant, queries, tableStatements } from '../../host/site/query/testing.ts';
import { runOnFlink } from '../../host/site/query/testing-flink.ts';

const COUNT = Number(process.env.MOTE_FLINK_QUESTIONS ?? 50);

it(`${COUNT} questions: DuckDB and Flink have equal rows`, async () => {
  const made = plant(11, 400);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  for (const statement of tableStatements(made)) await connection.run(statement);
  const duck = duckDatabase(connection);
  const chosen = [];
  for (const query of fc.sample(queries, { numRuns: 10 * COUNT, seed: 20 })) {
    const plan = compile(query);
    const rows = await runPlan(duck, plan);
    // An answer without rows shows little.
    if (rows.length > 0 && chosen.length < COUNT) chosen.push({ query, plan, rows });
  }
  const folder = mkdtempSync(join(tmpdir(), 'mote-flink-'));
  const begin = performance.now();
  const plans = chosen.map(({ plan }) => plan);
  const answers = await runOnFlink(plans, made, folder);
  const seconds = Math.round((performance.now() - begin) / 1000);
  const different = chosen.filter(({ rows }, i) => JSON.stringify(rows, text) !== JSON.stringify(answers[i], text));
  const report = {
    engine: 'Apache Flink 2.3.0',
    questions: chosen.length,
    rows: chosen.reduce((sum, { rows }) => sum + rows.length, 0),
    equal: chosen.length - different.length,
    seconds,
  };
  writeFileSync(packagePath('bench', 'flink.json'), `${JSON.stringify(report, null, 2)}\n`);
  for (const [i, { query, rows }] of chosen.entries()) expect(answers[i], JSON.stringify(query)).toEqual(rows);
  rmSync(folder, { recursive: true });
});

const text = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);
