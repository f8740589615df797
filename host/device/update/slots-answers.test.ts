/** What the slot store answers: the sentence of each rejection, what it returns, and what it leaves unchanged. */
import { describe, expect, it } from 'vitest';
import { flashRegion, Journal } from '../flash/index.ts';
import { decodeJournal } from './slot-journal.ts';
import { SlotStore } from './slots.ts';
import { layout, make, PAGE, packageBytes, reason, receive, transferOf, trial } from './testing.ts';

const answer = (action: () => unknown) => {
  try {
    return action();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return `${code} ${message}`;
  }
};

describe('the slot store', () => {
  it('names the numbers of an offer that it refuses', () => {
    const store = SlotStore.open(make(), layout);
    store.install(3, packageBytes(3));
    const offer = (change: object) => answer(() => store.begin({ ...transferOf(4), ...change }));
    expect(offer({ sequence: 3 })).toMatch(/^OTA_ROLLBACK .*\b3\b.*\b3\b/);
    expect(offer({ total: 3 * PAGE + 1 })).toMatch(/^OTA_TOO_LARGE .*\b1537\b.*\b1536\b/);
    for (const change of [
      { sequence: -1 },
      { sequence: 0.5 },
      { sequence: 2 ** 32 },
      { total: -1 },
      { total: 2 ** 32 },
      { total: 0 },
      { sha256: new Uint8Array(33) },
    ])
      expect(offer(change)).toMatch(/^OTA_FORMAT .*SHA-256/);
    trial(store, 4);
    expect(answer(() => store.begin(transferOf(5)))).toMatch(/^OTA_BUSY [A-Z].*\.$/);
    store.fail(reason);
    expect(answer(() => store.begin(transferOf(4)))).toMatch(/^OTA_FAILED_BEFORE .*\b4\b/);
  });

  it('refuses a sequence below a full list of failed ones with its length', () => {
    const store = SlotStore.open(make(), layout);
    store.install(1, packageBytes(1));
    for (const sequence of [20, 21, 22, 23, 24, 25, 26]) {
      trial(store, sequence);
      store.fail(reason);
    }
    expect(store.nextSequence).toBe(27);
    expect(store.begin(transferOf(10)).received).toBe(0);
    store.discard();
    trial(store, 27);
    store.fail(reason);
    expect(answer(() => store.begin(transferOf(10)))).toMatch(/^OTA_FAILED_BEFORE .*\b10\b.*\b8\b/);
    expect(store.nextSequence).toBe(28);
    expect(store.highestSequence).toBe(1);
  });

  it('accepts the largest sequence', () => {
    const store = SlotStore.open(make(), layout);
    expect(store.install(2 ** 32 - 1, packageBytes(1))).toMatchObject({ sequence: 2 ** 32 - 1, state: 'confirmed' });
    expect(store.nextSequence).toBe(2 ** 32);
  });

  it('names what is missing for a call that does not fit its state', () => {
    const store = SlotStore.open(make(), layout);
    const sentences = [
      () => store.append(0, new Uint8Array(1)),
      () => store.erase(),
      () => store.startTrial(),
      () => store.confirm(),
      () => store.fail(reason),
      () => store.read(1),
    ].map(answer);
    for (const sentence of sentences) expect(sentence).toMatch(/^OTA_STATE [A-Z].*\.$/);
    expect(new Set(sentences).size).toBe(sentences.length);
    expect(sentences.at(-1)).toMatch(/\b1\b/);
    receive(store, 2);
    expect(answer(() => store.confirm())).toBe(sentences[3]);
    store.startTrial();
    expect(answer(() => store.confirm())).not.toBe(sentences[3]);
  });

  it('names the offsets of bytes that it does not take', () => {
    const store = SlotStore.open(make(), layout);
    store.begin(transferOf(4));
    expect(answer(() => store.append(1000, new Uint8Array(204)))).toMatch(
      /^OTA_TOO_LARGE .*\b1000\b.*\b1204\b.*\b1203\b/,
    );
    expect(answer(() => store.append(0.5, new Uint8Array(1)))).toMatch(/^OTA_TOO_LARGE/);
    expect(answer(() => store.append(5, new Uint8Array(1)))).toMatch(/^OTA_GAP .*\b5\b.*\b0\b/);
    expect(store.append(0, packageBytes(4).subarray(0, 8))).toBe(8);
    expect(answer(() => store.finish())).toMatch(/^OTA_GAP .*\b8\b.*\b1203\b/);
    expect(store.transfer()).toEqual({ ...transferOf(4), received: 8 });
  });

  it('has nothing of a package whose digest is wrong, and names the slot that the flash damaged', () => {
    const flash = make();
    const store = SlotStore.open(flash, layout);
    store.begin(transferOf(4));
    store.append(0, packageBytes(5));
    expect(answer(() => store.finish())).toMatch(/^OTA_DIGEST [A-Z].*\.$/);
    expect(store.slots().map(({ state }) => state)).toEqual(['empty', 'empty']);
    expect(store.transfer()).toBeNull();
    receive(store, 4);
    const info = store.finish()!;
    expect(info).toMatchObject({ slot: 0, state: 'ready', sequence: 4, total: 1203 });
    flash.erase(2);
    expect(answer(() => store.read(info.slot))).toMatch(/^OTA_DIGEST .*\b0\b/);
  });

  it('returns copies of its digests', () => {
    const store = SlotStore.open(make(), layout);
    const mine = transferOf(4);
    store.begin(mine);
    store.transfer()!.sha256.fill(0);
    mine.sha256.fill(0);
    expect(store.transfer()!.sha256).toEqual(transferOf(4).sha256);
    receive(store, 4);
    store.slots()[0].sha256.fill(0);
    expect(store.slots()[0].sha256).toEqual(transferOf(4).sha256);
  });

  it('returns to what it had when the erase of a page fails, and starts anew for another offer', () => {
    const flash = make();
    const store = SlotStore.open(flash, layout);
    expect(store.erasing).toBeNull();
    expect(store.prepare(transferOf(4))).toBeNull();
    expect(store.erasing).toMatchObject(transferOf(4));
    expect(store.erase()).toBeNull();
    const before = flash.erases.slice();
    expect(store.prepare(transferOf(4))).toBeNull();
    expect(flash.erases).toEqual(before);
    expect(store.prepare({ ...transferOf(4), total: 1000 })).toBeNull();
    expect(store.erase()).toBeNull();
    expect(store.erase()).toEqual({ slot: 0, received: 0 });
    expect([store.erasing, store.transfer()?.total]).toEqual([null, 1000]);
    const other = { ...transferOf(4), total: 1000, sha256: transferOf(5).sha256 };
    expect(store.prepare(other)).toBeNull();
    expect([store.erasing?.sha256, store.transfer()]).toEqual([other.sha256, null]);
  });

  it('continues a ready package at its end, and receives into the slot that is not confirmed', () => {
    const store = SlotStore.open(make(), layout);
    expect(store.install(1, packageBytes(1)).slot).toBe(0);
    receive(store, 2);
    expect(store.begin(transferOf(2))).toEqual({ slot: 1, received: 1203 });
    expect(store.begin(transferOf(3))).toEqual({ slot: 1, received: 0 });
    store.discard();
    store.discard();
    trial(store, 2);
    store.confirm();
    expect(store.begin(transferOf(3))).toEqual({ slot: 0, received: 0 });
  });

  it('forgets a failure when its slot is used again, and the reason with it', () => {
    const store = SlotStore.open(make(), layout);
    store.install(1, packageBytes(1));
    trial(store, 2);
    store.fail(reason);
    expect(store.lastFailure()).toMatchObject({ slot: 1, sequence: 2, reason });
    expect(store.active()).toMatchObject({ slot: 0, sequence: 1 });
    expect('reason' in store.active()!).toBe(false);
    store.begin(transferOf(3));
    expect(store.lastFailure()).toBeNull();
    store.discard();
    expect(store.slots()[1]).toEqual({ slot: 1, state: 'empty', sequence: 0, total: 0, sha256: new Uint8Array(32) });
  });

  it('stores no failure, reason or boot that is over', () => {
    const flash = make();
    const stored = () => decodeJournal(Journal.open(flashRegion(flash, 0, 2), 's').records.at(-1)!, 3 * PAGE);
    const store = SlotStore.open(flash, layout);
    store.install(1, packageBytes(1));
    trial(store, 2);
    expect(stored()).toMatchObject({ failed: [], slots: [{ booted: false }, { state: 'trial', booted: true }] });
    store.fail(reason);
    expect(stored()).toMatchObject({ failed: [2], slots: [{}, { state: 'failed', booted: false }] });
    expect(stored()?.reason).not.toBeNull();
    store.begin(transferOf(3));
    expect(stored()).toMatchObject({ failed: [2], reason: null, slots: [{}, { state: 'receiving', booted: false }] });
    trial(store, 4);
    store.confirm();
    const slots = [{ state: 'empty' }, { state: 'confirmed', booted: false }];
    expect(stored()).toMatchObject({ highest: 4, failed: [], reason: null, slots });
    const { operations } = flash;
    store.prepare(transferOf(5));
    expect(flash.operations).toBe(operations);
  });

  it('installs again after an interruption, and keeps what is confirmed', () => {
    const flash = make();
    const store = SlotStore.open(flash, layout);
    store.begin(transferOf(2));
    store.append(0, packageBytes(2).subarray(0, 600));
    expect(SlotStore.open(flash, layout).install(2, packageBytes(2))).toMatchObject({ slot: 0, state: 'confirmed' });
    const again = SlotStore.open(flash, layout);
    expect(again.read(0)).toEqual(packageBytes(2));
    expect(again.install(3, packageBytes(3))).toMatchObject({ slot: 1, state: 'confirmed' });
    expect(again.slots().map(({ state }) => state)).toEqual(['empty', 'confirmed']);
  });
});
