/**
 * The journal of a site: messages are on the medium before anybody acknowledges them, and stay there until they are in
 * the telemetry store. Messages that arrive while the system writes the ones before them share one sync. Its files are
 * those of the gateway's log (docs/spec/site.md).
 */
import { encode } from 'cbor-x';
import { decodePlain } from '../../base/cbor/index.ts';
import { type Clock, MoteError } from '../../base/index.ts';
import {
  diskFolder,
  encodeRecord,
  type LogFolder,
  MESSAGE,
  type MessageProperties,
  type Place,
  recordBytes,
  Segments,
} from '../../messaging/queue/index.ts';
import type { RawMessage } from '../model/index.ts';

/** A message without its number, which the journal gives. */
export type NewMessage = Omit<RawMessage, 'id'>;

export interface JournalOptions {
  /** A folder for this journal alone, created if missing. */
  readonly dir: string;
  readonly clock: Clock;
  /** The number of the last message that was in the telemetry store. */
  readonly applied: number;
  /** A new file begins at this size; default 16 MiB. */
  readonly segmentBytes?: number;
  /** Messages up to this size in all are also in memory; default 64 MiB. */
  readonly memoryBytes?: number;
  /** `fsync` (default): survives a loss of power. `os`: the end of the process only. */
  readonly sync?: 'fsync' | 'os';
  /** For tests: a folder with faults. */
  readonly folder?: LogFolder;
  /** The disk refused a write. Called once until a write succeeds. */
  onProblem?(error: MoteError): void;
  /** Messages are durable. */
  onCommit?(): void;
}

interface Entry {
  readonly id: number;
  readonly size: number;
  /** Null once it was written, if there is no room in memory for it. */
  message: RawMessage | null;
  place: Place | null;
}

interface Waiting {
  readonly entry: Entry;
  readonly record: Buffer;
  resolve(): void;
  reject(error: MoteError): void;
}

const VERSION = 1;
const HEAD_BYTES = 9;
const RETRY_MS = 1000;

/** u8 version, f64 UTC microseconds, CBOR array of source, topic, payload and properties. */
export function encodeJournalBody({ receivedUs, source, topic, payload, properties }: NewMessage): Buffer {
  const rest = encode([source, topic, payload, properties]);
  const out = Buffer.allocUnsafe(HEAD_BYTES + rest.length);
  out.writeUInt8(VERSION, 0);
  out.writeDoubleLE(receivedUs, 1);
  out.set(rest, HEAD_BYTES);
  return out;
}

