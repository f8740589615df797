import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KvOperation } from '../../base/abi/index.ts';
import { sampled } from '../../base/test-form.ts';
import { everyCut } from './every-cut.ts';
import { Journal } from './journal.ts';
import { KeyValueStore } from './kv.ts';
import { CUT_MODES, MemoryFlash } from './memory-flash.ts';

const make = (sizeBytes = 1024, pageBytes = 256) => new MemoryFlash({ sizeBytes, pageBytes, writeBytes: 8 });
const value = (n: number, length = 10) => new Uint8Array(length).fill(n);
const entries = (store: KeyValueStore) => new Map(store.keys().map((key) => [key, [...store.get(key)!]]));

describe('the key-value store', () => {
  it('sets, replaces, deletes, and restores everything after a restart', () => {
    const flash = make();
    const store = KeyValueStore.open(flash);
    store.set('a', value(1));
    store.set('b', new Uint8Array(0));
    store.set('a', value(2));
    expect(store.delete('c')).toBe(false);
    store.set('c', value(3));
    expect(store.delete('c')).toBe(true);
    const again = KeyValueStore.open(flash);
    expect(entries(again)).toEqual(
      new Map([
        ['b', []],
        ['a', [...value(2)]],
      ]),
    );
    expect(again.get('c')).toBeUndefined();
  });

  it('returns copies and stores copies', () => {
    const store = KeyValueStore.open(make());
    const mine = value(1);
    store.set('a', mine);
    mine.fill(9);
    store.get('a')!.fill(8);
    expect([...store.get('a')!]).toEqual([...value(1)]);
  });

  it.each([
    ['no key', '', 1, 'KV_KEY'],
    ['a key of 65 bytes', 'k'.repeat(65), 1, 'KV_KEY'],
    ['a key of 33 characters with 66 bytes', 'é'.repeat(33), 1, 'KV_KEY'],
    ['half a character', '\ud800', 1, 'KV_KEY'],
    ['a value of 1025 bytes', 'k', 1025, 'KV_VALUE'],
    ['a key of 64 bytes', 'k'.repeat(64), 1024, 'none'],
  ])('answers %s', (_what, key, length, expected) => {
    const store = KeyValueStore.open(make(8192, 4096));
    let code = 'none';
    try {
      store.set(key, value(1, length));
    } catch (error) {
      code = (error as { code: string }).code;
    }
    expect(code).toBe(expected);
    expect(store.keys()).toEqual(expected === 'none' ? [key] : []);
  });

  it.each([
    ['a key that is not UTF-8', [1, 1, 0xff, 7]],
    ['no key', [1, 0, 7]],
    ['nothing', []],
    ['a key that ends early', [1, 4, 97, 97]],
    ['a key of 65 bytes', [1, 65, ...Array(65).fill(97)]],
    ['a value of 1025 bytes', [1, 1, 97, ...Array(1025).fill(7)]],
    ['an unknown operation', [9, 1, 97, 7]],
    ['an unknown operation on a key', [9, 1, 98]],
    ['a deletion with a value', [KvOperation.delete, 1, 98, 7]],
  ])('ignores a record with %s', (_what, bytes) => {
    const flash = make(8192, 4096);
    const store = KeyValueStore.open(flash);
    store.set('b', value(1));
    const record = Uint8Array.from(bytes);
    Journal.open(flash, 'k').journal.append(record, () => [record]);
    expect(entries(KeyValueStore.open(flash))).toEqual(new Map([['b', [...value(1)]]]));
  });

  it('opens with the longest key and value, and without a key that was deleted', () => {
    const flash = make(8192, 4096);
    const store = KeyValueStore.open(flash);
    store.set('gone', value(1));
    store.set('k'.repeat(64), value(2, 1024));
    store.delete('gone');
    expect(entries(KeyValueStore.open(flash))).toEqual(new Map([['k'.repeat(64), [...value(2, 1024)]]]));
  });

  it.each([
    ['', "A key has 1 to 64 bytes of UTF-8; '' has 0."],
    ['é'.repeat(33), `A key has 1 to 64 bytes of UTF-8; '${'é'.repeat(33)}' has 66.`],
  ])('reports what is wrong with the key %j', (key, sentence) => {
    expect(() => KeyValueStore.open(make()).set(key, value(1))).toThrow(sentence);
  });

  it('reports the sizes of a value that is too long, and of a store that is full', () => {
    const store = KeyValueStore.open(make());
    expect(() => store.set('k', value(1, 1025))).toThrow("The value of 'k' has 1025 bytes; 1024 is the maximum.");
    // A record has 6 bytes and one of this store 2 more; a store of four pages of 256 bytes holds 372.
    store.set('a', value(1, 183));
    const code = expect.objectContaining({ code: 'KV_FULL', message: expect.stringContaining('392 bytes of 372.') });
    expect(() => store.set('b', value(1, 184))).toThrow(code);
    store.set('b', value(1, 167));
    expect(() => store.set('b', value(1, 168))).toThrow(/376 bytes of 372/);
    store.set('b', value(2, 167));
    expect([...entries(store).keys()]).toEqual(['a', 'b']);
  });

  it('keeps every other key when the deletion of one changes the bank', () => {
    const flash = make();
    const store = KeyValueStore.open(flash);
    store.set('a', value(1));
    store.set('b', value(2));
    const before = flash.erases.reduce((sum, count) => sum + count);
    for (let n = 0; n < 40; n++) {
      store.set('c', value(n, 10 + ((5 * n) % 40)));
      store.delete('c');
      expect(entries(KeyValueStore.open(flash))).toEqual(
        new Map([
          ['a', [...value(1)]],
          ['b', [...value(2)]],
        ]),
      );
    }
    expect(flash.erases.reduce((sum, count) => sum + count)).toBeGreaterThan(before);
  });

  it('rejects a value when it is full, changes nothing then, and accepts more after a delete', () => {
    const flash = make();
    const store = KeyValueStore.open(flash);
    let stored = 0;
    expect(() => {
      for (; stored < 100; stored++) store.set(`key ${stored}`, value(stored, 30));
    }).toThrow(/KV_FULL|doesn't fit/);
    expect(stored).toBe(7);
    expect(KeyValueStore.open(flash).keys().length).toBe(stored);
    store.delete('key 0');
    store.set('new', value(1, 30));
    expect(KeyValueStore.open(flash).keys()).toContain('new');
  });

  it('writes nothing for an equal value, and wears its pages evenly', () => {
    const flash = make();
    const store = KeyValueStore.open(flash);
    store.set('a', value(1));
    const operations = flash.operations;
    store.set('a', value(1));
    expect(flash.operations).toBe(operations);
    for (let n = 0; n < 5000; n++) store.set('a', value(n & 0xff));
    expect(Math.max(...flash.erases) - Math.min(...flash.erases)).toBeLessThanOrEqual(1);
  });

  it('loses no acknowledged write to a power cut at any operation, nor to a second one', () => {
    const script: [key: string, value: Uint8Array | null][] = Array.from({ length: 26 }, (_, n) => [
      `key ${(n * 7) % 5}`,
      n % 6 === 5 ? null : value(n, 5 + ((n * 11) % 40)),
    ]);
    const runs = everyCut({
      flash: () => make(),
      start: () => {
        const promised = new Map<string, number[]>();
        let next = 0;
        return {
          work: (flash) => {
            const store = KeyValueStore.open(flash);
            const [key, change] = script[Math.min(next, script.length - 1)]!;
            const found = entries(store);
            // The interrupted write may have happened or not; nothing else may differ.
            const before = JSON.stringify([...promised].sort());
            const after = new Map(promised);
            if (change) after.set(key, [...change]);
            else after.delete(key);
            const seen = JSON.stringify([...found].sort());
            if (seen !== before && seen !== JSON.stringify([...after].sort())) throw new Error(`found ${seen}`);
            while (next < script.length) {
              const [name, bytes] = script[next]!;
              if (bytes) store.set(name, bytes);
              else store.delete(name);
              if (bytes) promised.set(name, [...bytes]);
              else promised.delete(name);
              next++;
            }
          },
        };
      },
    });
    expect(runs).toBeGreaterThan(sampled(5000));
  });

  it('behaves like a map over any sequence of writes, restarts and power cuts', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'dd', 'long name of a key');
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ do: fc.constant('set' as const), key, bytes: fc.uint8Array({ maxLength: 60 }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('cut' as const),
          after: fc.nat(6),
          mode: fc.constantFrom(...CUT_MODES),
        }),
      },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, seed) => {
        const flash = new MemoryFlash({ sizeBytes: 1024, pageBytes: 256, writeBytes: 4, seed });
        let store = KeyValueStore.open(flash);
        let model = new Map<string, number[]>();
        for (const todo of steps) {
          if (todo.do === 'restart') store = KeyValueStore.open(flash);
          else if (todo.do === 'cut') flash.cutAfter(todo.after, todo.mode);
          else {
            const changed = new Map(model);
            if (todo.do === 'set') changed.set(todo.key, [...todo.bytes]);
            else changed.delete(todo.key);
            try {
              if (todo.do === 'set') store.set(todo.key, todo.bytes);
              else store.delete(todo.key);
              model = changed;
            } catch (error) {
              if ((error as { code?: string }).code !== 'KV_FULL') {
                expect(String(error)).toMatch(/power cut/);
                flash.restart();
                store = KeyValueStore.open(flash);
                if (JSON.stringify([...entries(store)].sort()) === JSON.stringify([...changed].sort())) model = changed;
              }
            }
          }
          expect([...entries(store)].sort()).toEqual([...model].sort());
        }
      }),
      { numRuns: sampled(500) },
    );
  });
});
