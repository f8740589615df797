/**
 * From a message to rows: `append` resolves when a message is durable in the journal, so that it may be acknowledged. A
 * loop decodes what the journal has, in its order, and writes it to the telemetry store in batches, each with the new
 * position in one transaction. After a crash the store's position decides where to continue, so each message is stored
 * once.
 */
import { type Clock, MoteError, systemClock } from '../../base/index.ts';
import type { LogFolder } from '../../messaging/queue/index.ts';
import { type Applied, BatchBuilder, type Decode, type DecodeStats } from './batch.ts';
import { checkMessage } from './checked.ts';
import { Journal, type NewMessage } from './journal.ts';
import type { RawArchive } from './raw-archive.ts';
import { SeenWindow } from './seen.ts';
import { SeriesIds, type SeriesLimits } from './series-ids.ts';
import { integer, Turns } from './sql.ts';
import type { Batch, RawFilter, Series, TelemetryStore } from './telemetry.ts';

export interface IngestOptions extends SeriesLimits {
  /** The folder of the journal. */
  readonly dir: string;
  readonly store: TelemetryStore;
  readonly archive: RawArchive;
  readonly decode: Decode;
  readonly clock?: Clock;
  /** Longest time that a durable message waits for others before its batch begins; default 50. */
  readonly applyMs?: number;
  /** Messages of one batch at most; default 2000. */
  readonly maxBatchMessages?: number;
  /** Bytes of one batch at most, unless one message has more; default 4 MiB. */
  readonly maxBatchBytes?: number;
  /** Messages in memory: those that wait for the store, and as many again that wait for the journal; default 64 MiB. */
  readonly memoryBytes?: number;
  /** The journal at most; what comes then waits, unacknowledged; default 1 GiB. */
  readonly journalBytes?: number;
  /** Keys of repeated messages that are remembered at least; default 250,000. */
  readonly seenWindow?: number;
  readonly sync?: 'fsync' | 'os';
  readonly folder?: LogFolder;
  /** The journal or the store refuses a write. Called once until a write succeeds. */
  onProblem?(error: MoteError): void;
  /** Messages that are in the store now, with what was made of them, in order and without repeated ones. */
  onApplied?(applied: readonly Applied[]): void;
}

export interface IngestStats extends DecodeStats {
  /** Messages that are in the store since the start. */
  readonly applied: number;
  /** Messages and bytes that are in the journal and not in the store. */
  readonly waiting: { readonly messages: number; readonly bytes: number };
  /** Messages that wait for room in the journal. */
  readonly blocked: number;
  /** Messages that were refused since the start, because too many waited. */
  readonly refused: number;
  readonly batches: number;
}

interface Blocked {
  readonly message: NewMessage;
  readonly bytes: number;
  resolve(durable: Promise<void>): void;
  reject(error: MoteError): void;
}

const RETRY_MS = 1000;
/** Messages of one step of `redecode`. */
const REDECODE_MESSAGES = 1000;

export class Ingest {
  readonly #options: IngestOptions;
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #store: TelemetryStore;
  readonly #builder: BatchBuilder;
  readonly #memoryBytes: number;
  readonly #journalBytes: number;
  readonly #turns = new Turns();
  readonly #blocked: Blocked[] = [];
  #blockedBytes = 0;
  #waiters: { id: number; resolve(): void; reject(error: MoteError): void }[] = [];
  #position: number;
  #applied = 0;
  #refused = 0;
  #batches = 0;
  #failing = false;
  #closed = false;
  #wake: (() => void) | undefined;
  readonly #loop: Promise<void>;

