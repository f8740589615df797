/** Factors are compared with those of @lhncbc/ucum-lhc, which computes with floats, and with definitions. */
import { UcumLhcUtils } from '@lhncbc/ucum-lhc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Conversion, convert, loadUnits } from './convert.ts';
import { toNumber } from './rational.ts';
import { KNOWN_CODES } from './spelling.ts';

const units = await loadUnits();
const of = (from: string, to: string) => units.conversion(from, to) as Conversion;
const ucum = UcumLhcUtils.getInstance();

describe('conversion of units', () => {
  // International yard and pound agreement (1959); definitions of the inch, foot, pound-force and gallon.
  it.each([
    ['[in_i]', 'mm', 1n, 0, -1, 254n],
    ['[ft_i]', 'm', 1n, 0, -4, 3048n],
    ['[lb_av]', 'kg', 1n, 0, -8, 45359237n],
    ['[gal_us]', 'L', 1n, 0, -9, 3785411784n],
    ['kW.h', 'J', 1n, 0, 0, 3600000n],
    ['km/h', 'm/s', 36n, -1, 0, 1n],
    ['Cel', 'K', 0n, 0, -2, 27315n],
    ['Cel', '[degF]', 2153n, -2, -3, 70754n],
    ['[degF]', 'Cel', -40n, 0, 0, -40n],
    ['bar', 'kPa', 325n, -2, 0, 325n],
    ['mm[Hg]', 'Pa', 1n, 0, -3, 133322n],
    ['KiBy', 'By', 1n, 0, 0, 1024n],
    ['%{RH}', '%', 425n, -1, -1, 425n],
    ['{rev}/min', '/s', 60n, 0, 0, 1n],
    ['deg/s', 'deg/min', 1n, 0, 0, 60n],
    ['m3/h', 'L/min', 6n, -2, 0, 1n],
  ])('%s to %s is exact', (from, to, value, exponent, toExponent, expected) => {
    expect(convert(value, exponent, of(from, to), toExponent)).toEqual({ value: expected, exact: true });
  });

  it('what is rounded or contains pi is not exact', () => {
    expect(convert(1, 0, of('K', '[degF]'), -1)).toEqual({ value: -4579n, exact: false });
    expect(convert(180, 0, of('deg', 'rad'), -15)).toEqual({ value: 3141592653589793n, exact: false });
    expect(convert(1, 0, of('[psi]', 'kPa'), -12)).toEqual({ value: 6894757293168n, exact: false });
    // Half to even.
    expect(convert(5, 0, of('mm', 'cm'), 0)).toEqual({ value: 0n, exact: false });
    expect(convert(15, 0, of('mm', 'cm'), 0)).toEqual({ value: 2n, exact: false });
  });

  it.each([
    ['m', 's', 'incommensurable'],
    ['m', 'metre', 'unknown'],
    ['', 'm', 'unknown'],
    ['', '', 'unknown'],
    ['dB', '1', 'not_linear'],
    ['[pH]', 'mol/L', 'not_linear'],
    ['°C', 'K', 'unknown'],
    ['x'.repeat(10_000), 'm', 'unknown'],
  ])('%s to %s: %s', (from, to, fault) => {
    expect(units.conversion(from, to)).toBe(fault);
  });

  it('values beyond 64 bits are refused', () => {
    expect(convert(9_223_372_036_854_775_807n, 0, of('km', 'm'), 0)).toBeNull();
  });

  it('every known unit has the factor of the other implementation', () => {
    const first = new Map<string, string>();
    let compared = 0;
    for (const from of KNOWN_CODES) {
      const dimension = ucum.getSpecifiedUnit(from, 'validate').unit!.dim_.dimVec_!.join();
      const to = first.get(dimension) ?? from;
      first.set(dimension, to);
      const ours = units.conversion(from, to);
      const theirs = ucum.convertUnitTo(from, 1, to);
      if (typeof ours === 'string' || from === to) continue;
      const value = toNumber(ours.factor) + toNumber(ours.offset);
      expect([from, to, theirs.status]).toEqual([from, to, 'succeeded']);
      expect(Math.abs(value / theirs.toVal! - 1), `${from} ${to}`).toBeLessThan(1e-9);
      compared++;
    }
    expect(compared).toBeGreaterThan(60);
  });

  it('there and back is the value, with enough decimals', () => {
    const pairs = [
      ['Cel', '[degF]'],
      ['[psi]', 'bar'],
      ['deg', 'rad'],
      ['[mi_i]/h', 'm/s'],
    ] as const;
    fc.assert(
      fc.property(fc.constantFrom(...pairs), fc.integer(), ([a, b], value) => {
        const there = convert(value, -2, of(a, b), -9)!;
        expect(convert(there.value, -9, of(b, a), -2)!.value).toBe(BigInt(value));
      }),
    );
  });
});
