/**
 * One log on disk for the messages of all nodes of a gateway that wait for a broker. A message is committed once it is on
 * the medium; until then nobody may acknowledge it, and it isn't sent. Messages that arrive while the system writes the
 * ones before them share one sync (group commit).
 *
 * Only `remove` (acknowledged by the broker, expired or refused) deletes a committed message. Removals are written
 * without a sync: if a crash loses one, the message is sent again, with the same id.
 *
 * While the disk refuses a write, messages stay in memory, uncommitted, and the log tries again. When the limit of bytes
 * of a node or of the log is reached, the oldest telemetry that isn't in flight goes, first of the node, then of the
 * nodes with the most; events never do. If that isn't enough, the new message is refused with `QUEUE_FULL`.
 */
import { type Clock, MoteError, systemClock } from '../../base/index.ts';
import { diskFolder } from './folder.ts';
import { queueIo } from './io.ts';
import type { LogOptions, LogStats } from './log-options.ts';
import { type Entry, LogStream, type StreamLog } from './log-stream.ts';
import { Marks } from './marks.ts';
import type { Message } from './message.ts';
import { expiryOf, MARKS_PER_STREAM, type PutOptions, queueFull } from './outbox.ts';
import { encodeRecord, type FileRecord, MARKS, MESSAGE, REMOVED, recordBytes } from './record.ts';
import { type Place, Segments } from './segments.ts';
import {
  decodeEntry,
  decodeMarks,
  decodeRanges,
  encodeEntry,
  encodeMarks,
  encodeRanges,
  readEntryHead,
  unknownFormat,
} from './stored.ts';

/** What one write takes. */
interface Batch {
  fresh: { entry: Entry; record: Buffer }[];
  removed: number[];
  /** Messages up to this number are in it, or durable already. */
  last: number;
  places: { entry: Entry; place: Place }[];
}

interface Waiter {
  seq: number;
  resolve(): void;
}

const RETRY_MS = 1000;

export class DurableLog implements StreamLog {
  readonly #dir: string;
  readonly #segments: Segments;
  readonly #sync: boolean;
  readonly #maxBytes: number;
  readonly #maxStreamBytes: number;
  readonly #cacheBytes: number;
  readonly #clock: Clock;
  readonly #onProblem: ((error: MoteError) => void) | undefined;
  readonly #streams = new Map<string, LogStream>();
  readonly #marks = new Marks(MARKS_PER_STREAM);
  /** Accepted and not written yet, in order. */
  #fresh: { entry: Entry; record: Buffer }[] = [];
  /** Numbers whose removal isn't written yet. */
  #removed: number[] = [];
  #waiters: Waiter[] = [];
  /** Entries that may have their message in memory, oldest first. */
  #cached: Entry[] = [];
  #inMemory = 0;
  #seq = 0;
  #committed = 0;
  #waiting = 0;
  #bytes = 0;
  #cutBytes = 0;
  #commits = 0;
  #running: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #failing = false;
  #closed = false;
  /** Only while the log is opened. */
  readonly #bySeq = new Map<number, Entry>();

