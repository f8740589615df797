/**
 * Schemas have versions, and move forward only: each migration is a list of statements that runs in one transaction
 * with the change of the version, so a crash leaves the old version or the new one. A store that a later version of
 * moteware has written is refused.
 */
import { MoteError } from '../../base/index.ts';
import { integer, type Transactional } from './sql.ts';

export interface Migration {
  /** From 1 on, without gaps. */
  readonly version: number;
  /** What to run; `dialect` for what differs. */
  statements(dialect: Transactional['dialect']): readonly string[];
}

/**
 * Brings the schema `name` to the version of the last migration, and returns the version that it had, 0 for a new one.
 * Throws `STORE_VERSION` if the store is newer.
 */
export async function migrate(db: Transactional, name: string, migrations: readonly Migration[]): Promise<number> {
  await db.query('CREATE TABLE IF NOT EXISTS schema_versions (name TEXT PRIMARY KEY, version INTEGER NOT NULL)');
  const [row] = await db.query('SELECT version FROM schema_versions WHERE name = $1', [name]);
  const before = row === undefined ? 0 : integer(row.version);
  const newest = migrations.at(-1)?.version ?? 0;
  if (before > newest) {
    const what = `The ${name} store has schema version ${before}, and this moteware knows versions up to ${newest}`;
    throw new MoteError('STORE_VERSION', `${what}; use the moteware that wrote it, or a later one.`);
  }
  for (const migration of migrations.filter(({ version }) => version > before)) {
    await db.transaction(async (sql) => {
      for (const statement of migration.statements(db.dialect)) await sql.query(statement);
      await sql.query('DELETE FROM schema_versions WHERE name = $1', [name]);
      await sql.query('INSERT INTO schema_versions VALUES ($1, $2)', [name, migration.version]);
    });
  }
  return before;
}
