/**
 * The transfer of a package to a node: both ends, without any I/O. The link delivers in order. Whenever the link comes
 * up again or the node sends a new birth, the sender repeats the offer, and the node's answer contains the offset to
 * continue at.
 */

import { createHash } from 'node:crypto';
import { MessageConstant, NodeConstant, PackageConstant, TransferConstant } from '../../base/abi/index.ts';
import { dayBudget, MoteError, sentenceError } from '../../base/index.ts';
import { type Chunk, type Offer, type OtaStatus, type Reason, renderReport, reportOf } from '../link/index.ts';
import type { SlotInfo, SlotStore, Transfer } from './slots.ts';

/** The node acknowledges after this many chunks. If one is missing it reports its offset twice. */
const CHUNKS_PER_STATUS = TransferConstant.chunksPerStatus;
const TRANSFER_BYTES = MessageConstant.transferBytes;

export interface SenderOptions {
  bytes: Uint8Array;
  sequence: number;
  /** Bytes of a chunk; default 1024. */
  chunkBytes?: number;
  /** Largest number of chunks sent and not acknowledged, 4 or more; default 8. */
  windowChunks?: number;
}

/**
 * The shim's end. Send `offer()`, pass it each `ota` status of the node, and send what `next()` returns until that is
 * null.
 */
export class PackageSender {
  readonly sha256: Uint8Array;
  readonly total: number;
  readonly #bytes: Uint8Array;
  readonly #sequence: number;
  readonly #chunkBytes: number;
  readonly #captureBytes: number;
  #state: OtaStatus['state'] | 'offered' = 'offered';
  #reason: Reason | undefined;
  /** The node has answered the last offer. */
  #answered = false;
  /** The node wants only the head of the package. */
  #headOnly = false;
  #position = 0;
  #acknowledged = 0;

  constructor({ bytes, sequence, chunkBytes = 1024, windowChunks = 2 * CHUNKS_PER_STATUS }: SenderOptions) {
    if (chunkBytes < 1 || windowChunks < CHUNKS_PER_STATUS)
      throw new MoteError(
        'OTA_FORMAT',
        `A chunk needs at least 1 byte and a window at least ${CHUNKS_PER_STATUS} chunks, not ${chunkBytes} and ${windowChunks}.`,
      );
    this.sha256 = new Uint8Array(createHash('sha256').update(bytes).digest());
    this.total = bytes.length;
    this.#bytes = bytes;
    this.#sequence = sequence;
    this.#chunkBytes = chunkBytes;
    this.#captureBytes = chunkBytes * windowChunks;
  }

  /** Returns the message that starts or restarts a transfer. Chunks follow when the node has answered it. */
  offer(): Offer {
    this.#answered = false;
    this.#state = 'offered';
    this.#reason = undefined;
    return { type: 'offer', sha256: this.sha256, sequence: this.#sequence, total: this.total };
  }

  /** Processes a status. One of another package, or with an offset outside this one, is ignored. */
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
    // No progress since the last status means that the node misses bytes, for example after a restart: go back to its
    // offset.
    const back = !this.#answered || received <= this.#acknowledged;
    this.#position = back ? received : Math.max(this.#position, received);
    this.#acknowledged = received;
    this.#answered = true;
    this.#headOnly = wantsHead(status);
  }

