import { describe, expect, it } from 'vitest';
import { ReasonConstant } from '../../base/abi/index.ts';
import { cases } from '../../base/test-form.ts';
import { decodeJournal, EMPTY_JOURNAL, encodeJournal, type JournalState } from './slot-journal.ts';
import { transferOf } from './testing.ts';

const TEXT = ReasonConstant.textBytes;
/** Where the reason begins. */
const AT = encodeJournal(EMPTY_JOURNAL).length - 5;

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

  it.each<[string, Partial<JournalState>]>([
    ['eight failures', { failed: [9, 8, 16, 15, 14, 13, 12, 11] }],
    ['the largest numbers', { highest: 2 ** 32 - 1, failed: [2 ** 32 - 1] }],
    ['a package as large as a slot', { slots: [{ ...busy.slots[0], total: 2000 }, busy.slots[1]] }],
    ['a package of one byte', { slots: [{ ...busy.slots[0], total: 1 }, busy.slots[1]] }],
    ['a booted trial', { slots: [busy.slots[0], { ...busy.slots[0], state: 'trial', booted: true }] }],
    ['a package that is received', { slots: [{ ...busy.slots[0], state: 'receiving' }, busy.slots[1]] }],
    ['a package that is ready', { slots: [{ ...busy.slots[0], state: 'ready' }, busy.slots[0]] }],
    ['no reason', { reason: null }],
    ['a reason with a phase', { reason: { number: 1, during: 255, numbers: [], text: '' } }],
    [
      'four numbers',
      { reason: { number: 65_535, during: 1, numbers: [0, -1, 2 ** 53 - 1, -(2 ** 53) + 1], text: '' } },
    ],
    ['the longest text', { reason: { number: 1, during: 0, numbers: [1], text: 'x'.repeat(TEXT) } }],
  ])('decodes a state with %s', (_what, change) => {
    const state = { ...busy, ...change };
    expect(decodeJournal(encodeJournal(state), 2000)).toEqual(state);
    // Also where it doesn't begin its buffer.
    const inside = Uint8Array.from([7, 7, 7, ...encodeJournal(state)]).subarray(3);
    expect(decodeJournal(inside, 2000)).toEqual(state);
  });

  it.each<[string, (record: Uint8Array) => Uint8Array]>([
    ['another format', (record) => record.with(0, 3)],
    ['nine failures', (record) => record.with(1, 9)],
    ['padding', (record) => record.with(2, 1)],
    ['a number behind its failures', (record) => record.with(8 + 4 * 2, 1)],
    ['an unknown state', (record) => record.with(40, 99)],
    ['another flag', (record) => record.with(41, 2)],
    ['no reason', (record) => record.subarray(0, AT)],
    ['a reason that ends in its head', (record) => record.subarray(0, AT + 4)],
    ['one byte of reason', (record) => record.subarray(0, AT + 1)],
    ['a reason that ends early', (record) => record.subarray(0, -1)],
    ['a reason that is too long', (record) => Uint8Array.from([...record, 0])],
    ['a text that is not UTF-8', (record) => record.with(record.length - 1, 0xff)],
    ['five numbers', (record) => Uint8Array.from([...record.with(AT + 3, 5), ...new Uint8Array(24)])],
    ['a number that is not exact', (record) => record.with(AT + 5 + 7, 0x7f)],
    ['no sentence but numbers', (record) => record.with(AT, 0)],
    ['a text of 161 bytes', (record) => Uint8Array.from([...record.with(AT + 4, 2 + TEXT), ...new Uint8Array(TEXT)])],
    ['two that failed', () => encodeJournal({ ...busy, slots: [busy.slots[1], busy.slots[1]] })],
    [
      'one that is received and one ready',
      () =>
        encodeJournal({
          ...busy,
          slots: [
            { ...busy.slots[0], state: 'receiving' },
            { ...busy.slots[0], state: 'ready' },
          ],
        }),
    ],
    [
      'a phase without a sentence',
      () => encodeJournal({ ...busy, reason: { number: 0, during: 1, numbers: [], text: '' } }),
    ],
  ])('rejects a record with %s', (_what, spoil) => {
    expect(decodeJournal(spoil(encodeJournal(busy)), 2000)).toBeNull();
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
