/** The tables of a site. docs/spec/site.md describes them. A migration that was released never changes. */
import type { Migration } from './migrate.ts';
import type { Dialect } from './sql.ts';

const bytesOf = (dialect: Dialect): string => (dialect === 'postgresql' ? 'BYTEA' : 'BLOB');

/** Validity tables: [valid_from, valid_to), UTC microseconds; valid_to null: until further notice. */
const VALIDITY = 'valid_from BIGINT NOT NULL, valid_to BIGINT, CHECK (valid_to IS NULL OR valid_to > valid_from)';
const PLACEMENTS = `CREATE TABLE placements (device TEXT NOT NULL, asset TEXT NOT NULL, ${VALIDITY})`;
const ASSET_TAGS = `CREATE TABLE asset_tags (asset TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, ${VALIDITY})`;
const CONTEXT = `CREATE TABLE context (asset TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, ${VALIDITY})`;

const POINT =
  'series INTEGER NOT NULL, t BIGINT NOT NULL, value BIGINT NOT NULL, quality SMALLINT NOT NULL, message BIGINT NOT NULL';

/**
 * DuckDB compresses columns, so the order of rows decides how many bytes a point takes. New points are in the order of
 * their arrival in `points_recent`; from time to time they move to `points_history`, sorted by series and time.
 */
const DUCKDB_POINTS = [
  `CREATE TABLE points_recent (${POINT})`,
  `CREATE TABLE points_history (${POINT})`,
  'CREATE VIEW points AS SELECT * FROM points_history UNION ALL SELECT * FROM points_recent',
];

/** Block ranges: rows arrive nearly in the order of time and message, and such an index costs no space. */
const POSTGRESQL_POINTS = [
  `CREATE TABLE points (${POINT})`,
  'CREATE INDEX points_t ON points USING brin (t)',
  'CREATE INDEX points_message ON points USING brin (message)',
];

export const TELEMETRY: readonly Migration[] = [
  {
    version: 1,
    statements: (dialect) => [
      `CREATE TABLE series (
        id INTEGER PRIMARY KEY, device TEXT NOT NULL, name TEXT NOT NULL, unit TEXT NOT NULL,
        exponent SMALLINT NOT NULL, UNIQUE (device, name, unit, exponent))`,
      ...(dialect === 'postgresql' ? POSTGRESQL_POINTS : DUCKDB_POINTS),
      `CREATE TABLE events (
        device TEXT NOT NULL, name TEXT NOT NULL, t BIGINT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        message BIGINT NOT NULL, PRIMARY KEY (device, id))`,
      `CREATE TABLE raw (
        id BIGINT NOT NULL, received BIGINT NOT NULL, source TEXT NOT NULL, topic TEXT NOT NULL,
        properties TEXT NOT NULL, payload ${bytesOf(dialect)} NOT NULL)`,
      ...(dialect === 'postgresql' ? ['CREATE UNIQUE INDEX raw_id ON raw (id)'] : []),
      `CREATE TABLE raw_segments (
        file TEXT PRIMARY KEY, day TEXT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL,
        messages BIGINT NOT NULL, bytes BIGINT NOT NULL)`,
      'CREATE TABLE seen (hi BIGINT NOT NULL, lo BIGINT NOT NULL, message BIGINT NOT NULL)',
      'CREATE TABLE applied (position BIGINT NOT NULL)',
      'INSERT INTO applied VALUES (0)',
      PLACEMENTS,
      ASSET_TAGS,
      CONTEXT,
    ],
  },
  {
    version: 2,
    statements: () => ['CREATE TABLE asset_levels (asset TEXT NOT NULL, level TEXT NOT NULL, ancestor TEXT NOT NULL)'],
  },
];

export const REGISTRY: readonly Migration[] = [
  {
    version: 1,
    statements: () => [
      `CREATE TABLE assets (
        id TEXT PRIMARY KEY, parent TEXT REFERENCES assets (id), level TEXT NOT NULL, name TEXT NOT NULL,
        body TEXT NOT NULL, UNIQUE (parent, name))`,
      PLACEMENTS,
      'CREATE INDEX placements_device ON placements (device, valid_from)',
      ASSET_TAGS,
      'CREATE INDEX asset_tags_asset ON asset_tags (asset, key, valid_from)',
      CONTEXT,
      'CREATE INDEX context_asset ON context (asset, kind, valid_from)',
      `CREATE TABLE decoders (
        name TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, created BIGINT NOT NULL,
        PRIMARY KEY (name, version))`,
      `CREATE TABLE jobs (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL,
        created BIGINT NOT NULL, updated BIGINT NOT NULL)`,
      'CREATE INDEX jobs_state ON jobs (state, created)',
      'CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL)',
    ],
  },
];

/** Tables of the telemetry store whose rows the registry also has. */
export const MIRRORED = ['placements', 'asset_tags', 'context'] as const;
export type Mirrored = (typeof MIRRORED)[number];

/** What a backup holds of each store, in an order in which it can be loaded. */
export const TELEMETRY_TABLES = ['series', 'points', 'events', 'raw', 'seen', 'applied', ...MIRRORED] as const;
export const REGISTRY_TABLES = ['assets', ...MIRRORED, 'decoders', 'jobs', 'settings'] as const;
