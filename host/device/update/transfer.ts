/**
 * A package's way to a node, both ends, without any I/O: messages in, messages out. The link delivers in order; whenever it comes
 * up anew, or the node was born anew, the sender offers again and the node's answer says where to go on.
 */
import { createHash } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
import type { Chunk, Offer, OtaStatus } from '../link/index.ts';
import { cutReason, type Reason } from './slot-journal.ts';
import type { SlotInfo, SlotStore } from './slots.ts';

/** The node confirms every so many chunks; when something is missing it says where, twice. */
const CHUNKS_PER_STATUS = 4;
const TRANSFER_BYTES = 8;

export interface SenderOptions {
  bytes: Uint8Array;
  sequence: number;
  /** 1024 unless told. */
  chunkBytes?: number;
  /** Chunks that were sent and aren't confirmed yet, at most: 8 unless told, 4 or more. */
  windowChunks?: number;
}

/** The shim's end. Send `offer()`, give it each `ota` status of the node, send what `next()` returns until it is null. */
export class PackageSender {
  readonly sha256: Uint8Array;
  readonly total: number;
  readonly #bytes: Uint8Array;
  readonly #sequence: number;
  readonly #chunkBytes: number;
  readonly #windowBytes: number;
  #state: OtaStatus['state'] | 'offered' = 'offered';
  #reason: Reason | undefined;
  /** The node answered the last offer. */
  #answered = false;
  #position = 0;
  #acknowledged = 0;

  constructor({ bytes, sequence, chunkBytes = 1024, windowChunks = 2 * CHUNKS_PER_STATUS }: SenderOptions) {
    if (chunkBytes < 1 || windowChunks < CHUNKS_PER_STATUS)
      throw new MoteError(
        'OTA_FORMAT',
        `Chunks have 1 byte or more and a window ${CHUNKS_PER_STATUS} chunks or more, not ${chunkBytes} and ${windowChunks}.`,
      );
    this.sha256 = new Uint8Array(createHash('sha256').update(bytes).digest());
    this.total = bytes.length;
    this.#bytes = bytes;
    this.#sequence = sequence;
    this.#chunkBytes = chunkBytes;
    this.#windowBytes = chunkBytes * windowChunks;
  }

