/**
 * The registry of a site: what changes by transactions and is small. SQLite in a file, or a schema of the PostgreSQL
 * server. Its tables are in schema.ts; the components that own them bring the statements.
 */
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { MoteError, optional } from '../../base/index.ts';
import { migrate } from './migrate.ts';
import { REGISTRY } from './schema.ts';
import { type Row, type Sql, type SqlValue, sqlError, type Transactional, Turns } from './sql.ts';

export interface Registry extends Transactional {
  readonly dialect: 'sqlite' | 'postgresql';
  close(): Promise<void>;
}

/** Columns with these types have small integers. */
const SMALL = new Set(['INTEGER', 'SMALLINT']);

export class SqliteRegistry implements Registry {
  readonly dialect = 'sqlite';
  readonly #db: DatabaseSyncInstance;
  readonly #turns = new Turns();
  #closed = false;

  private constructor(db: DatabaseSyncInstance) {
    this.#db = db;
  }

  /** Opens or creates the file; `:memory:` for none. Throws `STORE_OPEN`, `STORE_VERSION`, `STORE_PACKAGE`. */
  static async open(path: string, migrations = REGISTRY): Promise<SqliteRegistry> {
    const { DatabaseSync } = await optional('@photostructure/sqlite', () => import('@photostructure/sqlite'));
    let db: DatabaseSyncInstance;
    try {
      db = new DatabaseSync(path);
      // A commit is on the medium when it returns.
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    } catch (cause) {
      throw new MoteError('STORE_OPEN', `The SQLite file ${path} can't be opened: ${(cause as Error).message}`, {
        cause,
      });
    }
    const registry = new SqliteRegistry(db);
    try {
      await migrate(registry, 'registry', migrations);
    } catch (error) {
      await registry.close();
      throw error;
    }
    return registry;
  }

  query(text: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    return this.#turns.run(async () => this.#run(text, values));
  }

  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#turns.run(async () => {
      this.#run('BEGIN IMMEDIATE', []);
      try {
        const result = await work({ query: async (text, values = []) => this.#run(text, values) });
        this.#run('COMMIT', []);
        return result;
      } catch (error) {
        if (this.#db.isTransaction) this.#run('ROLLBACK', []);
        throw error;
      }
    });
  }

  #run(text: string, values: readonly SqlValue[]): Row[] {
    if (this.#closed) throw new MoteError('STORE_CLOSED', 'The registry is closed; open it again.');
    try {
      // SQLite takes `$1` for a name; `?1` is the first parameter.
      const statement = this.#db.prepare(text.replaceAll(/\$(\d+)/g, '?$1'));
      statement.setReadBigInts(true);
      const rows = statement.all(...values.map(parameter)) as Record<string, SqlValue>[];
      const small = statement.columns().filter(({ type }) => SMALL.has(type?.toUpperCase() ?? ''));
      for (const row of rows)
        for (const { name } of small) if (typeof row[name] === 'bigint') row[name] = Number(row[name]);
      return rows;
    } catch (cause) {
      throw sqlError(cause, 'SQLite refuses a statement');
    }
  }

  async close(): Promise<void> {
    await this.#turns.run(async () => {
      if (!this.#closed) this.#db.close();
      this.#closed = true;
    });
  }
}

/** Integers stay integers. */
function parameter(value: SqlValue): SqlValue {
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return value;
}