  private constructor(options: IngestOptions, position: number, series: readonly Series[], seen: SeenWindow) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#store = options.store;
    this.#position = position;
    this.#memoryBytes = options.memoryBytes ?? 64 * 1024 ** 2;
    this.#journalBytes = options.journalBytes ?? 1024 ** 3;
    this.#builder = new BatchBuilder(new SeriesIds(series, options), seen);
    const { dir, sync, folder, onProblem } = options;
    this.#journal = new Journal({
      dir,
      clock: this.#clock,
      applied: position,
      memoryBytes: this.#memoryBytes,
      onCommit: () => {
        this.#wake?.();
        this.#admit();
      },
      ...(sync === undefined ? {} : { sync }),
      ...(folder === undefined ? {} : { folder }),
      ...(onProblem === undefined ? {} : { onProblem }),
    });
    this.#loop = this.#run();
  }

  /** Reads what the store has, opens the journal and begins to apply. Throws `STORE_IO`, `STORE_DATA`, `STORE_SQL`. */
  static async open(options: IngestOptions): Promise<Ingest> {
    const { store } = options;
    const position = await store.position();
    const series = (await store.query('SELECT id, device, name, unit, exponent FROM series ORDER BY id')).map(
      (row) => ({
        id: integer(row.id),
        device: String(row.device),
        name: String(row.name),
        unit: String(row.unit),
        exponent: integer(row.exponent),
      }),
    );
    const keys = await store.query('SELECT hi, lo, message FROM seen ORDER BY message');
    const seen = new SeenWindow(
      options.seenWindow ?? 250_000,
      keys.map(({ hi, lo, message }) => ({ hi: hi as bigint, lo: lo as bigint, message: integer(message) })),
    );
    return new Ingest(options, position, series, seen);
  }

  get stats(): IngestStats {
    return {
      ...this.#builder.stats,
      applied: this.#applied,
      waiting: this.#journal.waiting,
      blocked: this.#blocked.length,
      refused: this.#refused,
      batches: this.#batches,
    };
  }

  /**
   * Resolves when the message is durable; waits while the journal is full. Throws `STORE_MESSAGE` for one that can't be
   * stored, and `STORE_FULL` when too many wait.
   */
  async append(message: NewMessage): Promise<void> {
    if (this.#closed) throw closed();
    checkMessage(message);
    if (this.#blocked.length === 0 && this.#hasRoom()) return this.#journal.append(message);
    const bytes = message.payload.length + message.topic.length + 256;
    if (this.#blockedBytes + bytes > this.#memoryBytes) {
      this.#refused++;
      const what = `${this.#blocked.length} messages wait for the journal of the site, which is full`;
      throw new MoteError('STORE_FULL', `${what}; send again later.`);
    }
    this.#blockedBytes += bytes;
    return new Promise((resolve, reject) => this.#blocked.push({ message, bytes, resolve, reject }));
  }

  #hasRoom(): boolean {
    return this.#journal.waiting.bytes < this.#journalBytes && this.#journal.unwrittenBytes < this.#memoryBytes;
  }

  #admit(): void {
    while (this.#blocked.length > 0 && this.#hasRoom()) {
      const { message, bytes, resolve } = this.#blocked.shift()!;
      this.#blockedBytes -= bytes;
      resolve(this.#journal.append(message));
    }
  }

  /** Resolves when all that was appended until now, and isn't blocked, is in the store. */
  flush(): Promise<void> {
    const id = this.#journal.last;
    if (this.#position >= id) return Promise.resolve();
    if (this.#closed) return Promise.reject(closed());
    this.#wake?.();
    return new Promise((resolve, reject) => this.#waiters.push({ id, resolve, reject }));
  }

  /** Runs `work` while no batch is written. */
  paused<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.run(work);
  }

  /**
   * Decodes raw messages again, with history, and replaces their points and events, as if the decoder had been there
   * when they came. Atomic for each 1000 messages; may be repeated. Returns how many messages there were.
   */
  async redecode(filter: RawFilter, decode: Decode = this.#options.decode): Promise<number> {
    // A batch that was decoded before is in the store then.
    await this.flush();
    const lastId = Math.min(filter.lastId ?? Number.MAX_SAFE_INTEGER, this.#position);
    let count = 0;
    for await (const messages of this.#options.archive.read({ ...filter, lastId }, REDECODE_MESSAGES)) {
      const { written } = this.#builder.decode(messages, decode);
      const ids = messages.map(({ id }) => id);
      await this.#store.replace(ids, written);
      this.#builder.stored(written);
      count += messages.length;
    }
    return count;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      if (this.#journal.ready === 0) {
        await this.#sleep(null);
        continue;
      }
      if (this.#waiters.length === 0 && this.#journal.ready < (this.#options.maxBatchMessages ?? 2000))
        await this.#gather();
      if (this.#closed) return;
      try {
        await this.#turns.run(() => this.#applyNext());
        this.#failing = false;
      } catch (error) {
        if (!this.#failing) this.#options.onProblem?.(asProblem(error));
        this.#failing = true;
        await this.#sleep(RETRY_MS);
      }
    }
  }

  /** Waits for more messages. */
  async #gather(): Promise<void> {
    let over = false;
    const cancel = this.#clock.after(this.#options.applyMs ?? 50, () => {
      over = true;
      this.#wake?.();
    });
    const enough = () =>
      over ||
      this.#closed ||
      this.#waiters.length > 0 ||
      this.#journal.ready >= (this.#options.maxBatchMessages ?? 2000);
    while (!enough()) await this.#sleep(null);
    cancel();
  }

  /** Until something happens, or the time is over. */
  #sleep(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel?.();
        if (ms === null) this.#wake = undefined;
        else this.#stopRetry = undefined;
        resolve();
      };
      const cancel = ms === null ? undefined : this.#clock.after(ms, done);
      if (ms === null) this.#wake = done;
      else this.#stopRetry = done;
    });
  }
  #stopRetry: (() => void) | undefined;

  async #applyNext(): Promise<void> {
    const { maxBatchMessages = 2000, maxBatchBytes = 4 * 1024 ** 2, decode, onApplied } = this.#options;
    const messages = this.#journal.read(maxBatchMessages, maxBatchBytes);
    const last = messages.at(-1);
    if (last === undefined) return;
    const fresh = this.#builder.unrepeated(messages);
    const { written, applied } = this.#builder.decode(fresh.messages, decode);
    const batch: Batch = {
      ...written,
      from: this.#position,
      to: last.id,
      raw: fresh.messages,
      seen: fresh.keys,
      forgetSeenBefore: this.#builder.forgetBefore,
    };
    try {
      await this.#store.apply(batch);
    } catch (error) {
      // The connection may have been lost behind a commit that succeeded.
      if ((await this.#store.position().catch(() => -1)) !== batch.to) throw error;
    }
    this.#position = batch.to;
    this.#batches++;
    this.#applied += fresh.messages.length;
    this.#builder.committed(written, fresh.keys, applied, messages.length - fresh.messages.length);
    this.#journal.release(batch.to);
    this.#admit();
    const ready = this.#waiters.filter(({ id }) => id <= batch.to);
    this.#waiters = this.#waiters.filter(({ id }) => id > batch.to);
    for (const { resolve } of ready) resolve();
    onApplied?.(applied);
  }

  /** Writes what is being written and ends; what is not in the store is applied at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#journal.close();
    this.#end();
    await this.#loop;
    await this.#turns.run(async () => {});
  }

  /** Ends like a killed process, as far as one can. */
  async abort(): Promise<void> {
    this.#closed = true;
    this.#journal.abort();
    this.#end();
    await this.#loop;
  }

  #end(): void {
    for (const { reject } of [...this.#waiters, ...this.#blocked.splice(0)]) reject(closed());
    this.#waiters = [];
    this.#wake?.();
    this.#stopRetry?.();
  }
}

const closed = () => new MoteError('STORE_CLOSED', 'The site is closing; send again when it has started.');

function asProblem(error: unknown): MoteError {
  if (error instanceof MoteError) return error;
  const what = `Messages are in the journal and not yet in the store: ${(error as Error).message}`;
  return new MoteError('STORE_SQL', `${what}. It tries again.`, { cause: error });
}
