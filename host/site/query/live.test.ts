import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cases } from '../../base/test-form.ts';
import { Compiled } from '../../base/testing.ts';
import { compile } from './compile.ts';
import { duckDatabase, duckLiveSql } from './connect.ts';
import { Incremental } from './incremental.ts';
import { type LiveMessage, LiveTable, live } from './live.ts';
import { parseQuery } from './parse.ts';
import { runPlan } from './run.ts';
import { plant, tableStatements } from './testing.ts';

const PLANT = plant(5, 200);
const TEXT = `from points as exponent -2 window 10s by name, asset.line
  select count, sum(value), first(value) having count > 1`;
const PLAN = compile(parseQuery(TEXT));

async function* steps(messages: readonly LiveMessage[], after: number, size = 7): AsyncGenerator<LiveMessage[]> {
  const rest = messages.filter(({ message }) => message > after);
  for (let i = 0; i < rest.length; i += size) yield rest.slice(i, i + size);
}

describe('a live question', () => {
  it('gives each change after it is stored, and its table has the rows of the changes', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const table = await LiveTable.open(duckLiveSql(connection));
    const messages = (after: number) => steps(PLANT.messages, after);
    const seen = new Map<string, unknown>();
    for await (const step of live({
      name: 'q',
      plan: PLAN,
      dimensions: PLANT.dimensions,
      table,
      messages,
      early: true,
    })) {
      for (const change of step.changes) {
        if (change.op === 'upsert') seen.set(change.id, change.row);
        else seen.delete(change.id);
      }
      expect((await table.answer('q', PLAN)).length).toBe(seen.size);
    }
    for (const statement of tableStatements(PLANT)) await connection.run(statement);
    expect(await table.answer('q', PLAN)).toEqual(await runPlan(duckDatabase(connection), PLAN));
  });

  it('rejects the state of another question', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const table = await LiveTable.open(duckLiveSql(connection));
    const options = {
      name: 'q',
      dimensions: PLANT.dimensions,
      table,
      messages: (after: number) => steps(PLANT.messages, after, 1000),
    };
    for await (const _ of live({ ...options, plan: PLAN }));
    const other = compile(parseQuery('from points select count'));
    await expect(live({ ...options, plan: other }).next()).rejects.toMatchObject({ code: 'QUERY_STATE' });
    await table.delete('q');
    for await (const step of live({ ...options, plan: other })) expect(step.changes).toHaveLength(1);
  });
});

describe('a run', () => {
  const one = (text: string) => compile(parseQuery(text));
  const event = (device: string, seconds: number) => ({
    runs: [],
    events: [{ device, name: 'e', timeUs: seconds * 1_000_000, id: `${device}${seconds}`, body: null }],
  });

  it('reports a window when the watermark has passed it, and again when a late row corrects it', () => {
    const run = new Incremental(one('from events window 10s lateness 5s select count'), PLANT.dimensions);
    const counts = () => run.commit().changes.map((change) => (change.op === 'upsert' ? change.row : change));
    run.push(1, event('a', 3));
    run.push(2, event('a', 14));
    expect(counts()).toEqual([]);
    run.push(3, event('a', 15));
    expect(counts()).toEqual([[0n, 10_000_000n, 1n]]);
    run.push(4, event('a', 4));
    expect(counts()).toEqual([[0n, 10_000_000n, 2n]]);
  });

  it('deletes the row of a session that became part of another', () => {
    const run = new Incremental(one('from events window session 5s select count'), PLANT.dimensions);
    for (const [i, second] of [0, 8, 100].entries()) run.push(i, event('a', second));
    expect(run.commit().changes).toHaveLength(2);
    run.push(9, event('a', 4));
    expect(run.commit().changes).toEqual([
      { op: 'delete', id: '[8000000]' },
      { op: 'upsert', id: '[0]', row: [0n, 13_000_000n, 3n] },
    ]);
  });

  it('forgets windows that lie too far back, and counts rows that come for them', () => {
    const run = new Incremental(one('from events window 10s select count'), PLANT.dimensions, { keepMs: 60_000 });
    for (const [i, second] of [5, 50, 85].entries()) run.push(i, event('a', second));
    const { groups } = run.commit();
    expect(groups.get('[0]')).toBeNull();
    expect(run.size).toBe(2);
    run.push(9, event('a', 6));
    expect(run.commit()).toMatchObject({ changes: [], tooLate: { rows: 1, fromUs: 6_000_000, toUs: 6_000_000 } });
  });

  it('rejects saved groups that are damaged', () => {
    const { digest } = new Incremental(PLAN, PLANT.dimensions);
    for (const text of ['', '{}', '[0,1,true,[],[]]', '[0,1,true,["a","b"],["x","1","1"]]']) {
      const saved = { digest, position: 1, watermarkUs: 1, groups: [['[0,"a","b"]', text]] as const };
      expect(() => new Incremental(PLAN, PLANT.dimensions, { saved })).toThrow(
        expect.objectContaining({ code: 'QUERY_STATE' }),
      );
    }
  });
});

describe('over crashes', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mote-live-'));
  let compiled: Compiled;
  beforeAll(async () => {
    compiled = await Compiled.of('host/site/query/live-crash.ts');
  });
  afterAll(() => {
    compiled?.delete();
    rmSync(dir, { recursive: true, force: true });
  });

  it('each message is in the answer exactly once, whenever the process is killed', async () => {
    const file = join(dir, 'live.duckdb');
    // The process ends itself in the middle of a step, as late as the number says.
    for (let kill = 1; kill <= cases(40); kill++) {
      const child = await compiled.run(
        `await runUntil(${JSON.stringify(file)}, ${JSON.stringify(TEXT)}, ${kill * 13}, print);`,
      );
      await child.kill();
    }
    const end = await compiled.run(
      `await runUntil(${JSON.stringify(file)}, ${JSON.stringify(TEXT)}, Infinity, print);`,
    );
    await end.kill();
    const connection = await (await DuckDBInstance.create(file)).connect();
    const table = await LiveTable.open(duckLiveSql(connection));
    for (const statement of tableStatements(PLANT)) await connection.run(statement);
    expect(await table.answer('q', PLAN)).toEqual(await runPlan(duckDatabase(connection), PLAN));
  });
});