/** Throws `STORE_DATA` for bytes that this version doesn't write. */
export function decodeJournalBody(id: number, body: Uint8Array): RawMessage {
  const unknown = () =>
    new MoteError(
      'STORE_DATA',
      'The journal of the site has a message of another version of moteware; use that version.',
    );
  const view = Buffer.from(body.buffer, body.byteOffset, body.length);
  if (view.length < HEAD_BYTES || view[0] !== VERSION) throw unknown();
  const value = decodePlain(view.subarray(HEAD_BYTES), { bytes: view.length }, unknown);
  const [source, topic, payload, properties] = Array.isArray(value) ? value : [];
  const known = typeof source === 'string' && typeof topic === 'string' && payload instanceof Uint8Array;
  if (!known || typeof properties !== 'object' || properties === null) throw unknown();
  return { id, receivedUs: view.readDoubleLE(1), source, topic, payload, properties: properties as MessageProperties };
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #segments: Segments;
  readonly #memoryBytes: number;
  /** Durable, and not in the telemetry store; oldest first. */
  #entries: Entry[] = [];
  #fresh: Waiting[] = [];
  #last: number;
  #bytes = 0;
  #inMemory = 0;
  #unwritten = 0;
  #running: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #failing = false;
  #closed = false;
  #cutBytes = 0;

  /** Opens or creates the journal. Throws `STORE_IO` and `STORE_DATA`. */
  constructor(options: JournalOptions) {
    this.#options = options;
    this.#memoryBytes = options.memoryBytes ?? 64 * 1024 ** 2;
    this.#last = options.applied;
    this.#segments = new Segments(options.folder ?? diskFolder(options.dir), options.segmentBytes ?? 16 * 1024 ** 2);
    try {
      this.#recover();
    } catch (cause) {
      if (cause instanceof MoteError) throw cause;
      throw this.#error('opened', cause);
    }
  }

  #recover(): void {
    const byId = new Map<number, Entry>();
    const unknown = () =>
      new MoteError(
        'STORE_DATA',
        `The journal in ${this.#options.dir} is of another version of moteware; use that version.`,
      );
    this.#cutBytes = this.#segments.recover(
      ({ kind, seq, body }, place) => {
        if (kind !== MESSAGE) throw unknown();
        this.#last = Math.max(this.#last, seq);
        if (seq <= this.#options.applied) return;
        // A group whose sync failed was written once more.
        const before = byId.get(seq)?.place;
        if (before) this.#unsettle(before);
        const entry = { id: seq, size: recordBytes(body.length), message: null, place };
        byId.set(seq, entry);
        place.segment.live++;
      },
      () => {},
      unknown,
    );
    this.#entries = [...byId.values()].sort((a, b) => a.id - b.id);
    this.#bytes = this.#entries.reduce((sum, { size }) => sum + size, 0);
    this.#segments.deleteDead();
  }

  /** The number of the last message that was accepted, durable or not. */
  get last(): number {
    return this.#last;
  }
  /** Messages and bytes that are durable or being written, and not in the telemetry store. */
  get waiting(): { messages: number; bytes: number } {
    return { messages: this.#entries.length + this.#fresh.length, bytes: this.#bytes };
  }
  /** Messages that are durable and not in the telemetry store. */
  get ready(): number {
    return this.#entries.length;
  }
  /** Bytes of messages that were accepted and are not durable. */
  get unwrittenBytes(): number {
    return this.#unwritten;
  }
  /** Bytes that were no whole record when the journal was opened: torn by a crash, or damaged. */
  get cutBytes(): number {
    return this.#cutBytes;
  }

  /** Resolves when the message is durable. */
  append(message: NewMessage): Promise<void> {
    if (this.#closed) return Promise.reject(new MoteError('STORE_CLOSED', 'The journal is closed; open it again.'));
    const body = encodeJournalBody(message);
    const id = ++this.#last;
    const entry: Entry = { id, size: recordBytes(body.length), message: { ...message, id }, place: null };
    this.#bytes += entry.size;
    this.#inMemory += entry.size;
    this.#unwritten += entry.size;
    return new Promise((resolve, reject) => {
      this.#fresh.push({ entry, record: encodeRecord(MESSAGE, id, body), resolve, reject });
      this.#schedule();
    });
  }

  /** The oldest messages: at most `count`, and at most `bytes` unless one alone has more. */
  read(count: number, bytes: number): RawMessage[] {
    const out: RawMessage[] = [];
    let sum = 0;
    for (const entry of this.#entries.slice(0, count)) {
      sum += entry.size;
      if (out.length > 0 && sum > bytes) break;
      out.push(entry.message ?? this.#load(entry));
    }
    return out;
  }

  #load({ id, place }: Entry): RawMessage {
    let body: Uint8Array;
    try {
      body = this.#segments.read(place!);
    } catch (cause) {
      throw this.#error('read', cause);
    }
    return decodeJournalBody(id, body);
  }

  /** Messages up to `id` are in the telemetry store. */
  release(id: number): void {
    let count = 0;
    for (const entry of this.#entries) {
      if (entry.id > id) break;
      count++;
      this.#bytes -= entry.size;
      if (entry.message !== null) this.#inMemory -= entry.size;
      this.#unsettle(entry.place!);
    }
    this.#entries.splice(0, count);
    this.#segments.deleteDead();
  }

  #unsettle({ segment }: Place): void {
    segment.live--;
  }

  /** Begins to write, with all that this turn of the event loop adds. */
  #schedule(): void {
    if (this.#running !== undefined || this.#closed || this.#cancelRetry !== undefined) return;
    this.#running = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#run());
  }

  async #run(): Promise<void> {
    try {
      while (this.#fresh.length > 0 && !this.#closed && this.#cancelRetry === undefined) await this.#writeGroup();
    } finally {
      this.#running = undefined;
    }
  }

  async #writeGroup(): Promise<void> {
    const group = this.#fresh;
    this.#fresh = [];
    try {
      const places = this.#segments.append(group.map(({ record }) => record));
      group.forEach(({ entry }, i) => {
        entry.place = places[i]!;
        entry.place.segment.live++;
      });
      if (this.#options.sync !== 'os') await this.#segments.sync();
    } catch (cause) {
      for (const { entry } of group) if (entry.place !== null) this.#unsettle(entry.place);
      for (const { entry } of group) entry.place = null;
      this.#fresh = [...group, ...this.#fresh];
      this.#segments.leaveTail();
      this.#retryLater(this.#error('written', cause));
      return;
    }
    if (this.#closed) return;
    this.#failing = false;
    for (const { entry, resolve } of group) {
      this.#entries.push(entry);
      this.#unwritten -= entry.size;
      if (this.#inMemory > this.#memoryBytes) {
        this.#inMemory -= entry.size;
        entry.message = null;
      }
      resolve();
    }
    this.#options.onCommit?.();
  }

  #retryLater(error: MoteError): void {
    if (this.#closed) return;
    if (!this.#failing) this.#options.onProblem?.(error);
    this.#failing = true;
    this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.#schedule();
    });
  }

  /** Writes what was accepted, if the disk takes it, and ends; the rest is rejected. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#closed) return;
    this.#end();
  }

  /** Ends like a killed process. */
  abort(): void {
    if (!this.#closed) this.#end();
  }

  #end(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    const left = this.#fresh.splice(0);
    for (const { reject } of left)
      reject(new MoteError('STORE_CLOSED', 'The journal was closed before the message was written; send it again.'));
    // A sync in progress uses a file.
    if (this.#running === undefined) this.#segments.close();
    else void this.#running.then(() => this.#segments.close());
  }

  #error(what: string, cause: unknown): MoteError {
    const sentence = `The journal in ${this.#options.dir} can't be ${what}: ${(cause as Error).message}`;
    return new MoteError('STORE_IO', `${sentence}; check the disk. The site tries again.`, { cause });
  }
}
