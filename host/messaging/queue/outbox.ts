/** Messages of QoS 1 that wait for their PUBACK, in memory. Those of `durable-log.ts` survive the process. */
import { MoteError } from '../../base/index.ts';
import { Marks } from './marks.ts';
import type { Message } from './message.ts';

export interface Pending {
  /** Increases with each message; never used twice. */
  seq: number;
  message: Message;
  /** UTC milliseconds of its expiry; Infinity if it never expires. */
  expiresMs: number;
  /** It may be dropped for newer ones. */
  droppable: boolean;
}

export interface OutboxStats {
  /** Messages that wait. */
  waiting: number;
  waitingBytes: number;
  /** Of those, bytes of messages that are not droppable. */
  firmBytes: number;
  /** Messages refused because the outbox was full. */
  refused: number;
  /** Droppable messages that were dropped, oldest first, for newer ones. */
  dropped: number;
}

export interface PutOptions {
  droppable: boolean;
  nowMs: number;
  /** By this the sender recognises the message, at most 255 bytes of UTF-8. */
  mark?: string | undefined;
}

/** Marks that are remembered: as many as a node has messages without an acknowledgement at most, its link's window. */
export const MARKS_PER_STREAM = 64;

export interface Outbox {
  /**
   * Accepts a message. From then on only its expiry removes it unsent, or, if it is `droppable`, newer messages in a full outbox.
   * Throws `QUEUE_FULL`; then the message is not in the outbox.
   */
  put(message: Message, options: PutOptions): number;
  /** Whether a message with this mark was put: of those that have one, the last ones, also before a restart. */
  knows(mark: string): boolean;
  /** Returns the oldest waiting message with a number above `after` that may be sent: on disk, if the outbox has one. */
  next(after: number): Pending | undefined;
  get(seq: number): Pending | undefined;
  /** Removes a message that was acknowledged, was refused, or has expired. */
  remove(seq: number): void;
  /** Protects a message from being dropped, because it is in flight. */
  hold(seq: number): void;
  readonly stats: OutboxStats;
  /** `listener` is called when messages that were put may be sent, if that isn't at once. */
  onReady(listener: () => void): void;
  close(): void;
}

export function expiryOf(message: Message, nowMs: number): number {
  const { expirySeconds } = message.properties;
  return expirySeconds === undefined ? Number.POSITIVE_INFINITY : nowMs + expirySeconds * 1000;
}

/** The size of a message for limits: topic, payload and 64 bytes for the rest. */
export function sizeOf(message: Message): number {
  return message.payload.length + message.topic.length + 64;
}

export function queueFull(waiting: number, maxBytes: number): MoteError {
  return new MoteError(
    'QUEUE_FULL',
    `The queue to the broker is full (${waiting} messages wait, ${maxBytes} bytes allowed), so the new message was not accepted; restore the connection to the broker, or allow more.`,
  );
}

interface Entry extends Pending {
  held: boolean;
}

export class MemoryOutbox implements Outbox {
  readonly #maxBytes: number;
  /** In the order of their numbers, because a Map keeps the order of insertion. */
  readonly #entries = new Map<number, Entry>();
  readonly #marks = new Marks(MARKS_PER_STREAM);
  #seq = 0;
  #bytes = 0;
  #firmBytes = 0;
  #refused = 0;
  #dropped = 0;

  constructor(maxBytes = 16 * 1024 * 1024) {
    this.#maxBytes = maxBytes;
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

  put(message: Message, { droppable, nowMs, mark }: PutOptions): number {
    const bytes = sizeOf(message);
    this.#makeRoom(bytes);
    const seq = ++this.#seq;
    this.#entries.set(seq, { seq, message, expiresMs: expiryOf(message, nowMs), droppable, held: false });
    this.#bytes += bytes;
    if (!droppable) this.#firmBytes += bytes;
    if (mark !== undefined) this.#marks.add('', mark, null);
    return seq;
  }

  knows(mark: string): boolean {
    return this.#marks.knows('', mark);
  }

  next(after: number): Pending | undefined {
    for (const entry of this.#entries.values()) if (entry.seq > after) return entry;
    return undefined;
  }

  get(seq: number): Pending | undefined {
    return this.#entries.get(seq);
  }

  remove(seq: number): void {
    const entry = this.#entries.get(seq);
    if (entry === undefined) return;
    this.#entries.delete(seq);
    this.#bytes -= sizeOf(entry.message);
    if (!entry.droppable) this.#firmBytes -= sizeOf(entry.message);
  }

  hold(seq: number): void {
    const entry = this.#entries.get(seq);
    if (entry !== undefined) entry.held = true;
  }

  /** Messages in memory may be sent at once. */
  onReady(): void {}

  close(): void {}

  #makeRoom(bytes: number): void {
    let free = this.#maxBytes - this.#bytes;
    const victims: number[] = [];
    for (const entry of this.#entries.values()) {
      if (free >= bytes) break;
      if (!entry.droppable || entry.held) continue;
      victims.push(entry.seq);
      free += sizeOf(entry.message);
    }
    if (free < bytes) {
      this.#refused++;
      throw queueFull(this.#entries.size, this.#maxBytes);
    }
    for (const seq of victims) this.remove(seq);
    this.#dropped += victims.length;
  }
}
