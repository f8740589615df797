import { describe, expect, it } from 'vitest';
import { MoteError } from '../../base/index.ts';
import { CUT_MODES, MemoryFlash, PowerCut } from './memory-flash.ts';
import { flashRegion } from './region.ts';

const make = (options = {}) => new MemoryFlash({ sizeBytes: 1024, pageBytes: 256, writeBytes: 8, ...options });
const code = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof MoteError) return error.code;
    throw error;
  }
  return 'none';
};
const bytes = (value: number, length = 8) => new Uint8Array(length).fill(value);

describe('flash in memory', () => {
  it('starts erased, programs, and erases one page', () => {
    const flash = make();
    expect([...flash.read(0, 8)]).toEqual([...bytes(0xff)]);
    flash.program(8, bytes(0x0f));
    flash.program(256, bytes(0));
    flash.erase(0);
    expect([...flash.read(8, 8)]).toEqual([...bytes(0xff)]);
    expect([...flash.read(256, 8)]).toEqual([...bytes(0)]);
    expect([...flash.erases]).toEqual([1, 0, 0, 0]);
  });

  it('clears more bits of programmed bytes, and never sets one', () => {
    const flash = make();
    flash.program(0, bytes(0xf0));
    flash.program(0, bytes(0x30));
    expect(code(() => flash.program(0, bytes(0x31)))).toBe('FLASH_PROGRAM');
    expect([...flash.read(0, 8)]).toEqual([...bytes(0x30)]);
  });

  it.each([
    ['reading before the start', 'FLASH_RANGE', /^Bytes -1 to 1 are outside/, (f: MemoryFlash) => f.read(-1, 2)],
    ['reading past the end', 'FLASH_RANGE', /^Bytes 1020 to 1025 are outside/, (f: MemoryFlash) => f.read(1020, 5)],
    ['reading fewer than no bytes', 'FLASH_RANGE', /^Bytes 8 to 7 /, (f: MemoryFlash) => f.read(8, -1)],
    ['reading from half a byte', 'FLASH_RANGE', /^Bytes 0\.5 to 1\.5 /, (f: MemoryFlash) => f.read(0.5, 1)],
    ['reading half a byte', 'FLASH_RANGE', /^Bytes 0 to 0\.5 /, (f: MemoryFlash) => f.read(0, 0.5)],
    ['programming past the end', 'FLASH_RANGE', /1024 to 1032 /, (f: MemoryFlash) => f.program(1024, bytes(0))],
    [
      'an unaligned address',
      'FLASH_PROGRAM',
      /^Programming 8 bytes at 4 isn't /,
      (f: MemoryFlash) => f.program(4, bytes(0)),
    ],
    [
      'an unaligned length',
      'FLASH_PROGRAM',
      /^Programming 7 bytes at 0 isn't /,
      (f: MemoryFlash) => f.program(0, bytes(0, 7)),
    ],
    [
      'a page that does not exist',
      'FLASH_RANGE',
      /^Page 4 isn't in a flash of 4 pages/,
      (f: MemoryFlash) => f.erase(4),
    ],
    ['a page before the first', 'FLASH_RANGE', /^Page -1 isn't/, (f: MemoryFlash) => f.erase(-1)],
    ['a fractional page', 'FLASH_RANGE', /^Page 0\.5 isn't/, (f: MemoryFlash) => f.erase(0.5)],
    ['contents larger than it', 'FLASH_RANGE', /^Bytes 0 to 1025 /, () => make({ image: new Uint8Array(1025) })],
  ])('refuses %s', (_what, expected, sentence, action) => {
    const flash = make();
    expect(() => action(flash)).toThrow(
      expect.objectContaining({ code: expected, message: expect.stringMatching(sentence) }),
    );
    expect(flash.operations).toBe(0);
  });

  it('names the first byte that would set a cleared bit', () => {
    const flash = make();
    flash.program(8, bytes(0xf0));
    const next = bytes(0x30);
    next[3] = 0xf1;
    expect(() => flash.program(8, next)).toThrow(/^Programming 0xf1 over 0xf0 at 11 would set a cleared bit/);
  });

  it.each([
    { sizeBytes: 1000 },
    { sizeBytes: 0 },
    { sizeBytes: Number.POSITIVE_INFINITY },
    { sizeBytes: 640, pageBytes: 100 },
    { pageBytes: -256 },
    { writeBytes: 3, pageBytes: 192, sizeBytes: 384 },
    { writeBytes: 512, pageBytes: 512 },
  ])('refuses the impossible geometry %o', (geometry) => {
    const message = expect.stringMatching(
      /^A flash of [\w-]+ bytes with pages of -?\d+ and writes of \d+ bytes is impossible/,
    );
    expect(() => make(geometry)).toThrow(expect.objectContaining({ code: 'FLASH_RANGE', message }));
  });

  it('has pages of 4096 bytes and writes of 8 bytes by default, and writes of up to 256 bytes', () => {
    const flash = new MemoryFlash({ sizeBytes: 8192 });
    expect([flash.pageBytes, flash.writeBytes, flash.erases.length]).toEqual([4096, 8, 2]);
    expect(make({ writeBytes: 256 }).writeBytes).toBe(256);
    expect([...make().read(1024, 0)]).toEqual([]);
  });

  it('holds the contents that it is given, which it does not share', () => {
    const image = Uint8Array.from({ length: 1000 }, (_, i) => i);
    const flash = make({ image });
    image.fill(0);
    flash.image().fill(1);
    expect([...flash.read(998, 4)]).toEqual([998 & 0xff, 999 & 0xff, 0xff, 0xff]);
    expect(flash.image()).toEqual(flash.read(0, 1024));
  });

  it('counts programs and erases, also the one that a cut hits', () => {
    const flash = make();
    flash.program(0, bytes(0));
    flash.erase(1);
    flash.sync();
    flash.cutAfter(1, 'before');
    flash.erase(0);
    expect(() => flash.erase(0)).toThrow(expect.objectContaining({ name: 'PowerCut', message: 'power cut' }));
    expect(flash.operations).toBe(4);
    flash.restart();
    flash.erase(0);
    expect(flash.operations).toBe(5);
  });

  it.each(CUT_MODES)('cuts the power in mode %s, and fails every call until the restart', (mode) => {
    const flash = make();
    flash.program(0, bytes(0));
    flash.cutAfter(1, mode);
    flash.program(8, bytes(0));
    expect(() => flash.program(16, bytes(0, 64))).toThrow(PowerCut);
    expect(() => flash.read(0, 1)).toThrow(PowerCut);
    expect(() => flash.sync()).toThrow(PowerCut);
    flash.restart();
    const hit = flash.read(16, 64);
    const zeros = hit.filter((byte) => byte === 0).length;
    const ones = hit.filter((byte) => byte === 0xff).length;
    if (mode === 'after' || mode === 'reordered') expect(zeros).toBe(64);
    else if (mode === 'middle') expect([zeros > 0, ones > 0, zeros + ones < 64]).toEqual([true, true, true]);
    else expect(ones).toBe(64);
    expect(flash.read(0, 1)[0]).toBe(mode === 'unsynced' || mode === 'reordered' ? 0xff : 0);
  });

  it('leaves noise or ones in a blank page whose erase is interrupted', () => {
    const ones = [1, 2, 3, 4].map((seed) => {
      const flash = make({ seed });
      flash.cutAfter(0, 'middle');
      expect(() => flash.erase(0)).toThrow(PowerCut);
      flash.restart();
      return flash.read(0, 256).filter((byte) => byte === 0xff).length;
    });
    expect(ones.some((count) => count === 256)).toBe(true);
    expect(ones.some((count) => count < 192)).toBe(true);
  });

  it('undoes what was not synced from the newest to the oldest, and nothing of before a restart', () => {
    const flash = make();
    flash.program(0, bytes(0xf0));
    flash.cutAfter(1, 'before');
    flash.program(0, bytes(0x30));
    expect(() => flash.erase(3)).toThrow(PowerCut);
    flash.restart();
    flash.program(0, bytes(0x10));
    flash.program(0, bytes(0));
    flash.cutAfter(0, 'unsynced');
    expect(() => flash.erase(0)).toThrow(PowerCut);
    flash.restart();
    expect(flash.read(0, 1)[0]).toBe(0x30);
  });

  it('leaves the same mixtures with the same seed, and others with another', () => {
    const mixture = (options: object) => {
      const flash = make(options);
      flash.cutAfter(0, 'middle');
      expect(() => flash.program(0, bytes(0, 64))).toThrow(PowerCut);
      return Buffer.from(flash.image()).toString('hex', 0, 64);
    };
    expect(mixture({})).toBe(mixture({ seed: 1 }));
    expect(mixture({ seed: 0 })).toBe(mixture({ seed: 1 }));
    expect(mixture({ seed: -7 })).toBe(mixture({ seed: 2 ** 32 - 7 }));
    expect(mixture({ seed: 2 })).not.toBe(mixture({ seed: 1 }));
  });

  it('keeps everything synced after an unsynced cut', () => {
    const flash = make();
    flash.program(0, bytes(0));
    flash.sync();
    flash.program(8, bytes(0));
    flash.cutAfter(0, 'unsynced');
    expect(() => flash.erase(0)).toThrow(PowerCut);
    flash.restart();
    expect([flash.read(0, 1)[0], flash.read(8, 1)[0]]).toEqual([0, 0xff]);
  });
});

describe('a flash region', () => {
  it('maps its addresses and pages, and cannot reach others', () => {
    const flash = make();
    const region = flashRegion(flash, 1, 2);
    expect([region.sizeBytes, region.pageBytes, region.writeBytes]).toEqual([512, 256, 8]);
    region.program(8, bytes(0));
    expect(flash.read(264, 1)[0]).toBe(0);
    region.erase(0);
    expect([...flash.erases]).toEqual([0, 1, 0, 0]);
    region.sync();
    expect([...region.read(504, 8)]).toEqual([...bytes(0xff)]);
    expect([...region.read(512, 0)]).toEqual([]);
    expect(code(() => region.read(505, 8))).toBe('FLASH_RANGE');
    expect(code(() => region.read(-1, 2))).toBe('FLASH_RANGE');
    expect(code(() => region.program(512, bytes(0)))).toBe('FLASH_RANGE');
    expect(code(() => region.program(508, bytes(0)))).toBe('FLASH_RANGE');
    region.erase(1);
    expect([...flash.erases]).toEqual([0, 1, 1, 0]);
    expect(code(() => region.erase(2))).toBe('FLASH_RANGE');
    expect(code(() => region.erase(-1))).toBe('FLASH_RANGE');
  });

  it('syncs the whole flash', () => {
    const flash = make();
    flashRegion(flash, 1, 2).program(0, bytes(0));
    flashRegion(flash, 0, 1).sync();
    flash.cutAfter(0, 'unsynced');
    expect(() => flash.erase(3)).toThrow(PowerCut);
    flash.restart();
    expect(flash.read(256, 1)[0]).toBe(0);
  });

  it.each([
    [3, 2, 'Pages 3 to 4'],
    [-1, 2, 'Pages -1 to 0'],
    [0, 0, 'Pages 0 to -1'],
    [0.5, 1, 'Pages 0.5 to 0.5'],
    [0, 1.5, 'Pages 0 to 0.5'],
  ])('from page %d of %d pages is refused in a flash of four', (first, pages, range) => {
    const message = expect.stringContaining(`${range} aren't all inside a flash of 4 pages;`);
    expect(() => flashRegion(make(), first, pages)).toThrow(expect.objectContaining({ code: 'FLASH_RANGE', message }));
  });

  it('may be the whole flash, or one page of it', () => {
    expect(flashRegion(make(), 0, 4).sizeBytes).toBe(1024);
    expect(flashRegion(make(), 3, 1).sizeBytes).toBe(256);
  });
});
