/**
 * All stores of a site in one folder, opened by the one process that owns them:
 *
 *     site.lock.*          who owns the folder
 *     journal/             messages that are acknowledged and not yet in the telemetry store
 *     telemetry.duckdb     points, events, recent raw messages (not with PostgreSQL)
 *     registry.sqlite      assets, tags, context, decoders, jobs (not with PostgreSQL)
 *     raw/                 raw messages of past days
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Lock, MoteError, tryLock } from '../../base/index.ts';
import { type DuckDbOptions, DuckDbStore } from './duckdb.ts';
import { Ingest, type IngestOptions } from './ingest.ts';
import type { Migration } from './migrate.ts';
import { PostgresStore } from './postgres.ts';
import { DAY_US, RawArchive } from './raw-archive.ts';
import { type Registry, SqliteRegistry } from './registry.ts';
import { REGISTRY, TELEMETRY } from './schema.ts';
import type { TelemetryStore } from './telemetry.ts';

export interface Retention {
  /** Whole UTC days that raw messages stay in the telemetry store before they move to files; default 1. */
  readonly rawRecentDays?: number;
  /** Whole UTC days that a tier is kept; null for ever. Default: raw 30, points 730, events null. */
  readonly rawDays?: number | null;
  readonly pointDays?: number | null;
  readonly eventDays?: number | null;
}

export interface StoreOptions extends Pick<DuckDbOptions, 'threads' | 'memoryMb' | 'compactPoints'> {
  /** The folder of the site's data, created if missing. */
  readonly dir: string;
  /** A PostgreSQL server in place of DuckDB and SQLite: `postgresql://user:password@host/database`. */
  readonly postgres?: string;
  /** The schema of the telemetry on that server; default `site`. The registry's is `<schema>_registry`. */
  readonly schema?: string;
  readonly retention?: Retention;
  onProblem?(error: MoteError): void;
}

export interface Schemas {
  readonly telemetry: readonly Migration[];
  readonly registry: readonly Migration[];
}

export type SiteIngestOptions = Omit<IngestOptions, 'dir' | 'store' | 'archive'>;

export class SiteStore {
  readonly dir: string;
  readonly telemetry: TelemetryStore;
  readonly registry: Registry;
  readonly archive: RawArchive;
  readonly #options: StoreOptions;
  readonly #lock: Lock;
  #ingest: Ingest | undefined;

  private constructor(
    options: StoreOptions,
    lock: Lock,
    telemetry: TelemetryStore,
    registry: Registry,
    archive: RawArchive,
  ) {
    this.dir = options.dir;
    this.#options = options;
    this.#lock = lock;
    this.telemetry = telemetry;
    this.registry = registry;
    this.archive = archive;
  }

  /** Opens or creates all stores. Throws `STORE_LOCKED` if another process owns them, and what opening each throws. */
  static async open(
    options: StoreOptions,
    { telemetry: tables, registry: own }: Schemas = { telemetry: TELEMETRY, registry: REGISTRY },
  ): Promise<SiteStore> {
    const lock = ownership(options.dir);
    const opened: { close(): Promise<void> }[] = [];
    const keep = <T extends { close(): Promise<void> }>(store: T): T => {
      opened.push(store);
      return store;
    };
    try {
      const { dir, postgres, schema = 'site' } = options;
      const telemetry = keep<TelemetryStore>(
        postgres === undefined
          ? await DuckDbStore.open({ ...options, path: join(dir, 'telemetry.duckdb') }, tables)
          : await PostgresStore.open({ url: postgres, schema }, tables),
      );
      const registry = keep<Registry>(
        postgres === undefined
          ? await SqliteRegistry.open(join(dir, 'registry.sqlite'), own)
          : await PostgresStore.open({ url: postgres, schema: `${schema}_registry`, connections: 2 }, own, 'registry'),
      );
      return new SiteStore(options, lock, telemetry, registry, await RawArchive.open(telemetry, join(dir, 'raw')));
    } catch (error) {
      for (const store of opened) await store.close();
      lock.release();
      throw error;
    }
  }

  /** Opens the journal, applies what a crash has left in it, and takes messages from then on. Once. */
  async ingest(options: SiteIngestOptions): Promise<Ingest> {
    if (this.#ingest !== undefined) throw new Error('The site takes messages already.');
    const { telemetry: store, archive } = this;
    this.#ingest = await Ingest.open({ ...options, dir: join(this.dir, 'journal'), store, archive });
    return this.#ingest;
  }

  /** Runs `work` while the stores don't change: no batch is written, and all that was appended before is. */
  async still<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ingest === undefined) return work();
    await this.#ingest.flush();
    return this.#ingest.paused(work);
  }

  /** Moves and deletes what is old, by the retention of each tier. To be called each hour or so. */
  async maintain(nowUs: number): Promise<void> {
    const { rawRecentDays = 1, rawDays = 30, pointDays = 730, eventDays = null } = this.#options.retention ?? {};
    const before = (days: number) => nowUs - days * DAY_US;
    if (rawDays !== null) await this.archive.expire(before(rawDays));
    await this.archive.archive(before(rawRecentDays));
    if (pointDays !== null) await this.telemetry.deletePoints(before(pointDays));
    if (eventDays !== null) await this.telemetry.query('DELETE FROM events WHERE t < $1', [before(eventDays)]);
  }

  async close(): Promise<void> {
    await this.#ingest?.close();
    await this.telemetry.close();
    await this.registry.close();
    this.#lock.release();
  }
}

/** Takes the ownership of the folder. */
function ownership(dir: string): Lock {
  try {
    mkdirSync(dir, { recursive: true });
    const lock = tryLock(join(dir, 'site.lock'));
    if (lock.taken) return lock;
    const what = `The site's data in ${dir} belongs to another process: ${lock.holder}`;
    throw new MoteError(
      'STORE_LOCKED',
      `${what}. Other processes read it by the site's API or from exported Parquet files.`,
    );
  } catch (cause) {
    if (cause instanceof MoteError) throw cause;
    throw new MoteError('STORE_OPEN', `The folder ${dir} can't be used: ${(cause as Error).message}`, { cause });
  }
}
