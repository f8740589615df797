import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MoteError } from '../index.ts';
import { CborTag, type CborValue, decodeCbor, encodeCbor } from './value.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

/** The examples of RFC 8949, appendix A, for the supported types. */
const EXAMPLES: [string, CborValue][] = [
  ['00', 0],
  ['17', 23],
  ['1818', 24],
  ['1903e8', 1000],
  ['1a000f4240', 1000000],
  ['1b000000e8d4a51000', 1000000000000],
  ['1bffffffffffffffff', 18446744073709551615n],
  ['3bffffffffffffffff', -18446744073709551616n],
  ['20', -1],
  ['3903e7', -1000],
  ['f4', false],
  ['f5', true],
  ['f6', null],
  ['40', new Uint8Array(0)],
  ['4401020304', hex('01020304')],
  ['60', ''],
  ['62c3bc', 'ü'],
  ['64f0908591', '𐅑'],
  ['80', []],
  ['8301820203820405', [1, [2, 3], [4, 5]]],
  ['a0', new Map()],
  [
    'a201020304',
    new Map([
      [1, 2],
      [3, 4],
    ]),
  ],
  [
    'a26161016162820203',
    new Map<string, CborValue>([
      ['a', 1],
      ['b', [2, 3]],
    ]),
  ],
  ['c11a514b67b0', new CborTag(1, 1363896240)],
];

/** Encodings that a lenient reader accepts and this one must reject. */
const REFUSED: [string, string][] = [
  ['an integer in more bytes than it needs', '1817'],
  ['a two-byte integer in four', '1a0000ffff'],
  ['an eight-byte integer of 32 bits', '1b00000000ffffffff'],
  ['a byte string length in more bytes than it needs', '580101'],
  ['a byte string of indefinite length', '5f4101ff'],
  ['an array of indefinite length', '9f01ff'],
  ['a map of indefinite length', 'bf0102ff'],
  ['a lone break', 'ff'],
  ['a reserved length', '1c'],
  ['a half float', 'f93c00'],
  ['a double', 'fb3ff199999999999a'],
  ['undefined', 'f7'],
  ['a simple value', 'f0'],
  ['a simple value in two bytes', 'f814'],
  ['map keys out of order', 'a203040102'],
  ['text before integer keys', 'a261610101020'],
  ['a repeated map key', 'a201020103'],
  ['a byte string as a map key', 'a1410101'],
  ['a list as a map key', 'a1800101'],
  ['text that is not UTF-8', '61ff'],
  ['text with an encoded surrogate', '63eda080'],
  ['nothing', ''],
  ['a truncated string', '4401'],
  ['a truncated array', '8201'],
  ['a truncated map', 'a101'],
  ['a truncated integer', '19ff'],
  ['an array of four billion', '9affffffff'],
  ['a map of 2^63', 'bb8000000000000000'],
  ['a string of 2^63', '5b8000000000000000'],
  ['a tag without an item', 'c1'],
  ['a second item', '0000'],
  ['17 nested arrays', `${'81'.repeat(17)}00`],
];

describe('deterministic CBOR', () => {
  it.each(EXAMPLES)('reads and writes %s', (text, value) => {
    expect(decodeCbor(hex(text))).toEqual(value);
    expect(Buffer.from(encodeCbor(value)).toString('hex')).toBe(text);
  });

  it.each(REFUSED)('rejects %s', (_what, text) => {
    expect(() => decodeCbor(hex(text))).toThrow(MoteError);
  });

  it.each([
    ['a fraction', 1.5],
    ['a number that is not exact', 2 ** 53],
    ['not a number', Number.NaN],
    ['65 bits', 1n << 64n],
    ['minus 65 bits', -(1n << 64n) - 1n],
    ['half a surrogate pair', '\udc00'],
  ])('does not write %s', (_what, value) => {
    expect(() => encodeCbor(value)).toThrow(MoteError);
  });

  it('sorts map keys by their encoding and reads 16 nested levels', () => {
    const map = new Map<number | string, CborValue>([
      ['aa', 1],
      ['b', 2],
      [-1, 3],
      [10, 4],
      [1000, 5],
    ]);
    expect(Buffer.from(encodeCbor(map)).toString('hex')).toBe('a50a041903e80520036162026261610' + '1');
    expect(decodeCbor(encodeCbor(map))).toEqual(map);
    expect(() => decodeCbor(hex(`${'81'.repeat(16)}00`))).not.toThrow();
  });

  it('reads at most 65,536 items', () => {
    const list = (count: number) => encodeCbor(Array.from({ length: count }, () => 0));
    expect(decodeCbor(list(65_535))).toHaveLength(65_535);
    expect(() => decodeCbor(list(65_536))).toThrow(/more than 65536 items/);
  });

  it('reads back whatever it writes', () => {
    const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.string({ unit: 'grapheme' }),
        fc.uint8Array(),
        fc.bigInt({ min: 1n << 53n, max: (1n << 64n) - 1n }),
        fc.array(tie('value'), { maxLength: 5 }),
        fc
          .array(fc.tuple(fc.oneof(fc.maxSafeInteger(), fc.string()), tie('value')), { maxLength: 5 })
          .map((entries) => new Map(entries.map(([key, item]) => [Object.is(key, -0) ? 0 : key, item]))),
        fc.tuple(fc.nat(), tie('value')).map(([tag, item]) => new CborTag(tag, item)),
      ),
    }));
    fc.assert(
      fc.property(value, (item) => {
        const bytes = encodeCbor(item);
        expect(encodeCbor(decodeCbor(bytes))).toEqual(bytes);
      }),
      { numRuns: 5000 },
    );
  });

  it('accepts only what it would write in the same way, over 300,000 mutations and noise', () => {
    const seeds = [
      ...EXAMPLES.map(([text]) => hex(text)),
      encodeCbor([
        new Map([
          [1, 'text'],
          [2, 'more'],
        ]),
        hex('0011'),
        -70000,
      ]),
    ];
    let x = 4711;
    const random = () => {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      return x >>> 0;
    };
    let taken = 0;
    for (let i = 0; i < 300_000; i++) {
      const noise = i % 2 === 0;
      const bytes = noise ? new Uint8Array(1 + (random() % 12)) : seeds[random() % seeds.length]!.slice();
      if (noise) for (let k = 0; k < bytes.length; k++) bytes[k] = random() >>> 24;
      else bytes[random() % bytes.length] = random() >>> 24;
      try {
        const value = decodeCbor(bytes);
        taken++;
        if (Buffer.compare(encodeCbor(value), bytes) !== 0)
          throw new Error(`${Buffer.from(bytes).toString('hex')} is accepted but written differently`);
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
      }
    }
    expect(taken).toBeGreaterThan(1000);
  });
});
