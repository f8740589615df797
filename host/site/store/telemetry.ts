/** One interface over the two databases that hold what a site receives: DuckDB in a file, or a PostgreSQL server. */
import type { DecodedEvent, PointRun, RawMessage, SeriesKey } from '../model/index.ts';
import type { Mirrored } from './schema.ts';
import type { Row, SqlValue, Transactional } from './sql.ts';

export interface Series extends SeriesKey {
  readonly id: number;
}

/** The points of one run, whose series is known. */
export interface StoredRun extends Pick<PointRun, 'quality' | 'timesUs' | 'values'> {
  readonly series: number;
  /** The id of the message that it came with. */
  readonly message: number;
}

export interface StoredEvent extends Omit<DecodedEvent, 'body'> {
  /** Canonical JSON (RFC 8785). */
  readonly body: string;
  readonly message: number;
}

/** What identifies a message, if its sender repeats it: 128 bits of a digest. */
export interface SeenKey {
  readonly hi: bigint;
  readonly lo: bigint;
  readonly message: number;
}

export interface Written {
  readonly series: readonly Series[];
  readonly runs: readonly StoredRun[];
  /** An event that the store has, by device and id, isn't stored again. */
  readonly events: readonly StoredEvent[];
}

/** Consecutive messages and what was made of them: stored as a whole or not at all. */
export interface Batch extends Written {
  /** The position of the store before this batch, and behind it. */
  readonly from: number;
  readonly to: number;
  readonly raw: readonly RawMessage[];
  readonly seen: readonly SeenKey[];
  /** Keys of messages before this one are forgotten; 0: none. */
  readonly forgetSeenBefore: number;
}

/** Which raw messages: all conditions hold. Times are UTC microseconds, `from` inclusive, `to` exclusive. */
export interface RawFilter {
  readonly source?: string;
  readonly topic?: string;
  /** The front of the topic. */
  readonly topicPrefix?: string;
  readonly fromUs?: number;
  readonly toUs?: number;
  /** Ids, both inclusive. */
  readonly firstId?: number;
  readonly lastId?: number;
}

export interface TelemetryStore extends Transactional {
  readonly dialect: 'duckdb' | 'postgresql';
  /** The id of the last message that is in the store. */
  position(): Promise<number>;
  /** Throws `STORE_POSITION` if the store isn't at `from`: another process has written to it. */
  apply(batch: Batch): Promise<void>;
  /** Replaces points and events of the given messages in one transaction. */
  replace(messages: readonly number[], written: Written): Promise<void>;
  /** Replaces all rows of a table that the registry also has. */
  mirror(table: Mirrored, rows: readonly Row[]): Promise<void>;
  /** Deletes points measured before `beforeUs` (UTC). */
  deletePoints(beforeUs: number): Promise<void>;
  /** The rows of one SELECT in portions, as they are at the call; for results that needn't fit into memory. */
  stream(text: string, values?: readonly SqlValue[]): AsyncIterable<Row[]>;
  /** Writes the rows of one SELECT without parameters into a Parquet file, which exists as a whole or not at all. */
  copyToParquet(select: string, path: string): Promise<void>;
  /** Appends the rows of a Parquet file, whose columns have the names of the table's. */
  copyFromParquet(table: string, path: string): Promise<void>;
  /** Runs `work` with one state of all tables. Only its `copyToParquet` and `query` see that state. */
  snapshot<T>(work: (at: Pick<TelemetryStore, 'query' | 'copyToParquet'>) => Promise<T>): Promise<T>;
  /**
   * Reorders now what costs less space in another order, and frees what was deleted. The store does it by itself when
   * there is enough; done too often, it costs space. May run beside all other work.
   */
  compact(): Promise<void>;
  close(): Promise<void>;
}

/** Conditions of a filter on the columns of `raw`, with parameters. */
export function rawWhere(filter: RawFilter): { text: string; values: SqlValue[] } {
  const parts: string[] = [];
  const values: SqlValue[] = [];
  const add = (condition: string, value: SqlValue | undefined) => {
    if (value === undefined) return;
    values.push(value);
    parts.push(`${condition}$${values.length}`);
  };
  add('source = ', filter.source);
  add('topic = ', filter.topic);
  if (filter.topicPrefix !== undefined) {
    values.push(filter.topicPrefix);
    parts.push(`starts_with(topic, $${values.length})`);
  }
  add('received >= ', filter.fromUs);
  add('received < ', filter.toUs);
  add('id >= ', filter.firstId);
  add('id <= ', filter.lastId);
  return { text: parts.length === 0 ? 'TRUE' : parts.join(' AND '), values };
}
