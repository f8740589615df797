/**
 * State and encoding of the slot journal. Each record contains the whole state, so the last valid one is sufficient,
 * and writing one is the atomic step of every change. Format: docs/spec/flash.md.
 */
import { ReasonConstant, SLOT_STATES, type SlotState, SlotsConstant } from '../../base/abi/index.ts';
import { clip } from '../../base/index.ts';
import type { Report } from '../link/index.ts';

export type SlotIndex = 0 | 1;

export interface SlotRecord {
  readonly state: SlotState;
  /** The trial was started; the next start of the node must not start it again. */
  readonly booted: boolean;
  readonly sequence: number;
  /** Bytes of the whole package. */
  readonly total: number;
  readonly sha256: Uint8Array;
}

export interface JournalState {
  /** Highest sequence ever confirmed, 0 at first. No package with this or a lower sequence is accepted. */
  readonly highest: number;
  /**
   * The `MAX_FAILED` highest sequences above it that failed their trial, newest first. If the list is full, no sequence
   * below them is accepted.
   */
  readonly failed: readonly number[];
  readonly slots: readonly [SlotRecord, SlotRecord];
  /** Why the slot in state `failed` failed. */
  readonly reason: Report | null;
}

export const MAX_FAILED = SlotsConstant.failures;
export const MAX_SEQUENCE = 0xffffffff;
const { format: FORMAT, slotBytes: SLOT_BYTES } = SlotsConstant;
/** The format of earlier versions, which had the code and the sentence of a reason as texts. */
const EARLIER_FORMAT = 1;
/** A reason before its arguments: number, phase, counts of numbers and of bytes of text. */
const REASON_HEAD_BYTES = 5;
/** Numbers that a reason of this version has. */
const MAX_NUMBERS = 4;
const HIGHEST_AT = 4;
const FAILED_AT = 8;
const SLOTS_AT = FAILED_AT + 4 * MAX_FAILED;
const REASON_AT = SLOTS_AT + 2 * SLOT_BYTES;

export const EMPTY_SLOT: SlotRecord = {
  state: 'empty',
  booted: false,
  sequence: 0,
  total: 0,
  sha256: new Uint8Array(32),
};
export const EMPTY_JOURNAL: JournalState = { highest: 0, failed: [], slots: [EMPTY_SLOT, EMPTY_SLOT], reason: null };

export function encodeJournal(state: JournalState): Uint8Array {
  const reason = encodeReason(state.reason ?? NO_REASON);
  const record = new Uint8Array(REASON_AT + reason.length);
  const view = new DataView(record.buffer);
  record[0] = FORMAT;
  record[1] = state.failed.length;
  view.setUint32(HIGHEST_AT, state.highest, true);
  for (const [i, sequence] of state.failed.entries()) view.setUint32(FAILED_AT + 4 * i, sequence, true);
  for (const [i, slot] of state.slots.entries()) {
    const at = SLOTS_AT + SLOT_BYTES * i;
    record[at] = SLOT_STATES.indexOf(slot.state);
    record[at + 1] = slot.booted ? 1 : 0;
    view.setUint32(at + 4, slot.sequence, true);
    view.setUint32(at + 8, slot.total, true);
    record.set(slot.sha256, at + 12);
  }
  record.set(reason, REASON_AT);
  return record;
}

/** Decodes a record. Returns null for one that `encodeJournal` wouldn't have written for slots of `slotBytes` bytes. */
export function decodeJournal(record: Uint8Array, slotBytes: number): JournalState | null {
  const earlier = record[0] === EARLIER_FORMAT;
  if (record.length < REASON_AT + 2 || (!earlier && record[0] !== FORMAT)) return null;
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const failedCount = record[1]!;
  if (failedCount > MAX_FAILED) return null;
  // The slots of an earlier version are kept, the reason isn't.
  const reason = record.subarray(REASON_AT);
  const report = earlier ? skipEarlierReason(reason) : decodeReason(reason);
  if (report === null) return null;
  const state: JournalState = {
    highest: view.getUint32(HIGHEST_AT, true),
    failed: Array.from({ length: failedCount }, (_, i) => view.getUint32(FAILED_AT + 4 * i, true)),
    slots: [decodeSlot(view, SLOTS_AT), decodeSlot(view, SLOTS_AT + SLOT_BYTES)],
    reason: report.number === 0 ? null : report,
  };
  // Anything that the fields don't represent (padding, an unknown state) changes the encoding.
  const again = encodeJournal(state).subarray(1, REASON_AT);
  if (Buffer.compare(again, record.subarray(1, REASON_AT)) !== 0) return null;
  const sound = state.slots.every((slot) => slot.total <= slotBytes && (slot.state === 'empty' || slot.total > 0));
  const count = (...states: SlotState[]) => state.slots.filter((slot) => states.includes(slot.state)).length;
  return sound && count('confirmed') <= 1 && count('receiving', 'ready', 'trial') <= 1 && count('failed') <= 1
    ? state
    : null;
}

function decodeSlot(view: DataView, at: number): SlotRecord {
  const sha256 = new Uint8Array(view.buffer, view.byteOffset + at + 12, 32).slice();
  return {
    state: SLOT_STATES[view.getUint8(at)] ?? 'empty',
    booted: view.getUint8(at + 1) === 1,
    sequence: view.getUint32(at + 4, true),
    total: view.getUint32(at + 8, true),
    sha256,
  };
}

const NO_REASON: Report = { number: 0, during: 0, numbers: [], text: '' };

function encodeReason({ number, during, numbers, text }: Report): Uint8Array {
  const utf8 = new TextEncoder().encode(text);
  const bytes = new Uint8Array(REASON_HEAD_BYTES + 8 * numbers.length + utf8.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, number, true);
  view.setUint8(2, during);
  view.setUint8(3, numbers.length);
  view.setUint8(4, utf8.length);
  numbers.forEach((value, i) => {
    view.setBigInt64(REASON_HEAD_BYTES + 8 * i, BigInt(value), true);
  });
  bytes.set(utf8, REASON_HEAD_BYTES + 8 * numbers.length);
  return bytes;
}

/** Null for bytes that are no reason. */
function decodeReason(bytes: Uint8Array): Report | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < REASON_HEAD_BYTES) return null;
  const [count, textBytes] = [view.getUint8(3), view.getUint8(4)];
  const textAt = REASON_HEAD_BYTES + 8 * count;
  if (count > MAX_NUMBERS || textBytes > ReasonConstant.textBytes || bytes.length !== textAt + textBytes) return null;
  const utf8 = bytes.subarray(textAt);
  const text = Buffer.from(utf8).toString('utf8');
  const report: Report = {
    number: view.getUint16(0, true),
    during: view.getUint8(2),
    numbers: Array.from({ length: count }, (_, i) => Number(view.getBigInt64(REASON_HEAD_BYTES + 8 * i, true))),
    // An earlier version stored characters that the link no longer takes.
    text: clip(text, ReasonConstant.textBytes),
  };
  const none = report.during === 0 && bytes.length === REASON_HEAD_BYTES;
  const sound =
    Buffer.from(text).equals(utf8) && report.numbers.every(Number.isSafeInteger) && (report.number !== 0 || none);
  return sound ? report : null;
}

function skipEarlierReason(bytes: Uint8Array): Report | null {
  return bytes.length === 2 + bytes[0]! + bytes[1]! ? NO_REASON : null;
}
