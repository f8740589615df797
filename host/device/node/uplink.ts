/** The node's side of its link: sends the birth, queues messages and synchronises the time. */
import { LinkConstant } from '../../base/abi/index.ts';
import { type Clock, MoteError } from '../../base/index.ts';
import {
  type Birth,
  type Chunk,
  type Command,
  type Config,
  type DownReason,
  type LinkStats,
  type NodeLink,
  type NodeMessage,
  nodeLink,
  type Offer,
  type OtaStatus,
  type ShimMessage,
  type Transport,
} from '../link/index.ts';
import { type Control, isData, Outbox, type OutboxCounts, type OutboxLimits, type Sent, type Timed } from './outbox.ts';
import type { UtcClock } from './utc.ts';

export interface LinkSettings {
  /** Attached by `Node.start`; can also be given later, by `Node.attach`. */
  transport?: Transport;
  /** Clock of the session's resends; default: the node's clock. */
  clock?: Clock;
  /** Returns random numbers from 1 to 2^32 - 1; each start must use another one. */
  newSessionId?: () => number;
  window?: number;
  queueLimit?: number;
  queueBytes?: number;
  maxBytes?: number;
  resendMs?: number;
  keepAliveMs?: number;
  outbox?: OutboxLimits;
}

export interface UplinkOptions {
  clock: Clock;
  utc: UtcClock;
  settings: LinkSettings;
  newSessionId: () => number;
  birth(): Birth;
  /** The status of a failed trial, sent to each new peer, because the sender of the package may have missed it. */
  failure(): OtaStatus | null;
  onMessage(message: Command | Config | Offer | Chunk): void;
  onChange(up: boolean, why?: DownReason): void;
}

/** Interval between time requests. */
const SYNC_MS = LinkConstant.timeSyncMs;

export class Uplink {
  readonly #options: UplinkOptions;
  readonly #outbox: Outbox;
  readonly #session: NodeLink;
  #cancelSync: (() => void) | null = null;
  #flushing = false;
  #closed = false;

  constructor(options: UplinkOptions) {
    this.#options = options;
    const { settings, clock } = options;
    const { window, queueLimit, queueBytes, maxBytes, resendMs, keepAliveMs } = settings;
    this.#outbox = new Outbox(settings.outbox, () => ({
      all: this.#session.queuedBytes(),
      data: this.#session.queuedBytes(isData),
    }));
    this.#session = nodeLink({
      clock: settings.clock ?? clock,
      newSessionId: options.newSessionId,
      ...(window !== undefined && { window }),
      ...(queueLimit !== undefined && { queueLimit }),
      ...(queueBytes !== undefined && { queueBytes }),
      ...(maxBytes !== undefined && { maxBytes }),
      ...(resendMs !== undefined && { resendMs }),
      ...(keepAliveMs !== undefined && { keepAliveMs }),
      onMessage: (message) => this.#receive(message),
      onPeer: (pending) => {
        this.#outbox.restore(pending);
        const failure = options.failure();
        this.#sendFirst(options.birth());
        if (failure !== null) this.#sendFirst(failure);
      },
      onUp: () => {
        options.onChange(true);
        this.#sync();
        this.flush();
      },
      onDown: (why) => options.onChange(false, why),
      onDrain: () => this.flush(),
    });
  }

  get up(): boolean {
    return this.#session.up;
  }
  /** Number of messages that the shim hasn't acknowledged. */
  get queued(): number {
    return this.#session.queued;
  }
  get stats(): LinkStats {
    return this.#session.stats;
  }
  get counts(): OutboxCounts {
    return this.#outbox.counts();
  }
  eventRoom(name: string, body: Uint8Array): boolean {
    return this.#outbox.eventRoom(name, body);
  }

  attach(transport: Transport): void {
    this.#session.attach(transport);
  }
  detach(): void {
    this.#session.detach();
  }
  close(): void {
    this.#closed = true;
    this.#cancelSync?.();
    this.#session.close();
  }

  /** Sends nothing until the next birth, because the module is declaring its metrics. */
  hold(): void {
    this.#outbox.hold();
  }
  control(message: Control): void {
    this.#outbox.control(message);
    this.flush();
  }
  data(item: Timed): void {
    this.#outbox.data(item);
    this.flush();
  }

  flush(): void {
    // Sending a message may make room for the next one inside `send`.
    if (this.#flushing || this.#closed || !this.#session.up) return;
    this.#flushing = true;
    try {
      const { utc, birth } = this.#options;
      const sendBirth = () => this.#sendFirst(birth());
      this.#outbox.flush((message) => this.#send(message), sendBirth, utc.known ? (us) => utc.at(us)! : null);
    } finally {
      this.#flushing = false;
    }
  }

  /** Sends a message. One that is too long for the other end is dropped, because it would block all that follow. */
  #send(message: NodeMessage): Sent {
    try {
      return this.#session.send(message) ? 'sent' : 'full';
    } catch (error) {
      if (!(error instanceof MoteError) || error.code !== 'LINK_TOO_LARGE') throw error;
      return 'dropped';
    }
  }

  /** Sends a message ahead of all queued ones. */
  #sendFirst(message: Control): boolean {
    return this.#outbox.first(message, (one) => this.#send(one));
  }

  #receive(message: ShimMessage): void {
    if (message.type !== 'time') this.#options.onMessage(message);
    else if (this.#options.utc.answer(message, this.#options.clock.nowUs())) this.flush();
  }

  #sync(): void {
    this.#cancelSync?.();
    const { utc, clock } = this.#options;
    if (!utc.asks || this.#closed) return;
    this.#cancelSync = clock.after(SYNC_MS, () => this.#sync());
    if (!this.#session.up) return;
    const sentUs = clock.nowUs();
    utc.ask(sentUs);
    this.control({ type: 'time?', sentUs });
  }
}