  /** Opens or creates the log. Throws `QUEUE_IO`, and `QUEUE_FORMAT` for files of another version. */
  constructor(options: LogOptions) {
    this.#dir = options.dir;
    this.#maxBytes = options.maxBytes ?? 1024 ** 3;
    this.#maxStreamBytes = options.maxStreamBytes ?? 64 * 1024 ** 2;
    this.#cacheBytes = options.cacheBytes ?? 16 * 1024 ** 2;
    this.#sync = (options.sync ?? 'fsync') === 'fsync';
    this.#clock = options.clock ?? systemClock;
    this.#onProblem = options.onProblem;
    this.#segments = new Segments(options.folder ?? diskFolder(options.dir), options.segmentBytes ?? 8 * 1024 ** 2);
    const what = `The queue in ${this.#dir} can't be opened; check the folder and its permissions.`;
    queueIo(what, () => this.#recover());
  }

  get stats(): LogStats {
    return {
      waiting: this.#waiting,
      waitingBytes: this.#bytes,
      diskBytes: this.#segments.diskBytes,
      cutBytes: this.#cutBytes,
      commits: this.#commits,
    };
  }

  get committed(): number {
    return this.#committed;
  }

  /** The messages of one node. Costs no file. */
  stream(name: string): LogStream {
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const stream = new LogStream(name, this);
    this.#streams.set(name, stream);
    return stream;
  }

  /** Names of the streams in which messages wait. */
  names(): string[] {
    return [...this.#streams.values()].filter(({ bytes }) => bytes > 0).map(({ name }) => name);
  }

  /** Undefined if all that was put is durable; else resolves when it is. */
  settled(): Promise<void> | undefined {
    if (this.#committed >= this.#seq) return undefined;
    return new Promise((resolve) => this.#waiters.push({ seq: this.#seq, resolve }));
  }

  put(stream: LogStream, message: Message, { droppable, nowMs, mark }: PutOptions): number {
    if (this.#closed) throw new MoteError('QUEUE_CLOSED', 'The queue is closed; open it again.');
    const expiresMs = expiryOf(message, nowMs);
    const body = encodeEntry(stream.name, { message, droppable, expiresMs }, mark);
    const size = recordBytes(body.length);
    this.#makeRoom(stream, size);
    const seq = ++this.#seq;
    const entry: Entry = { seq, stream, size, droppable, expiresMs, mark, held: false, place: null, message };
    if (mark !== undefined) this.#marks.add(stream.name, mark, null);
    this.#link(entry);
    this.#fresh.push({ entry, record: encodeRecord(MESSAGE, seq, body) });
    this.#remember(entry);
    this.#schedule();
    return seq;
  }

  knows(stream: LogStream, mark: string): boolean {
    return this.#marks.knows(stream.name, mark);
  }

  load({ place }: Entry): Message {
    const bytes = this.#segments.read(place!);
    if (bytes.length !== place!.length) {
      throw new MoteError('QUEUE_IO', `The queue can't read a file in ${this.#dir}; the file was truncated.`);
    }
    return decodeEntry(bytes).message;
  }

  remove(entry: Entry): void {
    if (this.#closed) return;
    this.#unlink(entry);
    this.#removed.push(entry.seq);
    this.#schedule();
  }

  /** Writes what is not written yet and waits for the medium. Throws `QUEUE_IO`. */
  commitNow(): void {
    const batch = this.#takeBatch();
    try {
      this.#write(batch);
      if (this.#sync) this.#segments.syncNow();
    } catch (cause) {
      this.#giveBack(batch);
      throw this.#error(cause);
    }
    this.#commit(batch);
  }

  /** Writes what is not written yet, if the disk takes it, and ends. */
  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#running !== undefined) await this.#running;
    if (this.#closed) return;
    try {
      this.commitNow();
    } catch (error) {
      this.#onProblem?.(error as MoteError);
    }
    this.#end();
  }

  /** Ends like a killed process. */
  abort(): void {
    if (!this.#closed) this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    // A sync in progress uses a file.
    if (this.#running === undefined) this.#segments.close();
    else void this.#running.then(() => this.#segments.close());
  }

  #recover(): void {
    const onRecord = (record: FileRecord, place: Place) => this.#replay(record, place);
    const onReplaced = () => {
      for (const stream of this.#streams.values()) for (const entry of [...stream.entries()]) this.#unlink(entry);
      this.#bySeq.clear();
      this.#marks.clear();
    };
    this.#cutBytes = this.#segments.recover(onRecord, onReplaced, unknownFormat);
    this.#bySeq.clear();
    this.#committed = this.#seq;
    this.#segments.deleteDead();
  }

  #replay({ kind, seq, body }: FileRecord, place: Place): void {
    this.#seq = Math.max(this.#seq, seq);
    const forget = (gone: number) => {
      const entry = this.#bySeq.get(gone);
      if (entry === undefined) return;
      this.#bySeq.delete(gone);
      this.#unlink(entry);
    };
    if (kind === REMOVED) {
      for (const [first, count] of decodeRanges(body)) for (let i = 0; i < count; i++) forget(first + i);
      return;
    }
    if (kind === MARKS) {
      this.#marks.replace(decodeMarks(body), place.segment);
      return;
    }
    if (kind !== MESSAGE) throw unknownFormat();
    // A batch whose sync failed was written once more.
    forget(seq);
    const { name, droppable, expiresMs, mark } = readEntryHead(body);
    const size = recordBytes(body.length);
    const stream = this.stream(name);
    const entry: Entry = { seq, stream, size, droppable, expiresMs, mark, held: false, place: null, message: null };
    if (mark !== undefined) this.#marks.add(name, mark, place.segment);
    this.#bySeq.set(seq, entry);
    this.#link(entry);
    this.#settle(entry, place);
  }

  #link(entry: Entry): void {
    entry.stream.link(entry);
    this.#waiting++;
    this.#bytes += entry.size;
  }

  #unlink(entry: Entry): void {
    entry.stream.unlink(entry);
    this.#waiting--;
    this.#bytes -= entry.size;
    this.#unsettle(entry);
    if (entry.message === null) return;
    this.#inMemory -= entry.size;
    entry.message = null;
  }

  #settle(entry: Entry, place: Place): void {
    this.#unsettle(entry);
    entry.place = place;
    place.segment.live++;
    place.segment.liveBytes += entry.size;
  }

  #unsettle(entry: Entry): void {
    if (entry.place === null) return;
    entry.place.segment.live--;
    entry.place.segment.liveBytes -= entry.size;
    entry.place = null;
  }

  /** Keeps the message in memory, and drops older ones that a file has. */
  #remember(entry: Entry): void {
    this.#cached.push(entry);
    this.#inMemory += entry.size;
    let gone = 0;
    for (; this.#inMemory > this.#cacheBytes && gone < this.#cached.length; gone++) {
      const old = this.#cached[gone]!;
      if (old.seq > this.#committed) break;
      if (old.message === null) continue;
      old.message = null;
      this.#inMemory -= old.size;
    }
    if (gone > 0) this.#cached.splice(0, gone);
    if (this.#cached.length > 2 * this.#waiting + 1024)
      this.#cached = this.#cached.filter(({ message }) => message !== null);
  }

  #makeRoom(stream: LogStream, size: number): void {
    const refuse = (limit: number) => {
      stream.refuse();
      return queueFull(stream.stats.waiting, limit);
    };
    const own = stream.bytes + size - this.#maxStreamBytes;
    if (own > 0 && own > stream.droppableBytes) throw refuse(this.#maxStreamBytes);
    while (stream.bytes + size > this.#maxStreamBytes && stream.dropOldest() > 0);
    if (this.#bytes + size <= this.#maxBytes) return;
    const streams = [...this.#streams.values()];
    const droppable = streams.reduce((sum, { droppableBytes }) => sum + droppableBytes, 0);
    if (this.#bytes + size - this.#maxBytes > droppable) throw refuse(this.#maxBytes);
    while (this.#bytes + size > this.#maxBytes)
      streams.reduce((a, b) => (b.droppableBytes > a.droppableBytes ? b : a)).dropOldest();
  }

  /** Begins to write, with all that this turn of the event loop adds. */
  #schedule(): void {
    if (this.#running !== undefined || this.#closed || this.#cancelRetry !== undefined) return;
    this.#running = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#run());
  }

  async #run(): Promise<void> {
    try {
      while (this.#hasWork()) await this.#writeBatch();
    } finally {
      // In the same turn as the last look: what is put from now on begins another run.
      this.#running = undefined;
    }
  }

  #hasWork(): boolean {
    return !this.#closed && this.#cancelRetry === undefined && this.#fresh.length + this.#removed.length > 0;
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#takeBatch();
    try {
      this.#write(batch);
      if (this.#sync && batch.fresh.length > 0) await this.#segments.sync();
    } catch (cause) {
      this.#giveBack(batch);
      this.#retryLater(this.#error(cause));
      return;
    }
    if (this.#closed) return;
    this.#commit(batch);
    // What can't be merged now is merged after a later commit.
    await this.#merge().catch(() => {});
  }

  #retryLater(error: MoteError): void {
    if (this.#closed) return;
    if (!this.#failing) this.#onProblem?.(error);
    this.#failing = true;
    this.#cancelRetry = this.#clock.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.#schedule();
    });
  }

  #takeBatch(): Batch {
    const batch = { fresh: this.#fresh, removed: this.#removed, last: this.#seq, places: [] };
    this.#fresh = [];
    this.#removed = [];
    return batch;
  }

  #giveBack({ fresh, removed }: Batch): void {
    this.#fresh = [...fresh, ...this.#fresh];
    this.#removed = [...removed, ...this.#removed];
    this.#segments.leaveTail();
  }

  #write(batch: Batch): void {
    // A full log may have dropped messages before they were written.
    const kept = batch.fresh.filter(({ entry }) => isLinked(entry));
    const last = Math.max(1, batch.last);
    const parts = kept.map(({ record }) => record);
    if (batch.removed.length > 0) parts.push(encodeRecord(REMOVED, last, encodeRanges(batch.removed)));
    if (parts.length === 0) return;
    const places = this.#segments.append(parts);
    batch.places = kept.map(({ entry }, i) => ({ entry, place: places[i]! }));
  }

  #commit({ places, last }: Batch): void {
    this.#commits++;
    this.#failing = false;
    this.#committed = last;
    for (const { entry, place } of places) {
      if (isLinked(entry)) this.#settle(entry, place);
      if (entry.mark !== undefined) this.#marks.moved({ name: entry.stream.name, marks: [entry.mark] }, place.segment);
    }
    this.#segments.deleteDead();
    const ready = this.#waiters.filter(({ seq }) => seq <= last);
    this.#waiters = this.#waiters.slice(ready.length);
    for (const { resolve } of ready) resolve();
    for (const stream of new Set(places.map(({ entry }) => entry.stream))) stream.ready();
  }

  /** Replaces old files that hold little by one. */
  async #merge(): Promise<void> {
    const old = this.#segments.mergeable();
    if (old.length === 0) return;
    const kept: { entry: Entry; record: Buffer }[] = [];
    for (const segment of old) {
      // Perhaps it has only marks.
      const records = segment.live === 0 ? [] : this.#segments.records(segment);
      for (const { kind, seq, offset, body } of records) {
        if (kind !== MESSAGE) continue;
        const entry = this.#streams.get(readEntryHead(body).name)?.entry(seq);
        if (entry?.place?.segment !== segment || entry.place.offset !== offset) continue;
        kept.push({ entry, record: encodeRecord(MESSAGE, seq, body) });
      }
    }
    const carried = this.#marks.carriedFrom(old);
    const { segment, places } = await this.#segments.merge(old, [
      ...carried.map((marks) => encodeRecord(MARKS, Math.max(1, this.#committed), encodeMarks(marks))),
      ...kept.map(({ record }) => record),
    ]);
    for (const marks of carried) this.#marks.moved(marks, segment);
    const first = carried.length;
    for (const [i, { entry }] of kept.entries()) if (isLinked(entry)) this.#settle(entry, places[first + i]!);
    this.#segments.drop(old);
  }

  #error(cause: unknown): MoteError {
    const what = `The queue can't write to ${this.#dir}; is the disk full, or are too many files open? It tries again.`;
    return new MoteError('QUEUE_IO', what, { cause });
  }
}

const isLinked = (entry: Entry): boolean => entry.stream.entry(entry.seq) === entry;