  /** The message to start with, and to start anew with; chunks follow once the node has answered it. */
  offer(): Offer {
    this.#answered = false;
    this.#state = 'offered';
    this.#reason = undefined;
    return { type: 'offer', sha256: this.sha256, sequence: this.#sequence, total: this.total };
  }

  /** Takes a status; one about another package, or with a position outside this one, is passed over. */
  onStatus(status: OtaStatus): void {
    const { state, received } = status;
    if (Buffer.compare(status.sha256, this.sha256) !== 0) return;
    if (!Number.isInteger(received) || received < 0 || received > this.total) return;
    this.#state = state;
    this.#reason = status.reason;
    if (state !== 'receiving') {
      this.#answered = true;
      if (state !== 'refused' && state !== 'rolledback') this.#acknowledged = this.total;
      return;
    }
    // Not ahead of the last status means that the node misses bytes (it restarted, say): go back to what it has.
    const back = !this.#answered || received <= this.#acknowledged;
    this.#position = back ? received : Math.max(this.#position, received);
    this.#acknowledged = received;
    this.#answered = true;
  }

  /** The next chunk, of at most `mostBytes`; null when a status must come first, or there is nothing to send. */
  next(mostBytes = this.#chunkBytes): Chunk | null {
    if (!this.#answered || this.#state !== 'receiving' || this.#position >= this.total) return null;
    if (this.#position - this.#acknowledged >= this.#windowBytes) return null;
    const offset = this.#position;
    const bytes = this.#bytes.subarray(offset, offset + Math.max(1, Math.min(this.#chunkBytes, mostBytes)));
    this.#position += bytes.length;
    return { type: 'chunk', transfer: this.sha256.slice(0, TRANSFER_BYTES), offset, bytes };
  }

  /** Bytes that the node said it has. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** What the node said last of this package; `offered` until it answers. */
  get state(): OtaStatus['state'] | 'offered' {
    return this.#state;
  }

  /** Why the node refused the package or rolled it back. */
  get reason(): Reason | undefined {
    return this.#reason;
  }
}

export interface ReceiverOptions {
  slots: SlotStore;
  /** Judges the whole package (signature, ABI, memory, sequence); throws a `MoteError` to refuse it. */
  verify: (bytes: Uint8Array, sequence: number) => void;
}

/**
 * The node's end. `handle` answers an offer or a chunk. When `erasing` is set afterwards, call `erase` until it isn't, between other
 * things; when `ready` is set, the package is whole and verified and the node swaps: `slots.startTrial()`, then `slots.boot()`.
 */
export class UpdateReceiver {
  readonly #slots: SlotStore;
  readonly #verify: ReceiverOptions['verify'];
  #sinceStatus = 0;
  #gapTold = false;
  /** Verified in this life of the node: a ready slot alone only has the right digest. */
  #verified: Uint8Array | null = null;
  /** The last package that `verify` refused: not transferred again just to be refused again. */
  #refused: { sha256: Uint8Array; reason: Reason } | null = null;

  constructor({ slots, verify }: ReceiverOptions) {
    this.#slots = slots;
    this.#verify = verify;
  }

  /** Statuses to send, in order. Chunks of an unknown transfer get none. */
  handle(message: Offer | Chunk): OtaStatus[] {
    return message.type === 'offer' ? this.#onOffer(message) : this.#onChunk(message);
  }

  /** A slot is being erased, for the last offer or to receive its package anew. */
  get erasing(): boolean {
    return this.#slots.erasing !== null;
  }

  /** Erases one page more. After the last the sender is told to begin. */
  erase(): OtaStatus[] {
    const offer = this.#slots.erasing;
    if (offer === null) return [];
    return orRefusal(offer, () => (this.#slots.erase() === null ? [] : this.#receiving()));
  }

  /** The verified package that waits to be swapped in, or null. */
  get ready(): SlotInfo | null {
    const slot = this.#slots.slots().find(({ state }) => state === 'ready');
    return slot && this.#verified && Buffer.compare(slot.sha256, this.#verified) === 0 ? slot : null;
  }

  /** A status about a package that is in a slot, with what only the node knows. */
  status(
    state: OtaStatus['state'],
    info: SlotInfo,
    extra: Pick<OtaStatus, 'swapUs' | 'lost' | 'reason'> = {},
  ): OtaStatus {
    const { sequence, sha256, total } = info;
    return { type: 'ota', state, sequence, sha256, received: total, total, ...extra };
  }

  #onOffer(offer: Offer): OtaStatus[] {
    const same = (sha256: Uint8Array) => Buffer.compare(sha256, offer.sha256) === 0;
    this.#sinceStatus = 0;
    this.#gapTold = false;
    const active = this.#slots.active();
    if (active && same(active.sha256)) return [this.status(active.state === 'trial' ? 'trial' : 'confirmed', active)];
    const failure = this.#slots.lastFailure();
    if (failure?.reason && same(failure.sha256))
      return [this.status('rolledback', failure, { reason: failure.reason })];
    if (this.#refused && same(this.#refused.sha256)) return [refusal(offer, this.#refused.reason)];
    return orRefusal(offer, () => {
      const begun = this.#slots.prepare(offer);
      if (begun === null) return [];
      return begun.received === offer.total ? this.#complete() : this.#receiving();
    });
  }

  #onChunk(chunk: Chunk): OtaStatus[] {
    const transfer = this.#slots.transfer();
    if (!transfer || Buffer.compare(transfer.sha256.subarray(0, TRANSFER_BYTES), chunk.transfer) !== 0) return [];
    if (chunk.offset > transfer.received) {
      if (this.#gapTold) return [];
      this.#gapTold = true;
      // Once it may be news of what arrived; only a status that brings no news sends the sender back.
      return [...this.#receiving(), ...this.#receiving()];
    }
    this.#gapTold = false;
    return orRefusal(transfer, () => {
      const received = this.#slots.append(chunk.offset, chunk.bytes);
      if (received === transfer.total) return this.#complete();
      if (received === transfer.received || ++this.#sinceStatus < CHUNKS_PER_STATUS) return [];
      return this.#receiving();
    });
  }

  #receiving(): OtaStatus[] {
    const transfer = this.#slots.transfer();
    this.#sinceStatus = 0;
    return transfer ? [{ type: 'ota', state: 'receiving', ...transfer }] : [];
  }

  #complete(): OtaStatus[] {
    const info = this.#slots.finish();
    // Erased again: the answer comes after that.
    if (info === null) return [];
    const verifying = this.status('verifying', info);
    try {
      this.#verify(this.#slots.read(info.slot), info.sequence);
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      const reason = reasonOf(error);
      this.#refused = { sha256: info.sha256, reason };
      this.#slots.discard();
      return [verifying, refusal(info, reason)];
    }
    this.#verified = info.sha256;
    return [verifying];
  }
}

function refusal({ sha256, sequence, total }: Omit<Offer, 'type'>, reason: Reason): OtaStatus {
  return { type: 'ota', state: 'refused', sequence, sha256, received: 0, total, reason };
}

function reasonOf({ code, message }: MoteError): Reason {
  return cutReason({ code, text: message });
}

/** What the slots refuse becomes a status; anything else (a power cut, a defect) isn't for the sender. */
function orRefusal(offer: Omit<Offer, 'type'>, action: () => OtaStatus[]): OtaStatus[] {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    return [refusal(offer, reasonOf(error))];
  }
}
