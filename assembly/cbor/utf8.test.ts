import type { ASUtil } from '@assemblyscript/loader';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { runText } from '../../host/toolchain/assembly/testing.ts';

const SOURCE = `
import { equalsUtf8, utf8Length, writeUtf8 } from './assembly/cbor/utf8';

export const UINT8 = idof<Uint8Array>();
export function lengthOf(text: string): i32 { return utf8Length(text); }
export function encode(text: string, capacity: i32): Uint8Array {
  const bytes = new Uint8Array(capacity);
  return bytes.subarray(0, writeUtf8(text, bytes.dataStart, capacity));
}
export function equals(text: string, bytes: Uint8Array): i32 {
  return i32(equalsUtf8(text, bytes.dataStart, bytes.length));
}
`;

/** Parameters and results that are strings or arrays are pointers. */
interface Utf8 extends ASUtil {
  UINT8: { value: number };
  lengthOf(text: number): number;
  encode(text: number, capacity: number): number;
  equals(text: number, bytes: number): number;
}

let utf8: Utf8;
beforeAll(async () => {
  utf8 = await runText<Utf8>(SOURCE);
});

const encode = (text: string, capacity: number) => utf8.__getUint8Array(utf8.encode(utf8.__newString(text), capacity));
const equals = (text: string, bytes: Uint8Array) =>
  utf8.equals(utf8.__newString(text), utf8.__newArray(utf8.UINT8.value, bytes)) === 1;

const reference = new TextEncoder();
/** Strings of any code units, so that surrogates also occur without their partner. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc
    .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7ff, max: 0xe000 })), { maxLength: 20 })
    .map((units) => String.fromCharCode(...units)),
);

describe('UTF-8 on the node', () => {
  it('equals that of TextEncoder for every string', () => {
    fc.assert(
      fc.property(text, (value) => {
        const expected = reference.encode(value);
        expect(utf8.lengthOf(utf8.__newString(value))).toBe(expected.length);
        expect(encode(value, expected.length)).toEqual(expected);
        expect(equals(value, expected)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it('cuts between characters where there is no room', () => {
    fc.assert(
      fc.property(text, fc.nat(), (value, cut) => {
        const whole = reference.encode(value);
        const capacity = cut % (whole.length + 1);
        const found = encode(value, capacity);
        expect(found).toEqual(whole.subarray(0, found.length));
        const rest = whole[found.length];
        // The omitted rest begins with a character that doesn't fit.
        if (rest !== undefined) {
          expect(rest & 0xc0).not.toBe(0x80);
          const width = rest < 0x80 ? 1 : rest < 0xe0 ? 2 : rest < 0xf0 ? 3 : 4;
          expect(found.length + width).toBeGreaterThan(capacity);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('distinguishes texts that differ in one byte, or in length', () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
        const bytes = reference.encode(value);
        expect(equals(value, Uint8Array.of(...bytes, 0))).toBe(false);
        if (bytes.length === 0) return;
        expect(equals(value, bytes.subarray(0, -1))).toBe(false);
        bytes[at % bytes.length]! ^= flip;
        expect(equals(value, bytes)).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });
});
