import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offset, textUs } from './time.ts';

const us = (text: string) => Date.parse(text) * 1000;

describe('times', () => {
  it.each([
    ['rfc3339', '1985-04-12T23:20:50.52Z', us('1985-04-12T23:20:50.520Z')],
    ['rfc3339', '1996-12-19T16:39:57-08:00', us('1996-12-20T00:39:57Z')],
    ['rfc3339', '1990-12-31T23:59:60Z', us('1991-01-01T00:00:00Z')],
    ['rfc3339', '2026-01-01 00:00:00.1234567Z', us('2026-01-01T00:00:00Z') + 123_457],
    ['iso', '2026-01-01T05:30', us('2026-01-01T05:30:00Z')],
    ['iso', '2026-1-2', us('2026-01-02T00:00:00Z')],
    ['iso', '2026-01-01 05:30:00,5', us('2026-01-01T05:30:00.500Z')],
    ['iso', '2026-01-01 05:30:00 UTC', us('2026-01-01T05:30:00Z')],
    ['dmy', '03.02.2026 14:05:06', us('2026-02-03T14:05:06Z')],
    ['dmy', '3/2/2026', us('2026-02-03T00:00:00Z')],
    ['mdy', '02/03/2026 12:05:06 am', us('2026-02-03T00:05:06Z')],
    ['mdy', '2/3/2026 2:05 PM', us('2026-02-03T14:05:00Z')],
    ['s', '1790000000.5', 1_790_000_000_500_000],
    ['ns', '1790000000000000500', 1_790_000_000_000_000],
  ] as const)('%s %s', (format, text, expected) => {
    expect(textUs(text, format, 0)).toBe(expected);
  });

  it('a zone holds for texts without an offset only', () => {
    expect(textUs('2026-01-01 01:00:00', 'iso', 60)).toBe(us('2026-01-01T00:00:00Z'));
    expect(textUs('2026-01-01 01:00:00Z', 'iso', 60)).toBe(us('2026-01-01T01:00:00Z'));
    expect([offset('+01:30'), offset('-0800'), offset('Z'), offset('+25:00')]).toEqual([90, -480, 0, Number.NaN]);
  });

  it.each([
    ['rfc3339', '2026-02-30T00:00:00Z'],
    ['rfc3339', '2026-01-01T24:00:00Z'],
    ['rfc3339', '2026-01-01T00:00:00'],
    ['rfc3339', '2026-01-01'],
    ['iso', '0026-13-01'],
    ['dmy', '31.04.2026'],
    ['mdy', '13/01/2026'],
    ['mdy', '1/1/2026 13:00 PM'],
    ['s', '1e30'],
    ['s', 'today'],
  ] as const)('%s %s is none', (format, text) => {
    expect(textUs(text, format, 0)).toBeNaN();
  });

  it('reads what Date writes', () => {
    const date = fc.date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true });
    fc.assert(fc.property(date, (d) => textUs(d.toISOString(), 'rfc3339', 0) === d.getTime() * 1000));
  });
});
