/** The model as rows of the tables of both stores, and what differs between two models. */
import { MoteError } from '../../base/index.ts';
import { readLevel } from '../model/index.ts';
import type { Dialect, Row, Sql, SqlValue } from '../store/index.ts';
import { type AssetModel, FACTS, type FactKind, type Histories, type History, historyId } from './model.ts';
import { nameOf, parentOf, pathsTo } from './names.ts';

/** The values of a row in the order of its columns. */
type Cells = readonly (string | number | null)[];

/** Rows to be removed, by the columns that identify them, and rows to be added. */
export interface Difference {
  readonly removed: readonly Cells[];
  readonly added: readonly Cells[];
}

/** A table in which the rows of one identity are never two. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** Which columns identify a row. */
  readonly identity: readonly number[];
  rows(model: AssetModel): Iterable<Cells>;
}

const factTable = (name: string, kind: FactKind, columns: readonly string[]): Table => ({
  name,
  columns: [...columns, 'valid_from', 'valid_to'],
  identity: kind === 'placements' ? [0, 2] : [0, 1, 3],
  *rows(model) {
    for (const { subject, key, spans } of model[kind].values())
      for (const { from, to, text } of spans)
        yield kind === 'placements' ? [subject, text, from, to] : [subject, key, text, from, to];
  },
});

const FACT_TABLES: readonly Table[] = [
  factTable('placements', 'placements', ['device', 'asset']),
  factTable('asset_tags', 'tags', ['asset', 'key', 'value']),
  factTable('context', 'context', ['asset', 'kind', 'value']),
];

/** Which asset stands above another at each level; itself at its own. For questions by level. */
const ASSET_LEVELS: Table = {
  name: 'asset_levels',
  columns: ['asset', 'level', 'ancestor'],
  identity: [0, 1],
  *rows({ assets }) {
    for (const path of assets.keys()) for (const above of pathsTo(path)) yield [path, assets.get(above)!, above];
  },
};

const ASSETS = { name: 'assets', columns: ['id', 'parent', 'level', 'name', 'body'], identity: [0] };

/** Rows in one statement. */
const PORTION = 5000;

/** No text is empty or has a NUL, so an empty one is null. */
const idOf = (cells: Cells) => cells.join('\0');

/** What makes `before` to `after`. */
export function difference(before: Iterable<Cells>, after: Iterable<Cells>): Difference {
  const removed = new Map([...before].map((cells) => [idOf(cells), cells]));
  const added = [...after].filter((cells) => !removed.delete(idOf(cells)));
  return { removed: [...removed.values()], added };
}

/** The models with only what isn't the same value in both, so that a small change of a large plant is small. */
function parts(a: AssetModel, b: AssetModel): [AssetModel, AssetModel] {
  const only = (one: Histories, other: Histories): Histories =>
    new Map([...one].filter(([id, history]) => other.get(id) !== history));
  const part = (one: AssetModel, other: AssetModel): AssetModel => ({
    assets: one.assets === other.assets ? new Map() : one.assets,
    placements: only(one.placements, other.placements),
    tags: only(one.tags, other.tags),
    context: only(one.context, other.context),
  });
  return [part(a, b), part(b, a)];
}

function* portions<T>(list: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < list.length; at += PORTION) yield list.slice(at, at + PORTION);
}

/** How a database reads the rows of a JSON array of arrays, `$1`, as `r`, and a cell of one. Thousands of parameters take it much longer. */
const JSON_ROWS: Readonly<Record<Dialect, { from: string; cell(i: number, integer: boolean): string }>> = {
  duckdb: {
    from: `(SELECT unnest(from_json($1, '["JSON"]')) AS r)`,
    cell: (i, integer) => (integer ? `CAST(r->>'$[${i}]' AS BIGINT)` : `r->>'$[${i}]'`),
  },
  postgresql: {
    from: 'json_array_elements($1::json) AS t(r)',
    cell: (i, integer) => (integer ? `(r->>${i})::BIGINT` : `r->>${i}`),
  },
  sqlite: {
    from: '(SELECT value AS r FROM json_each($1))',
    cell: (i) => `json_extract(r, '$[${i}]')`,
  },
};

