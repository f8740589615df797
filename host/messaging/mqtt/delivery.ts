/**
 * QoS 1 from the outbox to the broker and back (MQTT 5 sections 4.3.2 and 4.4). Keeps the order, and at most the broker's receive maximum
 * in flight. After a reconnection that found the session, sends the same packet ids with DUP; otherwise sends everything as new.
 *
 * With `onRefused`, a message that the broker refuses stays in the outbox until it is accepted or `onRefused` has it. While the broker
 * accepts nothing for now, delivery pauses, and then continues with the refused message, so that the order is kept.
 */
import { type Clock, MoteError } from '../../base/index.ts';
import type { Outbox, Pending } from '../queue/index.ts';
import { type BackoffOptions, backoffMs } from './backoff.ts';
import { remedyFor } from './reasons.ts';
import { Suspects } from './suspects.ts';
import type { Message } from './types.ts';

export interface DeliveryOptions {
  outbox: Outbox;
  clock: Clock;
  /** The maximum number of messages in flight, even if the broker allows more. */
  inflightMaximum: number;
  /** Waits after refusals. */
  backoff: BackoffOptions;
  random: () => number;
  /** See `ClientOptions`. */
  onRefused?(message: Message, error: MoteError): Promise<void>;
  onDelayed?(error: MoteError, retryMs: number): void;
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

/** A message that is refused this often for an unknown reason is given to `onRefused`: four minutes, by the default backoff. */
const TRIES = 10;

export class Delivery {
  readonly #options: DeliveryOptions;
  /** Packet id -> number in the outbox, in the order of sending. */
  readonly #inflight = new Map<number, number>();
  /** Numbers in the outbox that aren't sent now: in flight, or on their way to `onRefused`. */
  readonly #busy = new Set<number>();
  /** How often messages that wait were refused. */
  readonly #refusals = new Map<number, number>();
  readonly #suspects = new Suspects();
  readonly #waiters = new Map<number, Waiter>();
  #cursor = 0;
  #send: SendPublish | undefined;
  #window = 0;
  /** Resumes sending when the network was slow. */
  #blocked: () => boolean = () => false;
  /** Set while delivery pauses. */
  #cancelPause: (() => void) | undefined;
  #closed = false;

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
    const anew = again.splice(options.resumed ? this.#limit : 0);
    for (const [id, seq] of anew) {
      this.#landed(id);
      this.#rewind(seq);
    }
    for (const [id, seq] of again) {
      const pending = this.#options.outbox.get(seq);
      if (pending === undefined || this.#expired(pending)) this.#landed(id);
      else this.#transmit(pending, id, true);
    }
    this.pump();
  }

  /** `ended`: why the broker ended the connection, if it did. */
  offline(ended?: MoteError): void {
    const online = this.#send !== undefined;
    this.#send = undefined;
    if (!online || ended === undefined || this.#options.onRefused === undefined) return;
    const cause = this.#suspects.connectionEnded(ended, [...this.#inflight.values()]);
    if (cause === undefined) return;
    for (const [id, seq] of this.#inflight) if (seq === cause) this.#landed(id);
    const what = `The broker ended each connection on which it received this message. ${ended.message}`;
    this.#handOver(cause, new MoteError(ended.code, what, { cause: ended }));
  }

  /** Sends as much as the window and the network allow now. */
  pump(): void {
    // Those on their way to `onRefused` count: a broker that refuses all is asked no faster than they are taken.
    while (this.#send !== undefined && !this.#cancelPause && this.#busy.size < this.#limit && !this.#blocked()) {
      const pending = this.#options.outbox.next(this.#cursor);
      if (pending === undefined) return;
      this.#cursor = pending.seq;
      if (this.#busy.has(pending.seq) || this.#expired(pending)) continue;
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
    this.#landed(id);
    this.#suspects.answered();
    if (error === undefined) this.#settle(seq, undefined);
    else this.#refused(seq, error);
    this.pump();
    return true;
  }

  /** Rejects all promises: this process delivers nothing more. */
  close(error: MoteError): void {
    this.offline();
    this.#closed = true;
    this.#cancelPause?.();
    for (const waiter of this.#waiters.values()) waiter.reject(error);
    this.#waiters.clear();
  }

  get #limit(): number {
    return this.#suspects.alone ? 1 : this.#window;
  }

  #landed(id: number): void {
    this.#busy.delete(this.#inflight.get(id) ?? 0);
    this.#inflight.delete(id);
  }

  /** Sends this message again, before those behind it. */
  #rewind(seq: number): void {
    this.#cursor = Math.min(this.#cursor, seq - 1);
  }

  #transmit(pending: Pending, id: number, dup: boolean): void {
    this.#inflight.set(id, pending.seq);
    this.#busy.add(pending.seq);
    this.#options.outbox.hold(pending.seq);
    try {
      this.#send?.(this.#remaining(pending), id, dup);
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      this.#landed(id);
      this.#refused(pending.seq, error);
    }
  }

  #refused(seq: number, error: MoteError): void {
    const remedy = remedyFor(error);
    const times = (this.#refusals.get(seq) ?? 0) + 1;
    const again = remedy === 'wait' || (remedy === 'retry' && times < TRIES);
    if (again && this.#options.onRefused !== undefined) this.#later(seq, error);
    else this.#handOver(seq, error);
  }

  #later(seq: number, error: MoteError): void {
    const { clock, backoff, random, onDelayed } = this.#options;
    const times = this.#refusals.get(seq) ?? 0;
    this.#refusals.set(seq, times + 1);
    this.#rewind(seq);
    if (this.#cancelPause !== undefined || this.#closed) return;
    const retryMs = backoffMs(times, backoff, random);
    this.#cancelPause = clock.after(retryMs, () => {
      this.#cancelPause = undefined;
      this.pump();
    });
    onDelayed?.(error, retryMs);
  }

  /** Removes a message that the broker will not accept once `onRefused` has it. Telemetry is only counted. */
  #handOver(seq: number, error: MoteError): void {
    const pending = this.#options.outbox.get(seq);
    const taken = pending?.droppable === false ? this.#options.onRefused?.(pending.message, error) : undefined;
    if (taken === undefined) {
      this.#settle(seq, error);
      return;
    }
    this.#busy.add(seq);
    const then = (next: () => void) => {
      this.#busy.delete(seq);
      if (this.#closed) return;
      next();
      this.pump();
    };
    taken.then(
      () => then(() => this.#settle(seq, error)),
      (failure: unknown) => then(() => this.#later(seq, failure instanceof MoteError ? failure : error)),
    );
  }

  /** The message with its remaining lifetime, in whole seconds, at least one. */
  #remaining({ message, expiresMs }: Pending): Message {
    if (expiresMs === Number.POSITIVE_INFINITY) return message;
    const left = Math.max(1, Math.ceil((expiresMs - this.#options.clock.utcMs()) / 1000));
    // If the clock was set back, no more than its sender gave it.
    const expirySeconds = Math.min(left, message.properties.expirySeconds ?? left);
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
    this.#refusals.delete(seq);
    this.#options.outbox.remove(seq);
    const waiter = this.#waiters.get(seq);
    this.#waiters.delete(seq);
    if (error === undefined) waiter?.resolve();
    else waiter?.reject(error);
    if (lost && error) this.#options.onLost(lost.message, error);
    this.#options.onSettled();
  }
}
