import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDecimals, parseDecimal, scale, shortestFloat32 } from './decimal.ts';

describe('decimal numbers', () => {
  it.each([
    ['21.53', 2153n, -2],
    ['-0.5', -5n, -1],
    ['+.5', 5n, -1],
    ['5.', 5n, 0],
    ['1.320067464e+09', 1320067464n, 0],
    ['1e0000000000001', 1n, 1],
    ['9223372036854775807', 9223372036854775807n, 0],
  ])('%s is exact', (text, digits, exponent) => {
    expect(parseDecimal(text)).toEqual({ digits, exponent });
  });

  it.each(['', '.', '-', 'e5', '1e', '0x10', '1_000', '1,5', 'NaN', 'Infinity', '١', '1'.repeat(401)])(
    '%s is none',
    (text) => {
      expect(parseDecimal(text)).toBeNull();
    },
  );

  it.each([
    [21.53, -2, 2153, true],
    [0.1 + 0.2, -2, 30, false],
    [0.1, -1, 1, true],
    [1.005, -2, 100, false], // 1.005 as people wrote it is a tie, and goes to the even neighbour.
    [1.015, -2, 102, false],
    [-2.5, 0, -2, false],
    [-3.5, 0, -4, false],
    [-0, -2, 0, true],
    [1e300, -300, 'out_of_range', true],
    [1500, 2, 15, true],
    [1550, 2, 16, false],
    [1450, 2, 14, false],
    [2 ** 53, 0, 9007199254740992n, true],
    [1e-300, -2, 0, false],
    [Number.NaN, 0, 'not_a_number', true],
    [Number.NEGATIVE_INFINITY, 0, 'not_a_number', true],
    [9223372036854775807n, 0, 9223372036854775807n, true],
    [9223372036854775808n, 0, 'out_of_range', true],
    [-9223372036854775808n, 0, -9223372036854775808n, true],
  ])('%s at 10^%s is %s', (value, exponent, expected, exact) => {
    const scaled = scale(value as number, exponent);
    expect(scaled).toEqual(typeof expected === 'string' ? expected : { value: expected, exact });
  });

  it('a double with up to 9 decimals gives the digits of its text, whichever way it takes', () => {
    const integers = fc.maxSafeInteger();
    fc.assert(
      fc.property(integers, fc.integer({ min: -9, max: 0 }), (integer, exponent) => {
        const text = `${integer}e${exponent}`;
        const double = Number(text);
        const shortest = parseDecimal(String(double))!;
        expect(scale(double, exponent)).toEqual(scale(shortest, exponent));
        expect(scale(parseDecimal(text)!, exponent)).toEqual({ value: integer + 0, exact: true });
      }),
    );
  });

  it('a float of 32 bits gives the shortest decimal that reads back as it', () => {
    expect(shortestFloat32(Math.fround(21.53))).toBe(21.53);
    expect(shortestFloat32(Math.fround(1.1))).toBe(1.1);
    expect(shortestFloat32(123456792)).toBe(123456792);
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (float) => {
        const short = shortestFloat32(float);
        expect(Math.fround(short)).toBe(float);
        // One digit less would be another float.
        const digits = parseDecimal(String(Math.abs(short)))!
          .digits.toString()
          .replace(/0+$/, '').length;
        if (!Number.isInteger(float) && digits > 1)
          expect(Math.fround(Number(float.toPrecision(digits - 1)))).not.toBe(float);
      }),
    );
  });

  it('sums are exact, and those of exponents far apart are refused', () => {
    expect(addDecimals(parseDecimal('20.01')!, parseDecimal('0.001')!)).toEqual({ digits: 20011n, exponent: -3 });
    expect(addDecimals(parseDecimal('1e999999')!, parseDecimal('1')!)).toBeNull();
  });
});
