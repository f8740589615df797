import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvNumber, parseCsv } from './csv.ts';
import type { CsvOptions, Description } from './description.ts';
import { decodeAll, lines, raw } from './testing.ts';

const of = (options: CsvOptions): Description => ({ kind: 'csv', version: 1, options });

describe('CSV', () => {
  it('reads columns by their names, with the time in a column', () => {
    const description = of({
      device: 'press',
      time: { at: 'time', format: 'rfc3339' },
      fields: [
        { at: 'temp [°C]', name: 'temp', unit: 'Cel', exponent: -1 },
        { at: 'running', name: 'running', type: 'boolean' },
      ],
    });
    const text = 'time,temp [°C],running\r\n2026-09-21T14:13:20Z,21.5,yes\r\n2026-09-21T14:13:21Z,"21.6",no\r\n';
    expect(lines(decodeAll(description, raw('x.csv', text)).runs)).toEqual([
      'press temp 215e-1 Cel @0',
      'press temp 216e-1 Cel @1',
      'press running 1 @0',
      'press running 0 @1',
    ]);
  });

  it('reads semicolons, decimal commas, two columns of time, and no header', () => {
    const description = of({
      delimiter: ';',
      decimal: ',',
      header: false,
      device: { at: '2' },
      time: { at: ['0', '1'], format: 'dmy', zone: '+02:00' },
      fields: [{ at: '3', name: 'flow', exponent: -2 }],
    });
    const text = '21.09.2026;16:13:20;p1;1.234,5\n21.09.2026;16:13:21;p2;\n21.09.2026;16:13:22;p2;-0,25\n';
    const { runs, counts } = decodeAll(description, raw('x.csv', text));
    expect(lines(runs)).toEqual(['p1 flow 123450e-2 @0', 'p2 flow -25e-2 @2']);
    expect(counts).toEqual({});
  });

  // RFC 4180, section 2: quotes around line ends, quotes and delimiters.
  it('reads quoted cells as RFC 4180 defines them', () => {
    expect(parseCsv(Buffer.from('"a\r\nb","c""d","e,f"\r\n1,2,3'), ',')).toEqual([
      ['a\r\nb', 'c"d', 'e,f'],
      ['1', '2', '3'],
    ]);
    expect(parseCsv(Buffer.from('a,"b'), ',')).toBeUndefined();
    expect(parseCsv(Buffer.from('\ufeffa,b'), ',')).toEqual([['a', 'b']]);
  });

  it('reads any cells that are written as RFC 4180 defines', () => {
    const cell = fc.string({ unit: 'binary' }).filter((text) => !/\p{Cs}/u.test(text) && !text.includes('\ufeff'));
    const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, (table) => {
        const text = table.map((row) => row.map((c) => `"${c.replaceAll('"', '""')}"`).join(',')).join('\r\n');
        expect(parseCsv(Buffer.from(text), ',')).toEqual(table);
      }),
    );
  });

  it.each([
    ['1,234.5', '.', '1234.5'],
    ['1.234,5', ',', '1234.5'],
    ['1.234', ',', '1234'],
    ['0,5', ',', '0.5'],
    ['12.5', ',', null],
    ['12,5', '.', null],
    ['1,23,456', '.', null],
    [' 7 ', '.', '7'],
  ] as const)('%j with decimal %j is %s', (text, decimal, expected) => {
    const read = csvNumber(text, decimal);
    expect(read && Number(read.digits) * 10 ** read.exponent).toBe(expected === null ? null : Number(expected));
  });

  it.each([
    ['malformed', 'a,"b'],
    ['no_match', ''],
    ['no_match', 'u\n1'],
    ['text', 'v\nx'],
    ['not_a_number', 'v\nNaN'],
  ])('%s is counted', (reason, text) => {
    const description = of({ device: 'd', fields: [{ at: 'v', name: 'v' }] });
    expect(decodeAll(description, raw('x.csv', text)).counts).toEqual({ [reason]: 1 });
  });
});
