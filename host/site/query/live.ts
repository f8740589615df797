/**
 * Live questions: runs over data as they come, of which the rows and the state are in one table. Each step is one transaction, so
 * after a crash a run goes on from its last step, and every message is in the answer exactly once.
 */
import { MoteError } from '../../base/index.ts';
import type { Decoded } from '../model/index.ts';
import { type Cell, orderedRows } from './aggregate.ts';
import type { Dimensions } from './dimensions.ts';
import {
  type Change,
  type Commit,
  Incremental,
  type IncrementalOptions,
  planDigest,
  type SavedRun,
} from './incremental.ts';
import type { Plan } from './plan.ts';

/** A connection to DuckDB or PostgreSQL that no one else uses meanwhile. Values are texts and null. */
export interface LiveSql {
  /** `$1`, `$2`, ... stand for the values. */
  rows(sql: string, values?: readonly (string | null)[]): Promise<readonly (readonly unknown[])[]>;
}

/** The rows and state of live questions, by their names. */
export class LiveTable {
  readonly #sql: LiveSql;

  private constructor(sql: LiveSql) {
    this.#sql = sql;
  }

  /** Creates the tables `live_queries` and `live_groups`, unless they exist. */
  static async open(sql: LiveSql): Promise<LiveTable> {
    await sql.rows(
      'CREATE TABLE IF NOT EXISTS live_queries (name VARCHAR PRIMARY KEY, digest VARCHAR NOT NULL, position VARCHAR NOT NULL, watermark VARCHAR)',
    );
    await sql.rows(
      'CREATE TABLE IF NOT EXISTS live_groups (name VARCHAR NOT NULL, id VARCHAR NOT NULL, state VARCHAR, cells VARCHAR, PRIMARY KEY (name, id))',
    );
    return new LiveTable(sql);
  }

  /** The state to go on from; null if the table has none of this name. */
  async saved(name: string): Promise<SavedRun | null> {
    const [found] = await this.#sql.rows('SELECT digest, position, watermark FROM live_queries WHERE name = $1', [
      name,
    ]);
    if (found === undefined) return null;
    const [digest, position, watermark] = found as [string, string, string | null];
    const groups = await this.#sql.rows('SELECT id, state FROM live_groups WHERE name = $1 AND state IS NOT NULL', [
      name,
    ]);
    return {
      digest,
      position: Number(position),
      watermarkUs: watermark === null ? null : Number(watermark),
      groups: groups as readonly (readonly [string, string])[],
    };
  }

  /** Writes a step in one transaction. */
  async apply(name: string, digest: string, { position, watermarkUs, changes, groups }: Commit): Promise<void> {
    await this.#sql.rows('BEGIN');
    try {
      for (const [id, state] of groups) {
        await this.#sql.rows(
          'INSERT INTO live_groups (name, id, state) VALUES ($1, $2, $3) ON CONFLICT (name, id) DO UPDATE SET state = excluded.state',
          [name, id, state],
        );
      }
      for (const change of changes) {
        const cells = change.op === 'delete' ? null : writtenRow(change.row);
        await this.#sql.rows('UPDATE live_groups SET cells = $3 WHERE name = $1 AND id = $2', [name, change.id, cells]);
      }
      await this.#sql.rows('DELETE FROM live_groups WHERE name = $1 AND state IS NULL AND cells IS NULL', [name]);
      await this.#sql.rows(
        'INSERT INTO live_queries (name, digest, position, watermark) VALUES ($1, $2, $3, $4) ON CONFLICT (name) ' +
          'DO UPDATE SET digest = excluded.digest, position = excluded.position, watermark = excluded.watermark',
        [name, digest, `${position}`, watermarkUs === null ? null : `${watermarkUs}`],
      );
      await this.#sql.rows('COMMIT');
    } catch (error) {
      // What made the step fail is the cause; a connection that is lost can't roll back either.
      await this.#sql.rows('ROLLBACK').catch(() => {});
      throw error;
    }
  }

  /** The rows that were reported, also those of windows that a run has forgotten, in the order and limit of the plan. */
  async answer(name: string, plan: Plan): Promise<Cell[][]> {
    const rows = await this.#sql.rows('SELECT cells FROM live_groups WHERE name = $1 AND cells IS NOT NULL', [name]);
    return orderedRows(
      plan,
      rows.map(([cells]) => readRow(plan, String(cells))),
    );
  }

  /** Forgets a live question. */
  async delete(name: string): Promise<void> {
    await this.#sql.rows('DELETE FROM live_groups WHERE name = $1', [name]);
    await this.#sql.rows('DELETE FROM live_queries WHERE name = $1', [name]);
  }
}

const writtenRow = (row: readonly Cell[]) =>
  JSON.stringify(row.map((cell) => (typeof cell === 'bigint' ? `${cell}` : cell)));

function readRow({ columns }: Plan, text: string): Cell[] {
  const cells = JSON.parse(text) as (string | null)[];
  return columns.map(({ type }, i) => {
    const cell = cells[i] ?? null;
    return cell === null || type === 'text' ? cell : BigInt(cell);
  });
}

export interface LiveMessage {
  /** Number in the log of the site. */
  readonly message: number;
  readonly decoded: Decoded;
}

export interface LiveOptions extends Omit<IncrementalOptions, 'saved'> {
  /** Names the question in the table. */
  name: string;
  plan: Plan;
  dimensions: Dimensions;
  table: LiveTable;
  /**
   * Messages with numbers above `after`, in order, as they come; each array is one step. Ends when the run shall end.
   */
  messages(after: number): AsyncIterable<readonly LiveMessage[]>;
}

/** What a step has changed, after it was stored. */
export interface LiveStep {
  readonly position: number;
  readonly watermarkUs: number | null;
  readonly changes: readonly Change[];
  readonly tooLate: Commit['tooLate'];
}

/**
 * Runs a question for as long as messages come. Who follows it reads the table's answer first, and then these changes: a step is
 * given only once it is stored. Throws `QUERY_STATE` if the table has another question of the name.
 */
export async function* live(options: LiveOptions): AsyncGenerator<LiveStep, void, undefined> {
  const { name, plan, dimensions, table, messages } = options;
  const saved = await table.saved(name);
  if (saved !== null && saved.digest !== planDigest(plan)) {
    throw new MoteError('QUERY_STATE', `The live question ${name} was another one before; delete that first.`);
  }
  const run = new Incremental(plan, dimensions, { ...options, saved });
  for await (const step of messages(run.position)) {
    for (const { message, decoded } of step) run.push(message, decoded);
    const commit = run.commit();
    await table.apply(name, run.digest, commit);
    const { position, watermarkUs, changes, tooLate } = commit;
    yield { position, watermarkUs, changes, tooLate };
  }
}
