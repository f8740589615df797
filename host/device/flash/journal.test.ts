import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { FlashConstant } from '../../base/abi/index.ts';
import { cases, sampled } from '../../base/test-form.ts';
import { everyCut } from './every-cut.ts';
import { Journal } from './journal.ts';
import { MemoryFlash } from './memory-flash.ts';

const MAX = FlashConstant.maxRecordBytes;
const make = (seed = 1) => new MemoryFlash({ sizeBytes: 1024, pageBytes: 256, writeBytes: 8, seed });
const record = (n: number) => new Uint8Array(20 + (n % 7)).fill(n & 0xff);

describe('the record journal', () => {
  it('returns the appended records in order', () => {
    const flash = make();
    const { journal } = Journal.open(flash, 's');
    for (let n = 0; n < 5; n++) journal.append(record(n), () => [0, 1, 2, 3, 4].slice(0, n + 1).map(record));
    expect(Journal.open(flash, 's').records).toEqual([0, 1, 2, 3, 4].map(record));
  });

  it('refuses more records than a bank holds and a record that is too long, with the sizes', () => {
    const { journal } = Journal.open(make(), 's');
    const large = new Uint8Array(journal.capacityBytes);
    const full = (text: string) =>
      expect.objectContaining({ code: 'FLASH_FULL', message: expect.stringContaining(text) });
    expect(() => journal.append(large, () => [large])).toThrow(full("504 bytes of records don't fit into the 496 of"));
    const wide = Journal.open(new MemoryFlash({ sizeBytes: 81_920 * 4, pageBytes: 4096 }), 's').journal;
    const longest = new Uint8Array(MAX + 1);
    expect(() => wide.append(longest, () => [longest])).toThrow(full(`has at most ${MAX} bytes, not ${MAX + 1}.`));
  });

  it('returns a record of the largest size that a record may have', () => {
    const flash = new MemoryFlash({ sizeBytes: 81_920 * 4, pageBytes: 4096 });
    const { journal } = Journal.open(flash, 's');
    const longest = new Uint8Array(MAX).fill(1);
    journal.append(longest, () => [longest]);
    expect(Journal.open(flash, 's').records.map((found) => Buffer.compare(found, longest))).toEqual([0]);
  });

  it('needs two pages', () => {
    const message = 'A journal needs two flash pages or more.';
    const error = expect.objectContaining({ code: 'FLASH_RANGE', message });
    expect(() => Journal.open(new MemoryFlash({ sizeBytes: 256, pageBytes: 256 }), 's')).toThrow(error);
    expect(Journal.open(new MemoryFlash({ sizeBytes: 512, pageBytes: 256 }), 's').journal.capacityBytes).toBe(240);
  });

  it('fills a bank to its last byte before it erases the other one', () => {
    const flash = make();
    const { journal } = Journal.open(flash, 's');
    const size = (bytes: number) => new Uint8Array(bytes - 6).fill(bytes);
    journal.append(size(240), () => [size(240)]);
    const erases = () => flash.erases.reduce((sum, count) => sum + count);
    const before = erases();
    journal.append(size(256), () => [size(256)]);
    expect(erases()).toBe(before);
    expect(Journal.open(flash, 's').records).toEqual([size(240), size(256)]);
    journal.append(size(8), () => [size(8)]);
    expect(erases()).toBe(before + 2);
    expect(Journal.open(flash, 's').records).toEqual([size(8)]);
  });

  it('appends without an erase after it is opened again', () => {
    const flash = make();
    Journal.open(flash, 's').journal.append(record(0), () => [record(0)]);
    const { operations } = flash;
    Journal.open(flash, 's').journal.append(record(1), () => []);
    expect(flash.operations).toBe(operations + 1);
    expect(Journal.open(flash, 's').records).toEqual([record(0), record(1)]);
  });

  it('is empty in a bank whose generation could have no successor', () => {
    const flash = make();
    Journal.open(flash, 's').journal.append(record(1), () => [record(1)]);
    const image = flash.image();
    const view = new DataView(image.buffer);
    const written = (generation: number) => {
      view.setUint32(4, generation, true);
      view.setUint32(8, crc32(image.subarray(0, 8)), true);
      return Journal.open(new MemoryFlash({ sizeBytes: 1024, pageBytes: 256, image }), 's').records.length;
    };
    expect([written(2 ** 32 - 2), written(2 ** 32 - 1)]).toEqual([1, 0]);
  });

  it('ends at a record with another length or checksum, and begins a new bank behind it', () => {
    const flash = make();
    const { journal } = Journal.open(flash, 's');
    for (const n of [0, 1, 2]) journal.append(record(n), () => [0, 1, 2].slice(0, n + 1).map(record));
    for (const [at, byte] of [
      [48, 0],
      [49, 0xff],
      [50, 0],
      [60, 9],
    ] as const) {
      const image = flash.image();
      image[at] = byte;
      const spoilt = new MemoryFlash({ sizeBytes: 1024, pageBytes: 256, image });
      const opened = Journal.open(spoilt, 's');
      expect(opened.records).toEqual([record(0)]);
      opened.journal.append(record(7), () => [record(0), record(7)]);
      expect(Journal.open(spoilt, 's').records).toEqual([record(0), record(7)]);
      expect(spoilt.erases[2]).toBe(1);
    }
  });

  it.each([
    ['reaches behind its bank', 256, 600, 400],
    ['is longer than a record may be', 81_920, MAX + 1, MAX + 1],
  ])('ends at a record that %s, although its checksum holds', (_what, pageBytes, length, covered) => {
    const flash = new MemoryFlash({ sizeBytes: 4 * pageBytes, pageBytes });
    Journal.open(flash, 's').journal.append(record(0), () => [record(0)]);
    const image = flash.image();
    const at = 16 + Math.ceil((6 + record(0).length) / 8) * 8;
    image.fill(7, at + 6, at + 6 + covered);
    image.fill(0xff, 2 * pageBytes);
    const view = new DataView(image.buffer);
    view.setUint16(at, length, true);
    const payload = image.subarray(at + 6, Math.min(at + 6 + length, 2 * pageBytes));
    view.setUint32(at + 2, crc32(payload, crc32(image.subarray(at, at + 2))), true);
    const opened = Journal.open(new MemoryFlash({ sizeBytes: 4 * pageBytes, pageBytes, image }), 's');
    expect(opened.records).toEqual([record(0)]);
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
    expect(runs).toBeGreaterThan(sampled(2000));
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
