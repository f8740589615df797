/** What a session is made of and what it tells. */

import type { Clock } from '../../base/index.ts';
import type { Message } from './messages.ts';

export interface LinkOptions<Out extends Message, In extends Message> {
  clock: Clock;
  /** A number from 1 to 2^32 - 1 that differs at each call, in this and in every other life of this end: random bits. */
  newSessionId: () => number;
  /** A message, exactly once and in order. It is acknowledged after this returns. */
  onMessage(message: In): void;
  /**
   * The other end is one that this session never spoke with: the first, or one that restarted. The queue is empty at this moment,
   * so what is sent here goes first (a birth, an offer). `pending` are the messages that no peer acknowledged; the old peer may
   * have got some of them. Send again what still has a meaning. Without this handler they are sent again as
   * they are, but for those that are too long for the new one.
   */
  onPeer?(pending: Out[]): void;
  onUp?(): void;
  /** 'closed': the stream ended. 'silent': nothing came for three keep-alive times; hellos go on. 'restarted': the other end did. 'detached': by `detach`. */
  onDown?(why: DownReason): void;
  /** After `send` said false: there is room again. */
  onDrain?(): void;
  /** Data frames in flight, 1 to 64; default 16. Also the most messages that are taken of one read. */
  window?: number;
  /** Messages that wait, those in flight included; default 64. */
  queueLimit?: number;
  /** What they take in a node's memory, as `storedBytes` counts; one message always waits. Default: no limit. */
  queueBytes?: number;
  /** Longest message that this end takes, up to 8192 bytes, which is the default. */
  maxBytes?: number;
  /** First resend after this time, doubled up to 16 times that; default 400 ms. */
  resendMs?: number;
  /** An idle end says something this often; three times this without a byte is 'silent'. Default 10 s. */
  keepAliveMs?: number;
}
export type DownReason = 'closed' | 'silent' | 'restarted' | 'detached';

/** Counts since the session was made. */
export interface LinkStats {
  sent: number;
  received: number;
  resent: number;
  duplicates: number;
  gaps: number;
  /** Frames with a wrong checksum, wrong stuffing or too long. */
  badFrames: number;
  /** Good frames whose content this version doesn't know. */
  badPackets: number;
  /** Messages of an unknown type, malformed, or from the wrong end; acknowledged and dropped. */
  badMessages: number;
}
