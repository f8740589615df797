/** Where messages of QoS 1 wait for their PUBACK. In memory here; `disk-queue.ts` is the one that survives the process. */
import { MoteError } from '../../base/index.ts';
import type { Message } from './message.ts';

export interface Pending {
  /** Rises with each message; never used twice. */
  seq: number;
  message: Message;
  /** UTC milliseconds after which nobody wants it, Infinity when it never expires. */
  expiresMs: number;
}

export interface OutboxStats {
  /** Messages that wait. */
  waiting: number;
  waitingBytes: number;
  /** Of those, bytes that nothing may drop. */
  firmBytes: number;
  /** Refused because nothing could make room for them. */
  refused: number;
  /** Droppable ones given up, oldest first, to make room. */
  dropped: number;
}

export interface Outbox {
  /**
   * Accepts a message: from here on it is lost only by its expiry (or, when `droppable`, for newer ones in a full outbox).
   * Throws `QUEUE_FULL`, and then it is not taken.
   */
  put(message: Message, options: { droppable: boolean; nowMs: number }): number;
  /** The oldest waiting one with a number above `after`. */
  next(after: number): Pending | undefined;
  get(seq: number): Pending | undefined;
  /** Acknowledged, refused or expired: forget it. */
  remove(seq: number): void;
  /** May not be dropped to make room: it is in flight. */
  hold(seq: number): void;
  readonly stats: OutboxStats;
  close(): void;
}

export function expiryOf(message: Message, nowMs: number): number {
  const { expirySeconds } = message.properties;
  return expirySeconds === undefined ? Number.POSITIVE_INFINITY : nowMs + expirySeconds * 1000;
}

/** What a message takes, for limits: topic, payload and 64 bytes for the rest. */
export function sizeOf(message: Message): number {
  return message.payload.length + message.topic.length + 64;
}

export function queueFull(waiting: number, maxBytes: number): MoteError {
  return new MoteError(
    'QUEUE_FULL',
    `The queue to the broker is full (${waiting} messages wait, ${maxBytes} bytes allowed) and the new message was not taken; bring the broker back or allow more.`,
  );
}

interface Entry extends Pending {
  droppable: boolean;
  held: boolean;
}

export class MemoryOutbox implements Outbox {
  readonly #maxBytes: number;
  /** In order of their numbers: a Map keeps the order of insertion. */
  readonly #entries = new Map<number, Entry>();
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

  put(message: Message, { droppable, nowMs }: { droppable: boolean; nowMs: number }): number {
    const bytes = sizeOf(message);
    this.#makeRoom(bytes);
    const seq = ++this.#seq;
    this.#entries.set(seq, { seq, message, expiresMs: expiryOf(message, nowMs), droppable, held: false });
    this.#bytes += bytes;
    if (!droppable) this.#firmBytes += bytes;
    return seq;
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
