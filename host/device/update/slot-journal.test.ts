import { describe, expect, it } from 'vitest';
import { cases } from '../../base/test-form.ts';
import { decodeJournal, EMPTY_JOURNAL, encodeJournal, type JournalState } from './slot-journal.ts';
import { transferOf } from './testing.ts';

describe('the slot journal', () => {
  const busy: JournalState = {
    highest: 7,
    failed: [9, 8],
    slots: [
      { state: 'confirmed', booted: false, ...transferOf(7) },
      { state: 'failed', booted: false, ...transferOf(9) },
    ],
    reason: { number: 18, during: 0, numbers: [7, 2 ** 40], text: 'é' },
  };

  it('decodes what it encodes', () => {
    expect(decodeJournal(encodeJournal(busy), 2000)).toEqual(busy);
    expect(decodeJournal(encodeJournal(EMPTY_JOURNAL), 2000)).toEqual(EMPTY_JOURNAL);
  });

  it('keeps the slots of a record of format 1, and drops its reason', () => {
    const fixed = encodeJournal({ ...busy, reason: null }).subarray(0, 128);
    const record = Buffer.concat([fixed, Buffer.of(4, 2), Buffer.from('CODEno')]);
    record[0] = 1;
    expect(decodeJournal(record, 2000)).toEqual({ ...busy, reason: null });
    expect(decodeJournal(record.subarray(0, -1), 2000)).toBeNull();
  });

  it('keeps the slots of a record whose reason has characters that the link does not take, and replaces these', () => {
    const record = encodeJournal({ ...busy, reason: { ...busy.reason!, text: 'a\u0085\ufffeb' } });
    expect(decodeJournal(record, 2000)).toEqual({ ...busy, reason: { ...busy.reason!, text: 'a b' } });
  });

  it('rejects every state that a store cannot be in', () => {
    const slot = busy.slots[0];
    const bad: JournalState[] = [
      { ...busy, slots: [slot, slot] },
      { ...busy, slots: [slot, { ...slot, total: 2001 }] },
      { ...busy, slots: [{ ...slot, total: 0 }, busy.slots[1]] },
      {
        ...busy,
        slots: [
          { ...slot, state: 'trial' },
          { ...slot, state: 'ready' },
        ],
      },
    ];
    for (const state of bad) expect(decodeJournal(encodeJournal(state), 2000)).toBeNull();
  });

  it('accepts any bytes without an exception', () => {
    const record = encodeJournal(busy);
    let x = 99;
    const random = () => {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      return x >>> 0;
    };
    for (let i = 0; i < cases(100_000); i++) {
      const spoilt = record.slice(0, i % 3 ? record.length : random() % (record.length + 1));
      for (let change = random() % 4; change >= 0 && spoilt.length > 0; change--)
        spoilt[random() % spoilt.length] = random() >>> 24;
      const state = decodeJournal(spoilt, 2000);
      if (state && Buffer.compare(encodeJournal(state), spoilt) !== 0) throw new Error('another encoding');
    }
  });
});
