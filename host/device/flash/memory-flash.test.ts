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
    ['an unaligned address', 'FLASH_PROGRAM', (f: MemoryFlash) => f.program(4, bytes(0))],
    ['an unaligned length', 'FLASH_PROGRAM', (f: MemoryFlash) => f.program(0, bytes(0, 7))],
    ['programming past the end', 'FLASH_RANGE', (f: MemoryFlash) => f.program(1024, bytes(0))],
    ['reading before the start', 'FLASH_RANGE', (f: MemoryFlash) => f.read(-1, 2)],
    ['reading past the end', 'FLASH_RANGE', (f: MemoryFlash) => f.read(1020, 5)],
    ['a page that does not exist', 'FLASH_RANGE', (f: MemoryFlash) => f.erase(4)],
    ['a fractional page', 'FLASH_RANGE', (f: MemoryFlash) => f.erase(0.5)],
    ['a size of half a page', 'FLASH_RANGE', () => make({ sizeBytes: 1000 })],
    ['a write unit of 3 bytes', 'FLASH_RANGE', () => make({ writeBytes: 3 })],
  ])('refuses %s', (_what, expected, action) => {
    expect(code(() => action(make()))).toBe(expected);
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
    expect(code(() => region.read(505, 8))).toBe('FLASH_RANGE');
    expect(code(() => region.program(512, bytes(0)))).toBe('FLASH_RANGE');
    expect(code(() => region.erase(2))).toBe('FLASH_RANGE');
    expect(code(() => region.erase(-1))).toBe('FLASH_RANGE');
    expect(code(() => flashRegion(flash, 3, 2))).toBe('FLASH_RANGE');
  });
});
