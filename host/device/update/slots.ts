/**
 * Two slots and a journal: a node stores the confirmed module in one slot and a new one in the other. A swap is one
 * journal record; no byte of a package is ever copied.
 */

import { createHash } from 'node:crypto';
import { JournalKind, type SentenceId, type SlotState, SlotsConstant } from '../../base/abi/index.ts';
import { sentenceError } from '../../base/index.ts';
import { type Flash, flashRegion, Journal } from '../flash/index.ts';
import { type Reason, type Report, reason, renderReport, reportOf } from '../link/index.ts';
import {
  decodeJournal,
  EMPTY_JOURNAL,
  EMPTY_SLOT,
  encodeJournal,
  type JournalState,
  MAX_FAILED,
  MAX_SEQUENCE,
  type SlotIndex,
  type SlotRecord,
} from './slot-journal.ts';
import { SlotWriter } from './slot-writer.ts';

export interface SlotLayout {
  /** Pages of the journal, at the start of the region: an even number, 2 or more. */
  journalPages: number;
  /** Pages of each of the two slots that follow. */
  slotPages: number;
}

export interface SlotInfo {
  slot: SlotIndex;
  state: SlotState;
  sequence: number;
  sha256: Uint8Array;
  /** Bytes of the whole package. */
  total: number;
  /** Why it failed; only in state `failed`. */
  reason?: Reason;
}

/** The package that a transfer is about. */
export interface Transfer {
  /** SHA-256 of the whole package. */
  sha256: Uint8Array;
  /** 1 to 2^32 - 1 */
  sequence: number;
  /** Bytes of the whole package. */
  total: number;
}

const INTERRUPTED = reportOf(reason('trial_interrupted'));

/**
 * Every change is durable when its call returns. After a `PowerCut` or `FLASH_IO`, open a new store on the same flash.
 */
export class SlotStore {
  /** Bytes of the largest package that fits. */
  readonly slotBytes: number;
  readonly #journal: Journal;
  readonly #flashes: readonly [Flash, Flash];
  #state: JournalState;
  /** Writer of the slot in state `receiving`. */
  #writer: SlotWriter | null = null;
  /** The slot that is being erased for a transfer, and the record that follows. */
  #erasing: { slot: SlotIndex; record: SlotRecord; writer: SlotWriter } | null = null;

  private constructor(journal: Journal, flashes: readonly [Flash, Flash], state: JournalState) {
    this.#journal = journal;
    this.#flashes = flashes;
    this.slotBytes = flashes[0].sizeBytes;
    this.#state = state;
  }

  /**
   * Opens the store. Without a layout the journal has two pages and the slots share the rest. It only reads, and treats
   * a flash with any other content as one with two empty slots. A trial that was booted and never confirmed counts as
   * failed from then on. Throws `FLASH_RANGE` if the layout doesn't fit.
   */
  static open(flash: Flash, layout: SlotLayout = defaultLayout(flash)): SlotStore {
    const { journalPages, slotPages } = layout;
    const slots = [
      flashRegion(flash, journalPages, slotPages),
      flashRegion(flash, journalPages + slotPages, slotPages),
    ] as const;
    const { journal, records } = Journal.open(flashRegion(flash, 0, journalPages), JournalKind.slots);
    let state: JournalState = EMPTY_JOURNAL;
    for (const record of records) state = decodeJournal(record, slots[0].sizeBytes) ?? state;
    const store = new SlotStore(journal, slots, state);
    const trial = store.#find('trial');
    if (trial !== null && state.slots[trial].booted) store.#state = failed(state, trial, INTERRUPTED);
    const receiving = store.#find('receiving');
    if (receiving !== null) store.#writer = SlotWriter.resumed(slots[receiving], state.slots[receiving].total);
    return store;
  }

  /** Highest sequence ever confirmed; 0 if none was. */
  get highestSequence(): number {
    return this.#state.highest;
  }

