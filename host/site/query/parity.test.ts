/** The same questions over the same rows, in each engine: equal rows, in equal order. */
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacking, titled } from '../../base/needs.ts';
import { cases, casesText } from '../../base/test-form.ts';
import { randomBelow } from '../../base/testing.ts';
import { PostgresServer } from '../store/testing.ts';
import { type Cell, orderedRows } from './aggregate.ts';
import { compile } from './compile.ts';
import { duckDatabase, postgresDatabase } from './connect.ts';
import { type Commit, Incremental } from './incremental.ts';
import type { Plan } from './plan.ts';
import { type Database, runPlan } from './run.ts';
import { plant, queries, tableStatements } from './testing.ts';

const COUNT = 1000;
const PLANT = plant(11, 400);
const PLANS = fc.sample(queries, { numRuns: cases(COUNT), seed: 20 }).map((query) => ({ query, plan: compile(query) }));

let duck: Database;
beforeAll(async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  for (const statement of tableStatements(PLANT)) await connection.run(statement);
  duck = duckDatabase(connection);
});

/** Runs a plan over the messages as they came and stops now and then; returns what a table with all changes holds. */
function incrementally(plan: Plan, seed: number, options: { early?: boolean } = {}): Cell[][] {
  const below = randomBelow(seed);
  const table = new Map<string, readonly Cell[]>();
  const groups = new Map<string, string>();
  const apply = (commit: Commit) => {
    expect(commit.tooLate).toBeNull();
    for (const change of commit.changes) {
      if (change.op === 'upsert') table.set(change.id, change.row);
      else expect(table.delete(change.id)).toBe(true);
    }
    for (const [id, state] of commit.groups) state === null ? groups.delete(id) : groups.set(id, state);
    return commit;
  };
  let run = new Incremental(plan, PLANT.dimensions, options);
  for (const { message, decoded } of PLANT.messages) {
    run.push(message, decoded);
    if (below(20) > 0) continue;
    const { position, watermarkUs } = apply(run.commit());
    if (below(4) > 0) continue;
    // As after a crash: what was committed is all there is, and the log is read again from an earlier message.
    run = new Incremental(plan, PLANT.dimensions, {
      ...options,
      saved: { digest: run.digest, position, watermarkUs, groups },
    });
    for (const again of PLANT.messages.slice(Math.max(0, message - 5), message)) run.push(again.message, again.decoded);
  }
  apply(run.finish());
  const rows = orderedRows(
    plan,
    [...table.values()].map((row) => [...row]),
  );
  expect(run.answer()).toEqual(rows);
  return rows;
}

it('two in five generated questions and more have rows, so that equal answers mean something', async () => {
  let filled = 0;
  for (const { plan } of PLANS) if ((await runPlan(duck, plan)).length > 0) filled++;
  expect(filled / PLANS.length).toBeGreaterThan(0.4);
});

it(`${casesText(COUNT)} questions: DuckDB and a run over data as they come have equal rows`, async () => {
  for (const [i, { query, plan }] of PLANS.entries()) {
    const expected = await runPlan(duck, plan);
    expect(incrementally(plan, i + 1, { early: i % 2 === 0 }), JSON.stringify(query)).toEqual(expected);
  }
});

const missing = lacking('psql');
describe.skipIf(missing !== null)(titled('with PostgreSQL', missing), () => {
  let server: PostgresServer;
  let client: Client;
  beforeAll(async () => {
    server = await PostgresServer.start();
    client = new Client({ connectionString: server.url });
    await client.connect();
    for (const statement of tableStatements(PLANT)) await client.query(statement);
    await client.query('ANALYZE');
  });
  afterAll(async () => {
    await client?.end();
    await server?.delete();
  });

  it(`${casesText(COUNT)} questions: DuckDB and PostgreSQL have equal rows`, async () => {
    const postgres = postgresDatabase(client);
    for (const { query, plan } of PLANS) {
      expect(await runPlan(postgres, plan), JSON.stringify(query)).toEqual(await runPlan(duck, plan));
    }
  });
});
