/**
 * State and encoding of the slot journal. Each record contains the whole state, so the last valid one is sufficient,
 * and writing one is the atomic step of every change. Format: docs/spec/flash.md.
 */
import { SLOT_STATES, type SlotState, SlotsConstant } from '../../base/abi/index.ts';

export type SlotIndex = 0 | 1;

/** Why something was refused or rolled back: a stable code and a sentence. */
export interface Reason {
  code: string;
  text: string;
}

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
  readonly reason: Reason | null;
}

export const MAX_FAILED = SlotsConstant.failures;
export const MAX_SEQUENCE = 0xffffffff;
const { format: FORMAT, codeBytes: MAX_CODE_BYTES, reasonBytes: MAX_TEXT_BYTES, slotBytes: SLOT_BYTES } = SlotsConstant;
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
  const code = cut(state.reason?.code ?? '', MAX_CODE_BYTES);
  const text = cut(state.reason?.text ?? '', MAX_TEXT_BYTES);
  const record = new Uint8Array(REASON_AT + 2 + code.length + text.length);
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
  record[REASON_AT] = code.length;
  record[REASON_AT + 1] = text.length;
  record.set(code, REASON_AT + 2);
  record.set(text, REASON_AT + 2 + code.length);
  return record;
}

/** Decodes a record. Returns null for one that `encodeJournal` wouldn't have written for slots of `slotBytes` bytes. */
export function decodeJournal(record: Uint8Array, slotBytes: number): JournalState | null {
  if (record.length < REASON_AT + 2 || record[0] !== FORMAT) return null;
  const view = new DataView(record.buffer, record.byteOffset, record.length);
  const failedCount = record[1]!;
  const codeBytes = record[REASON_AT]!;
  const textAt = REASON_AT + 2 + codeBytes;
  if (failedCount > MAX_FAILED || codeBytes > MAX_CODE_BYTES || textAt > record.length) return null;
  const reason = {
    code: decodeText(record.subarray(REASON_AT + 2, textAt)),
    text: decodeText(record.subarray(textAt)),
  };
  const state: JournalState = {
    highest: view.getUint32(HIGHEST_AT, true),
    failed: Array.from({ length: failedCount }, (_, i) => view.getUint32(FAILED_AT + 4 * i, true)),
    slots: [decodeSlot(view, SLOTS_AT), decodeSlot(view, SLOTS_AT + SLOT_BYTES)],
    reason: reason.code === '' ? null : reason,
  };
  // Anything that the fields don't represent (padding, an unknown state, inconsistent lengths) changes the encoding.
  const again = encodeJournal(state);
  if (again.length !== record.length || again.some((byte, i) => byte !== record[i])) return null;
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

/** The reason as a node stores and reports it: the text is cut to 160 bytes. */
export function cutReason({ code, text }: Reason): Reason {
  return { code: decodeText(cut(code, MAX_CODE_BYTES)), text: decodeText(cut(text, MAX_TEXT_BYTES)) };
}

/** UTF-8 of at most `limit` bytes, cut between characters. A zero ends the text, as in C. */
function cut(text: string, limit: number): Uint8Array {
  const out = new Uint8Array(limit);
  const { written } = new TextEncoder().encodeInto(text, out);
  const zero = out.indexOf(0);
  return out.subarray(0, zero < 0 ? written : Math.min(written, zero));
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
