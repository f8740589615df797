/**
 * Brings the desired package to a node: offers it to each new peer, feeds chunks as far as the link and the sender's window take
 * them, and stops at the node's verdict. Where a transfer goes on is the node's knowledge, so a restart of the shim costs nothing.
 */

import { createHash } from 'node:crypto';
import { GatewayConstant } from '../../base/abi/index.ts';
import type { Clock } from '../../base/index.ts';
import type { Birth, OtaStatus, ShimMessage } from '../../device/link/index.ts';
import { parsePackage } from '../../device/package/index.ts';
import { PackageSender } from '../../device/update/index.ts';

/** The part of a link that a transfer needs. */
export interface TransferLink {
  readonly up: boolean;
  /** Messages that `send` takes at once. */
  readonly room: number;
  /** Longest message that the node takes, in bytes. */
  readonly peerMaxBytes: number;
  send(message: ShimMessage): boolean;
}

/** Of a chunk message, besides its bytes. */
const CHUNK_HEAD_BYTES = 24;
/** Kept free for commands and configurations. */
const RESERVED_ROOM = 8;
const RETRY_MS = 50;
const FINAL: ReadonlySet<string> = new Set<OtaStatus['state']>(['confirmed', 'rolledback', 'refused']);

/** Nothing more comes of it. A node that is busy with a trial says no for now: the package is offered again when that is over. */
export function isVerdict({ state, reason }: OtaStatus): boolean {
  return FINAL.has(state) && reason?.code !== 'OTA_BUSY';
}

export interface DesiredOptions {
  clock: Clock;
  link: () => TransferLink | undefined;
  /** Something to publish that the node didn't say itself: already there. */
  onStatus(status: OtaStatus): void;
}

export class Desired {
  readonly #options: DesiredOptions;
  #sender: PackageSender | undefined;
  #bytes = new Uint8Array(0);
  #sha256 = '';
  #sequence = 0;
  #last: OtaStatus | undefined;
  #birth: Birth | undefined;
  #cancel: (() => void) | undefined;
  /** The node hasn't been told of the package yet: the link was down or full. */
  #offerDue = false;

  constructor(options: DesiredOptions) {
    this.#options = options;
  }

  /** A retained or new `desired` message. Empty: nothing is desired any more. Throws what `parsePackage` throws. */
  set(bytes: Uint8Array): void {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 === this.#sha256) {
      // Sent again: whoever did so waits for the verdict.
      if (this.#last && isVerdict(this.#last)) this.#options.onStatus(this.#last);
      return;
    }
    this.stop();
    this.#sender = undefined;
    this.#last = undefined;
    this.#offerDue = false;
    this.#sha256 = sha256;
    if (bytes.length === 0) return;
    this.#sequence = parsePackage(bytes).sequence;
    this.#bytes = Uint8Array.from(bytes);
    this.#sender = new PackageSender({
      bytes: this.#bytes,
      sequence: this.#sequence,
      chunkBytes: GatewayConstant.chunkBytes,
    });
    if (this.#birth) this.#offer(this.#birth);
  }

  /** The node said who it is, on a new link or after a swap. */
  born(birth: Birth, fresh: boolean): void {
    this.#birth = birth;
    // After a trial, however it ended, a node says anew who it is.
    if (fresh || this.#last?.reason?.code === 'OTA_BUSY') this.#offer(birth);
  }

  /** The node is a stranger until its next birth. */
  gone(): void {
    this.#birth = undefined;
    this.stop();
  }

  status(status: OtaStatus): void {
    if (hex(status.sha256) !== this.#sha256 || this.#sender === undefined) return;
    this.#last = status;
    this.#sender.onStatus(status);
    this.pump();
  }

  /** Sends what fits; called again when the link has room. */
  pump(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const link = this.#options.link();
    if (this.#sender === undefined || link === undefined || this.#birth === undefined) return;
    if (this.#offerDue && !link.send(this.#sender.offer())) return;
    this.#offerDue = false;
    while (link.room > RESERVED_ROOM) {
      const chunk = this.#sender.next(link.peerMaxBytes - CHUNK_HEAD_BYTES);
      if (chunk === null) return;
      link.send(chunk);
    }
    this.#cancel = this.#options.clock.after(RETRY_MS, () => this.pump());
  }

  /** The verdict on bytes that `set` threw for. */
  refused(bytes: Uint8Array, reason: NonNullable<OtaStatus['reason']>): OtaStatus {
    const sha256 = createHash('sha256').update(bytes).digest();
    const { length } = bytes;
    this.#last = { type: 'ota', state: 'refused', sequence: 0, sha256, received: 0, total: length, reason };
    return this.#last;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #offer(birth: Birth): void {
    if (this.#sender === undefined || (this.#last && isVerdict(this.#last))) return;
    const { module } = birth;
    if (module !== null && module.state === 'confirmed' && hex(module.sha256) === this.#sha256) {
      const total = this.#bytes.length;
      this.#last = {
        type: 'ota',
        state: 'confirmed',
        sequence: this.#sequence,
        sha256: module.sha256,
        received: total,
        total,
      };
      this.#options.onStatus(this.#last);
      return;
    }
    this.#offerDue = true;
    this.pump();
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
