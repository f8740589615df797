/**
 * Transfers the desired package to a node: offers it to each new peer, sends chunks as far as the link and the sender's window allow, and
 * stops at the node's verdict. The node decides where a transfer resumes, so a restart of the shim loses nothing.
 */

import { createHash } from 'node:crypto';
import { GatewayConstant } from '../../base/abi/index.ts';
import type { Clock } from '../../base/index.ts';
import { type Birth, numbersIn, type OtaStatus, type ShimMessage } from '../../device/link/index.ts';
import { parsePackage } from '../../device/package/index.ts';
import { PackageSender } from '../../device/update/index.ts';

/** The part of a link that a transfer needs. */
export interface TransferLink {
  readonly up: boolean;
  /** The number of messages that `send` accepts now. */
  readonly room: number;
  /** The longest message that the node accepts, in bytes. */
  readonly peerMaxBytes: number;
  send(message: ShimMessage): boolean;
}

/** Bytes of a chunk message besides its data. */
const CHUNK_HEAD_BYTES = 24;
/** Messages reserved for commands and configurations. */
const RESERVED_ROOM = 8;
const RETRY_MS = 50;
const FINAL: ReadonlySet<string> = new Set<OtaStatus['state']>(['confirmed', 'rolledback', 'refused']);
/** A node that is busy with a trial, or has begun enough packages for a day, refuses another only for a while. */
const TEMPORARY: ReadonlySet<string | undefined> = new Set(['OTA_BUSY', 'OTA_BUDGET']);

/** Returns whether a status is final. A package that was refused for a while is offered again. */
export function isVerdict({ state, reason }: OtaStatus): boolean {
  return FINAL.has(state) && !TEMPORARY.has(reason?.code);
}

/** Milliseconds after which to try again what a node refused for so many seconds: 1 minute to 1 day, whatever it says. */
export function retryMs(seconds: number): number {
  return Math.min(Math.max(seconds, 60), 86_400) * 1000;
}

export interface DesiredOptions {
  clock: Clock;
  link: () => TransferLink | undefined;
  /** A status that the node didn't send itself: the package is installed already. */
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
  #cancelRetry: (() => void) | undefined;
  /** The package was not offered yet, because the link was down or full. */
  #offerDue = false;

  constructor(options: DesiredOptions) {
    this.#options = options;
  }

  /** Handles a `desired` message, retained or new. An empty one clears the desired package. Throws what `parsePackage` throws. */
  set(bytes: Uint8Array): void {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 === this.#sha256) {
      // It was published again, and its sender waits for the verdict.
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

  /** The node has sent a birth, on a new link or after a swap. */
  born(birth: Birth, fresh: boolean): void {
    this.#birth = birth;
    // A node sends a birth at the end of every trial.
    if (fresh || this.#last?.reason?.code === 'OTA_BUSY') this.#offer(birth);
  }

  /** The node is unknown until its next birth. */
  gone(): void {
    this.#birth = undefined;
    this.stop();
  }

  status(status: OtaStatus): void {
    if (hex(status.sha256) !== this.#sha256 || this.#sender === undefined) return;
    this.#last = status;
    this.#sender.onStatus(status);
    this.#planRetry(status);
    this.pump();
  }

  /** Plans the next offer of a package for which the node has no budget left. */
  #planRetry({ reason }: OtaStatus): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (reason?.code !== 'OTA_BUDGET') return;
    const [, seconds = 0] = numbersIn(`${reason.code} ${reason.text}`, 'ota_budget') ?? [];
    this.#cancelRetry = this.#options.clock.after(retryMs(seconds), () => {
      if (this.#birth) this.#offer(this.#birth);
    });
  }

  /** Sends as much as the link accepts. It is called again when the link can send more. */
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

  /** Returns the verdict on bytes for which `set` threw. */
  refused(bytes: Uint8Array, reason: NonNullable<OtaStatus['reason']>): OtaStatus {
    const sha256 = Buffer.from(this.#sha256, 'hex');
    const { length } = bytes;
    this.#last = { type: 'ota', state: 'refused', sequence: 0, sha256, received: 0, total: length, reason };
    return this.#last;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
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
