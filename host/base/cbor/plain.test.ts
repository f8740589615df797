import { encode } from 'cbor-x';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MoteError } from '../index.ts';
import { randomBelow } from '../testing.ts';
import { decodePlain } from './plain.ts';
import { CborTag, encodeCbor } from './value.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const read = (text: string) => decodePlain(hex(text), { bytes: 1000 });

describe('CBOR from others as plain data', () => {
  // RFC 8949, appendix A, with encodings that are longer than needed.
  it.each([
    ['00', 0],
    ['1800', 0],
    ['1bffffffffffffffff', 18446744073709551615n],
    ['3bffffffffffffffff', -18446744073709551616n],
    ['3b001fffffffffffff', -9007199254740992n],
    ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER],
    ['20', -1],
    ['f90000', 0],
    ['f98000', -0],
    ['f93e00', 1.5],
    ['f97bff', 65504],
    ['f90001', 2 ** -24],
    ['f9c400', -4],
    ['f97c00', Number.POSITIVE_INFINITY],
    ['f97e00', Number.NaN],
    ['fa47c35000', 100000],
    ['fbc010666666666666', -4.1],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['f7', undefined],
    ['4401020304', hex('01020304')],
    ['5f42010243030405ff', Buffer.from('0102030405', 'hex')],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['62c3bc', 'ü'],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
    ['a201020304', { 1: 2, 3: 4 }],
    ['a1695f5f70726f746f5f5f01', JSON.parse('{"__proto__":1}')],
    ['c11a514b67b0', new CborTag(1, 1363896240)],
    ['d8404401020304', hex('01020304')],
  ])('reads %s', (text, value) => {
    expect(read(text)).toEqual(value);
  });

  it.each([
    ['a shared value', 'd81c80'],
    ['a reference to a shared value', '82d81c01d81d00'],
    ['a reference to a string', '826161d81900'],
    ['a space of strings', 'd9010080'],
    ['a tag of 64 bits', 'db000000010000000000'],
    ['a repeated key', 'a2616101616102'],
    ['a key that is a text and an integer', 'a201026131' + '03'],
    ['a key that is a list', 'a1800101'],
    ['a key that is a fraction', 'a1f93e0001'],
    ['a text that is not UTF-8', '61ff'],
    ['a simple value', 'f0'],
    ['a simple value in two bytes', 'f820'],
    ['an integer of indefinite length', '1f'],
    ['a tag without a number', 'df01'],
    ['a lone break', 'ff'],
    ['an array that does not end', '9f01'],
    ['a chunk of another kind', '5f6161ff'],
    ['a chunk of indefinite length', '5f5f4101ffff'],
    ['a map that ends after a key', 'bf6161ff'],
    ['an array of 2^64 - 1', '9bffffffffffffffff'],
    ['a text of 2^63', '7b8000000000000000'],
    ['a second item', '0000'],
    ['nothing', ''],
    ['a reserved length', '1c'],
  ])('rejects %s', (_what, text) => {
    expect(() => read(text)).toThrow(MoteError);
  });

  it('bounds bytes, items and nesting', () => {
    const list = encodeCbor(Array.from({ length: 99 }, () => 0));
    expect(decodePlain(list, { bytes: list.length, items: 100 })).toHaveLength(99);
    expect(() => decodePlain(list, { bytes: list.length, items: 99 })).toThrow(/more than 99 items/);
    expect(() => decodePlain(list, { bytes: list.length - 1 })).toThrow(/bytes/);
    expect(read(`${'81'.repeat(16)}00`)).toBeDefined();
    expect(() => read(`${'81'.repeat(17)}00`)).toThrow(/nested/);
    expect(() => decodePlain(hex('81'.repeat(20_000)), { bytes: 20_000 })).toThrow(/nested/);
    expect(() => read('c1'.repeat(17).concat('00'))).toThrow(/nested/);
  });

  it('copies byte strings', () => {
    const bytes = hex('4101');
    const value = decodePlain(bytes, { bytes: 2 });
    bytes[1] = 9;
    expect(value).toEqual(Uint8Array.of(1));
  });

  it('reads what cbor-x writes', () => {
    const value = fc.jsonValue({ maxDepth: 6 });
    fc.assert(
      fc.property(value, (item) => {
        expect(decodePlain(encode(item), { bytes: 1e6 })).toEqual(JSON.parse(JSON.stringify(item)));
      }),
    );
  });

  it('rejects or reads 100,000 items of noise with a MoteError at worst', () => {
    const random = randomBelow(99);
    let good = 0;
    for (let i = 0; i < 100_000; i++) {
      const bytes = Uint8Array.from({ length: 1 + random(40) }, () => random(256));
      try {
        decodePlain(bytes, { bytes: 40 });
        good++;
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
      }
    }
    expect(good).toBeGreaterThan(1000);
  });
});
