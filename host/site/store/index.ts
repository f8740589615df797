/** The stores of a site: what it received, as it came and as it was decoded, and what it knows about it. */
export { type BackupManifest, backup, restore } from './backup.ts';
export type { Applied, Decode, DecodeStats } from './batch.ts';
export { canonicalJson } from './canonical.ts';
export { type DuckDbOptions, DuckDbStore } from './duckdb.ts';
export { Ingest, type IngestOptions, type IngestStats } from './ingest.ts';
export type { NewMessage } from './journal.ts';
export { postgresVersion, STORE_PACKAGES } from './machine.ts';
export { runOf } from './point-row.ts';
export { type PostgresOptions, PostgresStore } from './postgres.ts';
export { DAY_US, RawArchive, type RawSegment } from './raw-archive.ts';
export { type Registry, SqliteRegistry } from './registry.ts';
export type { Mirrored } from './schema.ts';
export { readSetting, writeSetting } from './settings.ts';
export { type Retention, type SiteIngestOptions, SiteStore, type StoreOptions } from './site-store.ts';
export type { Dialect, Row, Sql, SqlValue, Transactional } from './sql.ts';
export type { RawFilter, Series, TelemetryStore } from './telemetry.ts';
