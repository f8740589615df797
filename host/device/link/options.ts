/** Options, callbacks and counters of a session. */

import type { Clock } from '../../base/index.ts';
import type { Message } from './messages.ts';

export interface LinkOptions<Out extends Message, In extends Message> {
  clock: Clock;
  /** Returns random bits: a number from 1 to 2^32 - 1 that differs at each call, also after a restart of this end. */
  newSessionId: () => number;
  /**
   * Called once for each message, in order. The message is acknowledged after this returns; if it returns a promise, after
   * that has resolved, and those before it. A promise that never resolves leaves the message unacknowledged.
   */
  onMessage(message: In): void | Promise<void>;
  /**
   * Called when the other end is new to this session: the first peer, or one that restarted. The queue is empty at this
   * moment, so messages that this handler sends go first (a birth, an offer). `pending` are the messages that no peer
   * acknowledged; the old peer may have received some of them. The handler sends those again that still make sense.
   * Without a handler the session sends all of them again, except those that are too long for the new peer.
   */
  onPeer?(pending: Out[]): void;
  onUp?(): void;
  /**
   * Called when the link goes down. 'closed': the stream ended. 'silent': nothing arrived for three keep-alive times;
   * hellos continue. 'restarted': the other end restarted. 'detached': by `detach`.
   */
  onDown?(why: DownReason): void;
  /** Called when there is room again after `send` returned false. */
  onDrain?(): void;
  /** Data frames in flight, 1 to 64; default 16. Also the largest number of messages accepted from one read. */
  window?: number;
  /** Queued messages, those in flight included; default 64. */
  queueLimit?: number;
  /**
   * Limit of the queue in bytes of a node's memory, as `storedBytes` counts them; one message always fits. Default:
   * none.
   */
  queueBytes?: number;
  /** Longest message that this end accepts, up to 8192 bytes, which is the default. */
  maxBytes?: number;
  /** Time until the first resend; doubled up to 16 times that. Default 400 ms. */
  resendMs?: number;
  /**
   * An idle end sends something after this time. The link is 'silent' after three times without a byte. Default 10 s.
   */
  keepAliveMs?: number;
}
export type DownReason = 'closed' | 'silent' | 'restarted' | 'detached';

/** Counts since the session was created. */
export interface LinkStats {
  sent: number;
  received: number;
  resent: number;
  duplicates: number;
  gaps: number;
  /** Frames with a wrong checksum, with wrong stuffing, or too long. */
  badFrames: number;
  /** Good frames whose content this version doesn't know. */
  badPackets: number;
  /** Messages that are of an unknown type, malformed, or from the wrong end; they are acknowledged and dropped. */
  badMessages: number;
}