  /** The lowest sequence above all that were confirmed or failed: a package with it is accepted. */
  get nextSequence(): number {
    return Math.max(this.#state.highest, ...this.#state.failed) + 1;
  }

  /** Returns the state of both slots. */
  slots(): [SlotInfo, SlotInfo] {
    return [this.#info(0), this.#info(1)];
  }

  /** Returns the slot that runs or is to run: the trial, else the confirmed one. Records nothing. */
  active(): SlotInfo | null {
    const slot = this.#find('trial') ?? this.#find('confirmed');
    return slot === null ? null : this.#info(slot);
  }

  /**
   * Returns the slot to run now; call it at the node's start and after `startTrial`. The one boot of a trial is
   * recorded before this returns. A trial that was booted before and isn't confirmed fails here with the reason
   * `TRIAL_INTERRUPTED`, and the old slot is returned. Returns null if there is none.
   */
  boot(): SlotInfo | null {
    const trial = this.#find('trial');
    if (trial !== null && this.#state.slots[trial].booted) this.#commit(failed(this.#state, trial, INTERRUPTED));
    else if (trial !== null) this.#change(trial, { ...this.#state.slots[trial], booted: true });
    return this.active();
  }

  /** Returns the last failed trial, for the report after a rollback; null if its slot has been used since. */
  lastFailure(): SlotInfo | null {
    const slot = this.#find('failed');
    return slot === null ? null : this.#info(slot);
  }

  /** Returns the current transfer and its progress, or null. */
  transfer(): (Transfer & { received: number }) | null {
    const slot = this.#find('receiving');
    if (slot === null) return null;
    const { sha256, sequence, total } = this.#state.slots[slot];
    return { sha256: sha256.slice(), sequence, total, received: this.#writer?.received ?? 0 };
  }

  /**
   * Starts a transfer into the slot that isn't confirmed, or resumes it; `received` is the offset to continue at.
   * Throws `OTA_FORMAT`, `OTA_ROLLBACK` (the sequence isn't above the highest confirmed one), `OTA_FAILED_BEFORE` (the
   * sequence failed, or is below a full list of failed ones), `OTA_TOO_LARGE`, `OTA_BUSY` (a trial is running).
   */
  begin(transfer: Transfer): { slot: SlotIndex; received: number } {
    let begun = this.prepare(transfer);
    while (begun === null) begun = this.erase();
    return begun;
  }

  /** As `begin`, but leaves erasing to the caller: if it returns null, call `erase` until that returns a result. */
  prepare(transfer: Transfer): { slot: SlotIndex; received: number } | null {
    const under = this.underWay(transfer);
    if (under === 'erasing') return null;
    if (under !== null) return under;
    const { sha256, sequence, total } = transfer;
    const slot: SlotIndex = this.#find('confirmed') === 0 ? 1 : 0;
    this.#beginErase(slot, { state: 'receiving', booted: false, sequence, total, sha256: sha256.slice() });
    return null;
  }

  /**
   * Returns where this transfer stands: a slot is being erased for it, or it is in a slot; null if it must begin. It
   * changes nothing. Throws the errors of `begin`.
   */
  underWay(transfer: Transfer): { slot: SlotIndex; received: number } | 'erasing' | null {
    this.#checkTransfer(transfer);
    if (this.#erasing !== null && sameTransfer(this.#erasing.record, transfer)) return 'erasing';
    const slot = this.#find('receiving') ?? this.#find('ready');
    if (slot === null || !sameTransfer(this.#state.slots[slot], transfer)) return null;
    const ready = this.#state.slots[slot].state === 'ready';
    return { slot, received: ready ? transfer.total : (this.#writer?.received ?? 0) };
  }

  /** The transfer for which a slot is being erased, or null. */
  get erasing(): Transfer | null {
    return this.#erasing && { ...this.#erasing.record };
  }

  /**
   * Erases one page; on a chip the processor may stop meanwhile. After the last page the transfer has begun and its
   * slot is returned. Throws `OTA_STATE` if no slot is being erased.
   */
  erase(): { slot: SlotIndex; received: number } | null {
    const erasing = this.#erasing;
    if (erasing === null) throw sentenceError('ota_no_erase');
    const { slot, record, writer } = erasing;
    this.#erasing = null;
    if (!writer.erase()) {
      this.#erasing = erasing;
      return null;
    }
    this.#change(slot, record);
    this.#writer = writer;
    return { slot, received: 0 };
  }

  /**
   * Appends bytes at `offset` of the package; bytes that were received before are skipped. Returns the number of bytes
   * received. Throws `OTA_GAP` if bytes before these are missing, `OTA_TOO_LARGE` beyond the package's end, `OTA_STATE`
   * without a transfer.
   */
  append(offset: number, bytes: Uint8Array): number {
    const { record, writer } = this.#receiving();
    if (!Number.isInteger(offset) || offset < 0 || offset + bytes.length > record.total)
      throw sentenceError('ota_outside', offset, offset + bytes.length, record.total);
    if (offset > writer.received) throw sentenceError('ota_gap', offset, writer.received);
    writer.append(bytes.subarray(writer.received - offset));
    return writer.received;
  }

  /**
   * Checks the digest of the whole package and makes the slot `ready`; a ready slot stays ready. Throws `OTA_GAP` while
   * bytes are missing, and `OTA_DIGEST`, with the slot empty again, if the bytes aren't those of the offer. In a
   * resumed transfer a power cut may have left the wrong bytes: the slot must then be erased again, as after `prepare`,
   * and null is returned.
   */
  finish(): SlotInfo | null {
    const ready = this.#find('ready');
    if (ready !== null) return this.#info(ready);
    const { slot, record, writer } = this.#receiving();
    if (writer.received < record.total) throw sentenceError('ota_incomplete', writer.received, record.total);
    writer.finish();
    if (!matches(this.#flashes[slot].read(0, record.total), record.sha256)) {
      // Remains of the power cut may have counted as received, so all bytes are requested once more.
      if (writer.resumed) {
        this.#beginErase(slot, record);
        return null;
      }
      this.#clear(slot);
      throw sentenceError('ota_digest');
    }
    this.#change(slot, { ...record, state: 'ready' });
    return this.#info(slot);
  }

  /**
   * Drops the package that is being received or is ready, for example with a wrong signature. Its sequence may be
   * offered again.
   */
  discard(): void {
    const slot = this.#find('receiving') ?? this.#find('ready');
    if (slot !== null) this.#clear(slot);
  }

  /**
   * Returns the package in a ready, trial or confirmed slot. Throws `OTA_STATE`, or `OTA_DIGEST` if the flash lost some
   * of it.
   */
  read(slot: SlotIndex): Uint8Array {
    const { state, total, sha256 } = this.#state.slots[slot];
    if (state !== 'ready' && state !== 'trial' && state !== 'confirmed')
      throw sentenceError('ota_no_package', slot, state);
    const bytes = this.#flashes[slot].read(0, total);
    if (!matches(bytes, sha256)) throw sentenceError('ota_damaged', slot);
    return bytes;
  }

  /** Swaps: one record makes the ready slot the one that `boot` returns. Throws `OTA_STATE` if none is ready. */
  startTrial(): void {
    const slot = this.#need('ready', 'ota_none_ready');
    this.#change(slot, { ...this.#state.slots[slot], state: 'trial', booted: false });
  }

  /** Confirms the booted trial and empties the old slot. Throws `OTA_STATE` without a booted trial. */
  confirm(): void {
    const slot = this.#need('trial', 'ota_no_trial');
    if (!this.#state.slots[slot].booted) throw sentenceError('ota_not_booted');
    this.#commit(confirmed(this.#state, slot));
  }

  /**
   * Fails the trial: the old slot is active again, and the sequence isn't accepted again. Throws `OTA_STATE` without a
   * trial.
   */
  fail(reason: Reason): void {
    this.#commit(failed(this.#state, this.#need('trial', 'ota_none_to_fail'), reportOf(reason)));
  }

  /**
   * Writes a package into a slot and confirms it without a trial, to set up a node. After an interruption it can be
   * called again. Throws the errors of `begin` and `finish`.
   */
  install(sequence: number, bytes: Uint8Array): SlotInfo {
    let info: SlotInfo | null = null;
    while (info === null) {
      this.begin({ sha256: digest(bytes), sequence, total: bytes.length });
      if (this.#find('receiving') !== null) this.append(0, bytes);
      info = this.finish();
    }
    this.#commit(confirmed(this.#state, info.slot));
    return this.#info(info.slot);
  }

  #checkTransfer({ sha256, sequence, total }: Transfer): void {
    const { highest, failed: failures } = this.#state;
    if (sha256.length !== 32 || !isUint32(sequence) || sequence < 1 || !isUint32(total) || total < 1)
      throw sentenceError('ota_format');
    if (sequence <= highest) throw sentenceError('ota_rollback', sequence, highest);
    if (failures.includes(sequence)) throw sentenceError('ota_failed_before', sequence);
    // Sequences that were dropped from the full list are below all in it, and must still not be tried again.
    if (failures.length === MAX_FAILED && sequence < Math.min(...failures))
      throw sentenceError('ota_below_failed', sequence, MAX_FAILED);
    if (total > this.slotBytes) throw sentenceError('ota_too_large', total, this.slotBytes);
    if (this.#find('trial') !== null) throw sentenceError('ota_busy');
  }

  #receiving(): { slot: SlotIndex; record: SlotRecord; writer: SlotWriter } {
    const slot = this.#find('receiving');
    if (slot === null || !this.#writer) throw sentenceError('ota_no_transfer');
    return { slot, record: this.#state.slots[slot], writer: this.#writer };
  }

  /** Three steps, so that a slot in state `receiving` never contains older bytes that could count as received. */
  #beginErase(slot: SlotIndex, record: SlotRecord): void {
    this.#clear(slot);
    this.#erasing = { slot, record, writer: SlotWriter.fresh(this.#flashes[slot], record.total) };
  }

  #clear(slot: SlotIndex): void {
    if (this.#state.slots[slot].state !== 'empty') this.#change(slot, EMPTY_SLOT);
  }

  #change(slot: SlotIndex, record: SlotRecord): void {
    const slots = withSlot(this.#state.slots, slot, record);
    const reason = slots.some(({ state }) => state === 'failed') ? this.#state.reason : null;
    this.#commit({ ...this.#state, slots, reason });
  }

  #commit(state: JournalState): void {
    const record = encodeJournal(state);
    this.#journal.append(record, () => [record]);
    this.#state = state;
  }

  #find(state: SlotState): SlotIndex | null {
    if (this.#state.slots[0].state === state) return 0;
    return this.#state.slots[1].state === state ? 1 : null;
  }

  #need(state: SlotState, absent: SentenceId): SlotIndex {
    const slot = this.#find(state);
    if (slot === null) throw sentenceError(absent);
    return slot;
  }

  #info(slot: SlotIndex): SlotInfo {
    const { state, sequence, sha256, total } = this.#state.slots[slot];
    const info: SlotInfo = { slot, state, sequence, sha256: sha256.slice(), total };
    if (state === 'failed' && this.#state.reason) info.reason = renderReport(this.#state.reason);
    return info;
  }
}

function defaultLayout(flash: Flash): SlotLayout {
  const pages = flash.sizeBytes / flash.pageBytes;
  const { journalPages } = SlotsConstant;
  return { journalPages, slotPages: Math.floor((pages - journalPages) / 2) };
}

function confirmed(state: JournalState, slot: SlotIndex): JournalState {
  const record: SlotRecord = { ...state.slots[slot], state: 'confirmed', booted: false };
  const highest = Math.max(state.highest, record.sequence);
  return {
    highest,
    failed: state.failed.filter((sequence) => sequence > highest),
    slots: slot === 0 ? [record, EMPTY_SLOT] : [EMPTY_SLOT, record],
    reason: null,
  };
}

function failed(state: JournalState, slot: SlotIndex, reason: Report): JournalState {
  const record = state.slots[slot];
  return {
    ...state,
    failed: highestOf([record.sequence, ...state.failed]),
    slots: withSlot(state.slots, slot, { ...record, state: 'failed', booted: false }),
    reason,
  };
}

/** Returns the `MAX_FAILED` highest in unchanged order, so that dropped ones are below all others. */
function highestOf(failures: readonly number[]): number[] {
  const kept = failures.toSorted((a, b) => b - a).slice(0, MAX_FAILED);
  return failures.filter((sequence) => kept.includes(sequence));
}

function withSlot(slots: JournalState['slots'], slot: SlotIndex, record: SlotRecord): [SlotRecord, SlotRecord] {
  return slot === 0 ? [record, slots[1]] : [slots[0], record];
}

function sameTransfer(slot: SlotRecord, { sha256, sequence, total }: Transfer): boolean {
  return slot.sequence === sequence && slot.total === total && Buffer.compare(slot.sha256, sha256) === 0;
}

function digest(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function matches(bytes: Uint8Array, sha256: Uint8Array): boolean {
  return Buffer.compare(digest(bytes), sha256) === 0;
}

function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_SEQUENCE;
}