  /** Returns the next chunk, of at most `maxBytes`; null if a status must arrive first or nothing is left to send. */
  next(maxBytes = Number.POSITIVE_INFINITY): Chunk | null {
    if (!this.#answered || this.#state !== 'receiving' || this.#position >= this.total) return null;
    if (this.#position - this.#acknowledged >= this.#captureBytes) return null;
    const offset = this.#position;
    if (this.#headOnly && offset > 0) return null;
    const chunkBytes = this.#headOnly ? Math.max(this.#chunkBytes, PackageConstant.headBytes) : this.#chunkBytes;
    const bytes = this.#bytes.subarray(offset, offset + Math.max(1, Math.min(chunkBytes, maxBytes)));
    this.#position += bytes.length;
    return { type: 'chunk', transfer: this.sha256.slice(0, TRANSFER_BYTES), offset, bytes };
  }

  /** Number of bytes that the node acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The last state that the node reported of this package; `offered` until it answers. */
  get state(): OtaStatus['state'] | 'offered' {
    return this.#state;
  }

  /** Why the node refused the package or rolled it back. */
  get reason(): Reason | undefined {
    return this.#reason;
  }
}

/** True if the node asks for the head of a package, before it erases a slot for it. */
export function wantsHead({ state, total }: OtaStatus): boolean {
  return state === 'receiving' && total === 0;
}

export interface ReceiverOptions {
  slots: SlotStore;
  /** The node's time: a day has a budget of packages. */
  nowUs: () => number;
  /** Checks the first chunk of a package, which contains its signed manifest. Throws a `MoteError` to refuse it. */
  verifyHead: (bytes: Uint8Array, offer: Transfer) => void;
  /** Checks the whole package (signature, ABI, memory, sequence). Throws a `MoteError` to refuse it. */
  verify: (bytes: Uint8Array, sequence: number) => void;
}

/**
 * The node's end. `handle` processes an offer or a chunk. Whoever reaches the link can offer packages, so nothing is
 * erased before the signed manifest of one has arrived, and only for so many in a day. If `erasing` is true afterwards, call `erase` repeatedly
 * until it isn't. If `ready` is set, the package is complete and verified, and the node swaps: `slots.startTrial()`,
 * then `slots.boot()`.
 */
export class UpdateReceiver {
  readonly #options: ReceiverOptions;
  readonly #slots: SlotStore;
  /** Packages for which a slot is erased. */
  readonly #budget = dayBudget(NodeConstant.dayPackages);
  /** The offer whose head must arrive next. */
  #offered: Transfer | null = null;
  #sinceStatus = 0;
  #gapReported = false;
  /** Digest of the package verified since the start of the node. A ready slot alone only has the right digest. */
  #verified: Uint8Array | null = null;
  /** The last package that `verify` refused, so that it isn't transferred again. */
  #refused: { sha256: Uint8Array; reason: Reason } | null = null;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#slots = options.slots;
  }

  /** Returns the statuses to send, in order. A chunk of an unknown transfer gets none. */
  handle(message: Offer | Chunk): OtaStatus[] {
    return message.type === 'offer' ? this.#onOffer(message) : this.#onChunk(message);
  }

  /** True while a slot is being erased, for the last offer or to receive its package again. */
  get erasing(): boolean {
    return this.#slots.erasing !== null;
  }

  /** Erases one more page. Returns the status that starts the transfer after the last page. */
  erase(): OtaStatus[] {
    const offer = this.#slots.erasing;
    if (offer === null) return [];
    return orRefusal(offer, () => (this.#slots.erase() === null ? [] : this.#receiving()));
  }

  /** The verified package that is ready for the swap, or null. */
  get ready(): SlotInfo | null {
    const slot = this.#slots.slots().find(({ state }) => state === 'ready');
    return slot && this.#verified && Buffer.compare(slot.sha256, this.#verified) === 0 ? slot : null;
  }

  /** Returns a status about a package in a slot, with details that only the node knows. */
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
    this.#gapReported = false;
    this.#offered = null;
    const active = this.#slots.active();
    if (active && same(active.sha256)) return [this.status(active.state === 'trial' ? 'trial' : 'confirmed', active)];
    const failure = this.#slots.lastFailure();
    if (failure?.reason && same(failure.sha256))
      return [this.status('rolledback', failure, { reason: failure.reason })];
    if (this.#refused && same(this.#refused.sha256)) return [refusal(offer, this.#refused.reason)];
    return orRefusal(offer, () => {
      const under = this.#slots.underWay(offer);
      if (under === 'erasing') return [];
      if (under !== null) return under.received === offer.total ? this.#complete() : this.#receiving();
      this.#checkBudget();
      const { sha256, sequence, total } = offer;
      this.#offered = { sha256, sequence, total };
      return [{ type: 'ota', state: 'receiving', sequence, sha256, received: 0, total: 0 }];
    });
  }

  #checkBudget(): void {
    const waitUs = this.#budget.waitUs(this.#options.nowUs());
    if (waitUs > 0) throw sentenceError('ota_budget', NodeConstant.dayPackages, Math.ceil(waitUs / 1e6));
  }

  /** The head of the offered package. From here on its signed manifest is worth an erased slot. */
  #onHead(offer: Transfer, bytes: Uint8Array): OtaStatus[] {
    this.#offered = null;
    return orRefusal(offer, () => {
      this.#options.verifyHead(bytes, offer);
      this.#slots.prepare(offer);
      this.#budget.spend(this.#options.nowUs());
      return [];
    });
  }

  #onChunk(chunk: Chunk): OtaStatus[] {
    if (this.#offered !== null && chunk.offset === 0 && isOf(chunk, this.#offered))
      return this.#onHead(this.#offered, chunk.bytes);
    const transfer = this.#slots.transfer();
    if (!transfer || !isOf(chunk, transfer)) return [];
    if (chunk.offset > transfer.received) {
      if (this.#gapReported) return [];
      this.#gapReported = true;
      // Twice: the first may acknowledge new bytes, and only a status without progress makes the sender go back.
      return [...this.#receiving(), ...this.#receiving()];
    }
    this.#gapReported = false;
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
    // The slot is being erased again; the answer follows afterwards.
    if (info === null) return [];
    const verifying = this.status('verifying', info);
    try {
      this.#options.verify(this.#slots.read(info.slot), info.sequence);
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

function isOf(chunk: Chunk, { sha256 }: Transfer): boolean {
  return Buffer.compare(sha256.subarray(0, TRANSFER_BYTES), chunk.transfer) === 0;
}

function refusal({ sha256, sequence, total }: Omit<Offer, 'type'>, reason: Reason): OtaStatus {
  return { type: 'ota', state: 'refused', sequence, sha256, received: 0, total, reason };
}

function reasonOf({ code, message }: MoteError): Reason {
  return renderReport(reportOf({ code, text: message }));
}

/**
 * Turns an error of the slots into a refusal. Any other exception (a power cut, a defect) isn't reported to the sender.
 */
function orRefusal(offer: Omit<Offer, 'type'>, action: () => OtaStatus[]): OtaStatus[] {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    return [refusal(offer, reasonOf(error))];
  }
}