/** Returns the number of rows. */
async function write(
  sql: Sql,
  dialect: Dialect,
  table: Omit<Table, 'rows'>,
  { removed, added }: Difference,
): Promise<number> {
  const { name, columns, identity } = table;
  const { from, cell } = JSON_ROWS[dialect];
  const select = (places: readonly number[]) =>
    `SELECT ${places.map((column, i) => cell(i, columns[column]!.startsWith('valid_'))).join(', ')} FROM ${from}`;
  const gone = `DELETE FROM ${name} WHERE (${identity.map((i) => columns[i]).join(', ')}) IN (${select(identity)})`;
  for (const portion of portions(removed))
    await sql.query(gone, [JSON.stringify(portion.map((row) => identity.map((i) => row[i]!)))]);
  const come = `INSERT INTO ${name} (${columns.join(', ')}) ${select(columns.map((_, i) => i))}`;
  for (const portion of portions(added)) await sql.query(come, [JSON.stringify(portion)]);
  return removed.length + added.length;
}

/** Brings the tables of the registry from one model to another, within a transaction. Returns the number of rows. */
export async function writeRegistry(
  sql: Sql,
  dialect: Dialect,
  before: AssetModel,
  after: AssetModel,
): Promise<number> {
  const [a, b] = parts(before, after);
  let count = 0;
  for (const [path, level] of b.assets) {
    const old = a.assets.get(path);
    if (old === undefined || old === level) continue;
    await sql.query('UPDATE assets SET level = $2 WHERE id = $1', [path, level]);
    count++;
  }
  // A parent comes before its children in the order of paths.
  const only = (one: AssetModel, other: AssetModel): Cells[] =>
    [...one.assets]
      .filter(([path]) => !other.assets.has(path))
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([path, level]) => [path, parentOf(path), level, nameOf(path), '{}']);
  count += await write(sql, dialect, ASSETS, { removed: only(a, b).reverse(), added: only(b, a) });
  for (const table of FACT_TABLES) count += await write(sql, dialect, table, difference(table.rows(a), table.rows(b)));
  return count;
}

/** The same for the copy in the telemetry store. */
export async function writeMirror(sql: Sql, dialect: Dialect, before: AssetModel, after: AssetModel): Promise<void> {
  const [a, b] = parts(before, after);
  for (const table of [...FACT_TABLES, ASSET_LEVELS])
    await write(sql, dialect, table, difference(table.rows(a), table.rows(b)));
}

/** Makes the copy equal to the model, whatever it has. */
export async function repairMirror(sql: Sql, dialect: Dialect, model: AssetModel): Promise<void> {
  for (const table of [...FACT_TABLES, ASSET_LEVELS]) {
    const rows = await sql.query(`SELECT ${table.columns.join(', ')} FROM ${table.name}`);
    const stored = rows.map((row) => table.columns.map((column) => plain(row[column])));
    const own = [...table.rows(model)];
    const { removed, added } = difference(stored, own);
    // A row that is twice in the copy is once in the difference.
    if (stored.length - removed.length + added.length === own.length)
      await write(sql, dialect, table, { removed, added });
    else {
      await sql.query(`DELETE FROM ${table.name}`);
      await write(sql, dialect, table, { removed: [], added: own });
    }
  }
}

const plain = (value: SqlValue | undefined): string | number | null =>
  value === null || value === undefined ? null : typeof value === 'string' ? value : Number(value);

/** Reads the model from the registry. Throws `STORE_DATA` for what moteware doesn't write. */
export async function readRegistry(sql: Sql): Promise<AssetModel> {
  const assets = new Map(
    (await sql.query('SELECT id, level FROM assets')).map(({ id, level }) => {
      const known = readLevel(String(level));
      if (known === null)
        throw new MoteError(
          'STORE_DATA',
          `The asset ${String(id)} has the level ${String(level)}; there is no such level.`,
        );
      return [String(id), known];
    }),
  );
  const [placements, tags, context] = await Promise.all(
    FACT_TABLES.map(async ({ name, columns }, i) =>
      histories(await sql.query(`SELECT ${columns.join(', ')} FROM ${name}`), columns, FACTS[i] === 'placements'),
    ),
  );
  return { assets, placements: placements!, tags: tags!, context: context! };
}

function histories(rows: readonly Row[], columns: readonly string[], placed: boolean): Histories {
  const result = new Map<string, Omit<History, 'spans'> & { spans: History['spans'][number][] }>();
  for (const row of rows) {
    const texts = columns.slice(0, -2).map((column) => String(row[column]));
    const [subject, key, text] = placed ? [texts[0]!, '', texts[1]!] : [texts[0]!, texts[1]!, texts[2]!];
    const span = { from: Number(row.valid_from), to: row.valid_to === null ? null : Number(row.valid_to), text };
    const id = historyId(subject, key);
    const known = result.get(id);
    if (known === undefined) result.set(id, { subject, key, spans: [span] });
    else known.spans.push(span);
  }
  for (const { spans } of result.values()) spans.sort((a, b) => a.from - b.from);
  return result;
}
