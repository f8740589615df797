import { describe, expect, it } from 'vitest';
import { MoteError } from '../index.ts';
import { cases, casesText } from '../test-form.ts';
import { randomBelow } from '../testing.ts';
import { decodeCbor } from './value.ts';
import { wellFormed } from './well-formed.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));

describe('well-formedness of any CBOR', () => {
  it.each([
    '00',
    'f93c00',
    'fb3ff199999999999a',
    '9f01ff',
    'bf616101ff',
    '5f4101ff',
    'c11a514b67b0',
    'a0',
    'f6',
    'f820',
    '7f6161ff',
  ])('%s is one well-formed item', (text) => {
    expect(wellFormed(hex(text))).toBe(true);
  });

  const bad = [
    '',
    '0000',
    '18',
    '1c',
    'ff',
    '9f01',
    'bf6161ff',
    '5f01ff',
    '5f5f4101ffff',
    'f800',
    '62c3',
    '9b00ffffffffffffff',
    'c1',
    '81'.repeat(16).concat('00'),
  ];
  it.each(bad)('%s is not', (text) => {
    expect(wellFormed(hex(text))).toBe(false);
  });

  it(`is recognised in ${casesText(100_000)} random items, and whatever the strict reader accepts is well-formed`, () => {
    const random = randomBelow(4);
    let good = 0;
    let strict = 0;
    for (let i = 0; i < cases(100_000); i++) {
      const bytes = Uint8Array.from({ length: 1 + random(40) }, () => random(256));
      if (wellFormed(bytes)) good++;
      try {
        decodeCbor(bytes);
        strict++;
        if (!wellFormed(bytes)) throw new Error(Buffer.from(bytes).toString('hex'));
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
      }
    }
    expect(good).toBeGreaterThan(strict);
    expect(strict).toBeGreaterThan(100);
    expect(wellFormed(new Uint8Array(100_000).fill(0x9f))).toBe(false);
  });
});
