/**
 * QoS 1 from the outbox to the broker and back (MQTT 5 sections 4.3.2 and 4.4). Keeps the order, and at most the broker's receive maximum
 * in flight. After a reconnection that found the session, sends the same packet ids with DUP; otherwise sends everything as new.
 */
import { type Clock, MoteError } from '../../base/index.ts';
import type { Outbox, Pending } from '../queue/index.ts';
import type { Message } from './types.ts';

export interface DeliveryOptions {
  outbox: Outbox;
  clock: Clock;
  /** The maximum number of messages in flight, even if the broker allows more. */
  inflightMaximum: number;
  /** A message was not delivered: the broker refused it, it expired, or it is too large for the broker. */
  onLost(message: Message, error: MoteError): void;
  /** A message has left the outbox, delivered or not. */
  onSettled(): void;
  /** The next free packet id, not among `used`. */
  packetId(used: (id: number) => boolean): number;
}

/** Sends one PUBLISH. Throws a MoteError for a message that this broker will never accept. */
export type SendPublish = (message: Message, id: number, dup: boolean) => void;

interface Waiter {
  resolve(): void;
  reject(error: MoteError): void;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  /** Packet id -> number in the outbox, in the order of sending. */
  readonly #inflight = new Map<number, number>();
  readonly #waiters = new Map<number, Waiter>();
  #cursor = 0;
  #send: SendPublish | undefined;
  #window = 0;
  /** Resumes sending when the network was slow. */
  #blocked: () => boolean = () => false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  get inflight(): number {
    return this.#inflight.size;
  }

  uses(id: number): boolean {
    return this.#inflight.has(id);
  }

  /** Resolves when the broker has acknowledged message `seq`; rejects when it was not delivered. */
  settled(seq: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters.set(seq, { resolve, reject }));
  }

  online(send: SendPublish, options: { resumed: boolean; receiveMaximum: number; blocked: () => boolean }): void {
    this.#send = send;
    this.#blocked = options.blocked;
    this.#window = Math.min(options.receiveMaximum, this.#options.inflightMaximum);
    // Send as new: everything if there is no session, else what exceeds a window that became smaller.
    const again = [...this.#inflight];
    const anew = again.splice(options.resumed ? this.#window : 0);
    for (const [id, seq] of anew) {
      this.#inflight.delete(id);
      this.#cursor = Math.min(this.#cursor, seq - 1);
    }
    for (const [id, seq] of again) {
      const pending = this.#options.outbox.get(seq);
      if (pending === undefined || this.#expired(pending)) this.#inflight.delete(id);
      else this.#transmit(pending, id, true);
    }
    this.pump();
  }

  offline(): void {
    this.#send = undefined;
  }

  /** Sends as much as the window and the network allow now. */
  pump(): void {
    while (this.#send !== undefined && this.#inflight.size < this.#window && !this.#blocked()) {
      const pending = this.#options.outbox.next(this.#cursor);
      if (pending === undefined) return;
      this.#cursor = pending.seq;
      if (this.#expired(pending)) continue;
      this.#transmit(
        pending,
        this.#options.packetId((id) => this.#inflight.has(id)),
        false,
      );
    }
  }

  /** Handles a PUBACK. Returns false for an id that isn't in flight. */
  acknowledge(id: number, error: MoteError | undefined): boolean {
    const seq = this.#inflight.get(id);
    if (seq === undefined) return false;
    this.#inflight.delete(id);
    this.#settle(seq, error);
    this.pump();
    return true;
  }

  /** Rejects all promises: this process delivers nothing more. */
  close(error: MoteError): void {
    this.offline();
    for (const waiter of this.#waiters.values()) waiter.reject(error);
    this.#waiters.clear();
  }

  #transmit(pending: Pending, id: number, dup: boolean): void {
    this.#inflight.set(id, pending.seq);
    this.#options.outbox.hold(pending.seq);
    try {
      this.#send?.(this.#remaining(pending), id, dup);
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      this.#inflight.delete(id);
      this.#settle(pending.seq, error);
    }
  }

  /** The message with its remaining lifetime, in whole seconds, at least one. */
  #remaining({ message, expiresMs }: Pending): Message {
    if (expiresMs === Number.POSITIVE_INFINITY) return message;
    const expirySeconds = Math.max(1, Math.ceil((expiresMs - this.#options.clock.utcMs()) / 1000));
    return { ...message, properties: { ...message.properties, expirySeconds } };
  }

  #expired(pending: Pending): boolean {
    if (pending.expiresMs > this.#options.clock.utcMs()) return false;
    const { topic } = pending.message;
    this.#settle(
      pending.seq,
      new MoteError('MQTT_EXPIRED', `A message for ${topic} expired before the broker received it.`),
    );
    return true;
  }

  #settle(seq: number, error: MoteError | undefined): void {
    const lost = error && this.#options.outbox.get(seq);
    this.#options.outbox.remove(seq);
    const waiter = this.#waiters.get(seq);
    this.#waiters.delete(seq);
    if (error === undefined) waiter?.resolve();
    else waiter?.reject(error);
    if (lost && error) this.#options.onLost(lost.message, error);
    this.#options.onSettled();
  }
}
