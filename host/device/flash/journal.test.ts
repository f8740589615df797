import { describe, expect, it } from 'vitest';
import { cases } from '../../base/test-form.ts';
import { everyCut } from './every-cut.ts';
import { Journal } from './journal.ts';
import { MemoryFlash } from './memory-flash.ts';

const make = (seed = 1) => new MemoryFlash({ sizeBytes: 1024, pageBytes: 256, writeBytes: 8, seed });
const record = (n: number) => new Uint8Array(20 + (n % 7)).fill(n & 0xff);

describe('the record journal', () => {
  it('returns the appended records in order', () => {
    const flash = make();
    const { journal } = Journal.open(flash, 's');
    for (let n = 0; n < 5; n++) journal.append(record(n), () => [0, 1, 2, 3, 4].slice(0, n + 1).map(record));
    expect(Journal.open(flash, 's').records).toEqual([0, 1, 2, 3, 4].map(record));
  });

  it('is empty for another kind of journal', () => {
    const flash = make();
    Journal.open(flash, 's').journal.append(record(1), () => [record(1)]);
    expect(Journal.open(flash, 'k').records).toEqual([]);
  });

  it('keeps only live records when a bank is full, and wears both banks evenly', () => {
    const flash = make();
    const { journal } = Journal.open(flash, 's');
    for (let n = 0; n < 1000; n++) journal.append(record(n), () => [record(n)]);
    expect(Journal.open(flash, 's').records.at(-1)).toEqual(record(999));
    expect(Math.max(...flash.erases) - Math.min(...flash.erases)).toBeLessThanOrEqual(1);
  });

  it('rejects a record that does not fit into a bank, and changes nothing', () => {
    const flash = make();
    const { journal } = Journal.open(flash, 's');
    journal.append(record(1), () => [record(1)]);
    const before = flash.image();
    const large = new Uint8Array(journal.capacityBytes);
    expect(() => journal.append(large, () => [large])).toThrow(/don't fit/);
    expect(flash.image()).toEqual(before);
    const largest = new Uint8Array(journal.capacityBytes - 6);
    journal.append(largest, () => [largest]);
    expect(Journal.open(flash, 's').records).toEqual([largest]);
  });

  it('loses no acknowledged record to a power cut at any operation, nor to a second one', () => {
    const runs = everyCut({
      flash: () => make(),
      start: () => {
        let acknowledged = -1;
        return {
          work: (flash) => {
            const { journal, records } = Journal.open(flash, 's');
            const last = records.at(-1);
            const found = last ? last[0]! : -1;
            if (found < acknowledged || found > acknowledged + 1)
              throw new Error(`found ${found} after ${acknowledged}`);
            if (last && Buffer.compare(last, record(found)) !== 0) throw new Error('record differs');
            for (let n = found + 1; n < 40; n++) {
              acknowledged = n - 1;
              journal.append(record(n), () => [record(n)]);
              acknowledged = n;
            }
          },
        };
      },
      secondStep: 3,
    });
    expect(runs).toBeGreaterThan(2000);
  });

  it('opens on flash with any content', () => {
    const healthy = make();
    const { journal } = Journal.open(healthy, 's');
    for (let n = 0; n < 12; n++) journal.append(record(n), () => [record(n)]);
    const image = healthy.image();
    let x = 12345;
    const random = () => {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      return x >>> 0;
    };
    const noise = Uint8Array.from({ length: 1024 }, () => random() >>> 24);
    for (let i = 0; i < cases(100_000); i++) {
      const spoilt = i % 10 === 0 ? noise.slice() : image.slice();
      for (let change = random() % 6; change >= 0; change--) spoilt[random() % 1024] = random() >>> 24;
      const flash = new MemoryFlash({ sizeBytes: 1024, pageBytes: 256, image: spoilt });
      const opened = Journal.open(flash, 's');
      if (i % 50 === 0) {
        opened.journal.append(record(7), () => [record(7)]);
        expect(Journal.open(flash, 's').records.at(-1)).toEqual(record(7));
      }
    }
  });
});
