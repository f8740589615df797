import { describe, expect, it } from 'vitest';
import { cases, FULL } from '../../base/test-form.ts';
import { everyCut } from '../flash/every-cut.ts';
import { flashRegion, KeyValueStore, MemoryFlash } from '../flash/index.ts';
import { SlotStore } from './slots.ts';
import { codeOf, layout, make, PAGE, packageBytes, reason, receive, transferOf, trial } from './testing.ts';

describe('the slot store', () => {
  it('is empty on erased flash and on noise', () => {
    for (const flash of [
      make(),
      new MemoryFlash({ sizeBytes: 10 * PAGE, pageBytes: PAGE, image: packageBytes(9, 10 * PAGE) }),
    ]) {
      const store = SlotStore.open(flash, layout);
      expect([store.active(), store.boot(), store.transfer(), store.lastFailure(), store.highestSequence]).toEqual([
        null,
        null,
        null,
        null,
        0,
      ]);
      expect(store.install(1, packageBytes(1)).state).toBe('confirmed');
      expect(store.read(store.active()!.slot)).toEqual(packageBytes(1));
    }
  });

  it('divides a flash between journal and slots when no layout is given', () => {
    expect(SlotStore.open(make()).slotBytes).toBe(4 * PAGE);
    expect(codeOf(() => SlotStore.open(make(), { journalPages: 2, slotPages: 5 }))).toBe('FLASH_RANGE');
  });

  it('swaps to a trial, confirms it, and frees the old slot', () => {
    const flash = make();
    const store = SlotStore.open(flash, layout);
    store.install(1, packageBytes(1));
    const old = store.active()!.slot;
    trial(store, 2);
    expect(store.active()).toMatchObject({ sequence: 2, state: 'trial', slot: 1 - old });
    store.confirm();
    const again = SlotStore.open(flash, layout);
    expect(again.boot()).toMatchObject({ sequence: 2, state: 'confirmed', slot: 1 - old });
    expect(again.slots()[old]!.state).toBe('empty');
    expect(again.read(1 - old === 0 ? 0 : 1)).toEqual(packageBytes(2));
    expect(again.highestSequence).toBe(2);
  });

  it('returns to the old slot after a failed trial, and keeps the reason over restarts', () => {
    const flash = make();
    const store = SlotStore.open(flash, layout);
    store.install(1, packageBytes(1));
    trial(store, 2);
    store.fail(reason);
    for (const seen of [store, SlotStore.open(flash, layout)]) {
      expect(seen.boot()).toMatchObject({ sequence: 1, state: 'confirmed' });
      expect(seen.lastFailure()).toMatchObject({ sequence: 2, state: 'failed', reason });
      expect(codeOf(() => seen.begin(transferOf(2)))).toBe('OTA_FAILED_BEFORE');
    }
  });

  it('never accepts a failed sequence again, however many have failed, and always accepts one above all', () => {
    const flash = make();
    let store = SlotStore.open(flash, layout);
    store.install(1, packageBytes(1));
    const failOne = (sequence: number) => {
      trial(store, sequence);
      store.fail(reason);
      store = SlotStore.open(flash, layout);
    };
    const refused = (sequences: number[]) =>
      sequences.filter((sequence) => codeOf(() => store.begin(transferOf(sequence))) === 'OTA_FAILED_BEFORE');
    // With seven failures a sequence between them is still accepted; it becomes the eighth.
    for (const sequence of [20, 4, 6, 8, 10, 12, 14]) failOne(sequence);
    expect(refused([3, 4, 5, 6, 19, 20, 21])).toEqual([4, 6, 20]);
    failOne(16);
    expect(refused([2, 3, 4, 5, 6, 19, 20, 21])).toEqual([2, 3, 4, 6, 20]);
    // The ninth and tenth replace 4 and 6, which are below all that are remembered.
    failOne(18);
    failOne(7);
    expect(refused([2, 4, 6, 7, 8, 9, 18, 19, 20, 21])).toEqual([2, 4, 6, 7, 8, 18, 20]);
    trial(store, 11);
    store.confirm();
    expect(refused([12, 13, 14, 15, 21])).toEqual([12, 14]);
    expect(codeOf(() => store.begin(transferOf(6)))).toBe('OTA_ROLLBACK');
  });

  it('boots a trial once, also after a restart before its first boot, and never twice', () => {
    const flash = make();
    let store = SlotStore.open(flash, layout);
    store.install(1, packageBytes(1));
    receive(store, 2);
    store.startTrial();
    store = SlotStore.open(flash, layout);
    expect(codeOf(() => store.confirm())).toBe('OTA_STATE');
    expect(store.boot()).toMatchObject({ sequence: 2, state: 'trial' });
    for (let restart = 0; restart < 3; restart++) {
      store = SlotStore.open(flash, layout);
      expect(store.boot()).toMatchObject({ sequence: 1, state: 'confirmed' });
      expect(store.lastFailure()?.reason?.code).toBe('TRIAL_INTERRUPTED');
    }
    expect(codeOf(() => store.begin(transferOf(2)))).toBe('OTA_FAILED_BEFORE');
    trial(store, 3);
    const unbooted = SlotStore.open(flash, layout);
    expect(unbooted.active()).toMatchObject({ sequence: 1, state: 'confirmed' });
    expect(codeOf(() => unbooted.confirm())).toBe('OTA_STATE');
    expect(store.boot()).toMatchObject({ sequence: 1 });
    expect(store.lastFailure()).toMatchObject({ sequence: 3, reason: { code: 'TRIAL_INTERRUPTED' } });
  });

  it('resumes a transfer exactly without a restart, and at the doubtful page after one', () => {
    const flash = make();
    let store = SlotStore.open(flash, layout);
    const bytes = packageBytes(5);
    expect(store.begin(transferOf(5))).toMatchObject({ received: 0 });
    store.append(0, bytes.subarray(0, 1101));
    expect(store.begin(transferOf(5)).received).toBe(1101);
    store = SlotStore.open(flash, layout);
    expect(store.transfer()).toEqual({ ...transferOf(5), received: 1024 });
    expect(store.begin(transferOf(5)).received).toBe(1024);
    expect(codeOf(() => store.append(1100, bytes.subarray(1100)))).toBe('OTA_GAP');
    expect(store.append(700, bytes.subarray(700))).toBe(1203);
    expect(store.append(0, bytes)).toBe(1203);
    store.finish();
    expect(store.begin(transferOf(5)).received).toBe(1203);
  });

  it.each([
    ['a sequence that is confirmed', 'OTA_ROLLBACK', transferOf(3)],
    ['an older sequence', 'OTA_ROLLBACK', transferOf(2)],
    ['a sequence of zero', 'OTA_FORMAT', transferOf(0)],
    ['a sequence above 32 bits', 'OTA_FORMAT', transferOf(2 ** 32)],
    ['a fraction', 'OTA_FORMAT', { ...transferOf(4), total: 1.5 }],
    ['an empty package', 'OTA_FORMAT', { ...transferOf(4), total: 0 }],
    ['a short digest', 'OTA_FORMAT', { ...transferOf(4), sha256: new Uint8Array(31) }],
    ['a package larger than a slot', 'OTA_TOO_LARGE', { ...transferOf(4), total: 3 * PAGE + 1 }],
    ['a package as large as a slot', 'none', { ...transferOf(4), total: 3 * PAGE }],
  ])('answers an offer of %s', (_what, expected, transfer) => {
    const store = SlotStore.open(make(), layout);
    store.install(3, packageBytes(3));
    expect(codeOf(() => store.begin(transfer))).toBe(expected);
    expect(store.active()?.sequence).toBe(3);
  });

  it('rejects calls that do not fit the state', () => {
    const store = SlotStore.open(make(), layout);
    expect(codeOf(() => store.append(0, new Uint8Array(1)))).toBe('OTA_STATE');
    expect(codeOf(() => store.finish())).toBe('OTA_STATE');
    expect(codeOf(() => store.startTrial())).toBe('OTA_STATE');
    expect(codeOf(() => store.confirm())).toBe('OTA_STATE');
    expect(codeOf(() => store.fail(reason))).toBe('OTA_STATE');
    expect(codeOf(() => store.read(0))).toBe('OTA_STATE');
    store.begin(transferOf(4));
    expect(codeOf(() => store.append(0, new Uint8Array(1204)))).toBe('OTA_TOO_LARGE');
    expect(codeOf(() => store.append(-1, new Uint8Array(1)))).toBe('OTA_TOO_LARGE');
    expect(codeOf(() => store.finish())).toBe('OTA_GAP');
    trial(store, 4);
    expect(codeOf(() => store.begin(transferOf(5)))).toBe('OTA_BUSY');
  });

  it('detects a wrong digest at the end, and accepts the right bytes afterwards', () => {
    const store = SlotStore.open(make(), layout);
    store.begin(transferOf(4));
    store.append(0, packageBytes(5));
    expect(codeOf(() => store.finish())).toBe('OTA_DIGEST');
    trial(store, 4);
  });

  it('receives a resumed transfer completely again when its digest is wrong, once', () => {
    const flash = make();
    SlotStore.open(flash, layout).begin(transferOf(4));
    const store = SlotStore.open(flash, layout);
    store.append(0, packageBytes(5));
    expect([store.finish(), store.erasing]).toEqual([null, expect.objectContaining(transferOf(4))]);
    expect(SlotStore.open(flash, layout).transfer()).toBeNull();
    store.begin(transferOf(4));
    store.append(0, packageBytes(5));
    expect(codeOf(() => store.finish())).toBe('OTA_DIGEST');
  });

  it('drops a rejected package without rejecting its sequence', () => {
    const store = SlotStore.open(make(), layout);
    receive(store, 4);
    store.discard();
    expect(codeOf(() => store.startTrial())).toBe('OTA_STATE');
    trial(store, 4);
  });

  it('reports that the flash has lost a bit of the package', () => {
    const flash = make();
    SlotStore.open(flash, layout).install(1, packageBytes(1));
    const image = flash.image();
    image[2 * PAGE + 17]! ^= 4;
    const store = SlotStore.open(new MemoryFlash({ sizeBytes: 10 * PAGE, pageBytes: PAGE, image }), layout);
    expect(codeOf(() => store.read(store.boot()!.slot))).toBe('OTA_DIGEST');
  });

  it('always has a module to boot, boots no unconfirmed one twice and loses no key, with the power cut at any two operations', () => {
    const runs = everyCut({
      flash: () => make(),
      start: () => {
        let installed = 0;
        let confirmed = 0;
        const boots = new Map<number, number>();
        const failures = new Set<number>();
        const keys = new Map<string, number>();
        const boot = (store: SlotStore): number => {
          const info = store.boot();
          if (info === null) {
            if (installed > 0) throw new Error('nothing to boot');
            return 0;
          }
          if (Buffer.compare(store.read(info.slot), packageBytes(info.sequence)) !== 0) throw new Error('wrong bytes');
          if (info.sequence < confirmed) throw new Error(`booted ${info.sequence} after ${confirmed} was confirmed`);
          if (info.state === 'trial') {
            const times = (boots.get(info.sequence) ?? 0) + 1;
            boots.set(info.sequence, times);
            if (times > 1 || failures.has(info.sequence)) throw new Error(`trial ${info.sequence} booted again`);
          } else if (info.state !== 'confirmed') throw new Error(`booted a slot that is ${info.state}`);
          return info.sequence;
        };
        const push = (store: SlotStore, kv: KeyValueStore, sequence: number, end: () => void): void => {
          const code = codeOf(() => receive(store, sequence, 600));
          if (code === 'OTA_ROLLBACK' || code === 'OTA_FAILED_BEFORE') return;
          if (code !== 'none') throw new Error(`push ${sequence}: ${code}`);
          store.startTrial();
          if (boot(store) !== sequence) throw new Error('the trial was not booted');
          kv.set('boots', new Uint8Array([sequence]));
          keys.set('boots', sequence);
          end();
        };
        return {
          work: (flash) => {
            const slots = flashRegion(flash, 0, 8);
            const store = SlotStore.open(slots, layout);
            const kv = KeyValueStore.open(flashRegion(flash, 8, 2));
            for (const [key, value] of keys) if ((kv.get(key)?.[0] ?? 0) < value) throw new Error(`${key} is lost`);
            // A trial that wasn't booted yet is booted here, and then passes or fails.
            const running = boot(store);
            if (store.active()?.state === 'trial') {
              if (running === 2) store.confirm();
              else store.fail(reason);
            }
            if (store.highestSequence < 1) store.install(1, packageBytes(1));
            installed = 1;
            confirmed = store.highestSequence;
            push(store, kv, 2, () => {
              store.confirm();
              confirmed = 2;
            });
            push(store, kv, 3, () => {
              store.fail(reason);
              failures.add(3);
              if (boot(store) > 2) throw new Error('rolled back to the wrong slot');
            });
            push(store, kv, 4, () => {
              const again = SlotStore.open(slots, layout);
              if (boot(again) === 4) throw new Error('booted twice');
              failures.add(4);
            });
            const last = SlotStore.open(slots, layout);
            if (boot(last) > 2) throw new Error('a failed module is active');
            if (last.highestSequence > 2) throw new Error('a failed sequence counts as confirmed');
          },
        };
      },
      secondStep: FULL ? 3 : 30,
    });
    expect(runs).toBeGreaterThan(cases(20_000));
  });
});
