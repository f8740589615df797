/** The messages of one node in the durable log: an outbox for its connection to the broker. */
import type { Message } from './message.ts';
import type { Outbox, OutboxStats, Pending, PutOptions } from './outbox.ts';
import type { Place } from './segments.ts';

export interface Entry {
  readonly seq: number;
  readonly stream: LogStream;
  /** Bytes of its record. */
  readonly size: number;
  readonly droppable: boolean;
  readonly expiresMs: number;
  readonly mark: string | undefined;
  held: boolean;
  /** Null until it is written. */
  place: Place | null;
  /** Null when only the file has it. */
  message: Message | null;
}

/** What a stream needs of its log. */
export interface StreamLog {
  put(stream: LogStream, message: Message, options: PutOptions): number;
  knows(stream: LogStream, mark: string): boolean;
  /** Messages up to this number are durable. */
  readonly committed: number;
  load(entry: Entry): Message;
  remove(entry: Entry): void;
}

export class LogStream implements Outbox {
  readonly name: string;
  readonly #log: StreamLog;
  /** In the order of numbers. */
  readonly #entries = new Map<number, Entry>();
  /** Numbers in order, for `next`. */
  #order: number[] = [];
  /** No message before this position in #order can be dropped: each is gone, not droppable, or in flight. */
  #front = 0;
  #bytes = 0;
  #firmBytes = 0;
  #droppableBytes = 0;
  #refused = 0;
  #dropped = 0;
  #onReady: () => void = () => {};

  constructor(name: string, log: StreamLog) {
    this.name = name;
    this.#log = log;
  }

  get stats(): OutboxStats {
    return {
      waiting: this.#entries.size,
      waitingBytes: this.#bytes,
      firmBytes: this.#firmBytes,
      refused: this.#refused,
      dropped: this.#dropped,
    };
  }

  get bytes(): number {
    return this.#bytes;
  }
  /** Bytes of messages that may be dropped, if they aren't in flight. */
  get droppableBytes(): number {
    return this.#droppableBytes;
  }

  put(message: Message, options: PutOptions): number {
    return this.#log.put(this, message, options);
  }
  knows(mark: string): boolean {
    return this.#log.knows(this, mark);
  }

  onReady(listener: () => void): void {
    this.#onReady = listener;
  }
  /** Messages of this stream have become durable. */
  ready(): void {
    this.#onReady();
  }

  next(after: number): Pending | undefined {
    let low = 0;
    for (let high = this.#order.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.#order[middle]! <= after) low = middle + 1;
      else high = middle;
    }
    for (; low < this.#order.length; low++) {
      const entry = this.#entries.get(this.#order[low]!);
      if (entry === undefined) continue;
      return entry.seq <= this.#log.committed ? this.#pending(entry) : undefined;
    }
    return undefined;
  }

  get(seq: number): Pending | undefined {
    const entry = this.#entries.get(seq);
    return entry && this.#pending(entry);
  }

  remove(seq: number): void {
    const entry = this.#entries.get(seq);
    if (entry !== undefined) this.#log.remove(entry);
  }

  hold(seq: number): void {
    const entry = this.#entries.get(seq);
    if (entry === undefined || entry.held) return;
    entry.held = true;
    if (entry.droppable) this.#droppableBytes -= entry.size;
  }

  /** Nothing to end: the log belongs to all streams. */
  close(): void {}

  entry(seq: number): Entry | undefined {
    return this.#entries.get(seq);
  }
  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  link(entry: Entry): void {
    this.#entries.set(entry.seq, entry);
    this.#order.push(entry.seq);
    this.#bytes += entry.size;
    if (entry.droppable) this.#droppableBytes += entry.size;
    else this.#firmBytes += entry.size;
  }

  unlink(entry: Entry): void {
    if (!this.#entries.delete(entry.seq)) return;
    this.#bytes -= entry.size;
    if (!entry.droppable) this.#firmBytes -= entry.size;
    else if (!entry.held) this.#droppableBytes -= entry.size;
    // Shorten the order in steps, so that a long array isn't moved at each removal.
    if (this.#order.length <= 2 * this.#entries.size + 64) return;
    this.#order = this.#order.filter((seq) => this.#entries.has(seq));
    this.#front = 0;
  }

  /** Counts a message that was not accepted. */
  refuse(): void {
    this.#refused++;
  }

  /** Removes the oldest message that may be dropped. Returns its bytes; 0 if there is none. */
  dropOldest(): number {
    for (; this.#front < this.#order.length; this.#front++) {
      const entry = this.#entries.get(this.#order[this.#front]!);
      if (entry === undefined || !entry.droppable || entry.held) continue;
      this.#dropped++;
      this.#log.remove(entry);
      return entry.size;
    }
    return 0;
  }

  #pending(entry: Entry): Pending {
    const { seq, expiresMs, droppable } = entry;
    return { seq, message: entry.message ?? this.#log.load(entry), expiresMs, droppable };
  }
}
