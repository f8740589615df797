import { describe, expect, it } from 'vitest';
import { MoteError } from '../index.ts';
import { CborReader } from './reader.ts';
import { CborWriter } from './writer.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
const mine = (what: string) => new MoteError('TEST', what);

describe('CBOR, one item at a time', () => {
  it('reads and writes every integer up to 2^53 in the shortest form', () => {
    for (const edge of [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
      for (const value of [edge, -edge, -edge - 1].filter(Number.isSafeInteger)) {
        const reader = new CborReader(new CborWriter().int(value).finish());
        expect(reader.int(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).toBe(value + 0);
        reader.end();
      }
    }
  });

  it.each([
    ['1b001fffffffffffff', 2 ** 53 - 1],
    ['1b0020000000000000', 2n ** 53n],
    ['3b001ffffffffffffe', -(2 ** 53) + 1],
    ['3b001fffffffffffff', -(2n ** 53n)],
    ['3bffffffffffffffff', -(2n ** 64n)],
  ])('%s is the integer %s, a bigint only where a double is not safe', (text, value) => {
    expect(new CborReader(hex(text)).integer()).toBe(value);
    expect(new CborWriter().int(value).finish()).toEqual(hex(text));
    expect(new CborWriter().int(BigInt(value)).finish()).toEqual(hex(text));
  });

  it('reads back what it wrote, also when the first buffer of the writer is too small', () => {
    const long = new Uint8Array(1000).fill(7);
    const out = new CborWriter().array(6).bytes(long).text('ü').bool(true).null().tag(18).map(1);
    const from = new CborReader(out.text('a').int(-5).raw(hex('00')).finish());
    expect([from.array(), from.bytes(), from.text(), from.bool(), from.null(), from.tag(), from.map()]).toEqual([
      6,
      long,
      'ü',
      true,
      true,
      18,
      1,
    ]);
    expect([from.text(), from.int(-5, -5), from.major(), from.null(), from.int(0, 0)]).toEqual(['a', -5, 0, false, 0]);
    from.end();
  });

  const reads: [string, string, (from: CborReader) => unknown][] = [
    ['an integer out of its range', '18ff', (from) => from.int(0, 254)],
    ['an integer beyond 2^53', '1b0020000000000000', (from) => from.int(0, Number.MAX_SAFE_INTEGER)],
    ['a text for an integer', '6161', (from) => from.int(0, 9)],
    ['a text too long', '626161', (from) => from.text(0, 1)],
    ['a text too short', '60', (from) => from.text(1, 1)],
    ['a text that is not UTF-8', '61ff', (from) => from.text()],
    ['more items than bytes', '840102', (from) => from.array()],
    ['more pairs than bytes', 'a2010203', (from) => from.map()],
    ['a tag above 32 bits', 'db000000010000000000', (from) => from.tag()],
    ['a number for a boolean', '01', (from) => from.bool()],
    ['nothing', '', (from) => from.null()],
    ['a byte behind the last item', '0000', (from) => [from.int(0, 0), from.end()]],
  ];
  it.each(reads)("rejects %s with the caller's error", (_what, text, read) => {
    expect(() => read(new CborReader(hex(text), mine))).toThrow(expect.objectContaining({ code: 'TEST' }));
  });

  const writes: [string, (out: CborWriter) => unknown][] = [
    ['a fraction', (out) => out.int(0.5)],
    ['65 bits', (out) => out.int(2n ** 64n)],
    ['half a surrogate pair', (out) => out.text('a\ud83d')],
    ['a tag above 32 bits', (out) => out.tag(2 ** 32)],
  ];
  it.each(writes)("rejects %s with the caller's error when it writes", (_what, write) => {
    expect(() => write(new CborWriter(mine))).toThrow(expect.objectContaining({ code: 'TEST' }));
  });
});
