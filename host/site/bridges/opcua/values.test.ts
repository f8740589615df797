import fc from 'fast-check';
import type { DataValue } from 'node-opcua-client';
import { expect, it } from 'vitest';
import { withIndex, withUri } from './node-ids.ts';
import { COMMON_CODES, UNECE, ucumOf, unitId } from './units.ts';
import { sentValue } from './values.ts';

const data = (dataType: number, value: unknown, arrayType = 0, more: object = {}): DataValue =>
  ({ value: { dataType, arrayType, value }, statusCode: { value: 0 }, ...more }) as unknown as DataValue;

it('writes each built-in type as JSON without losing digits', () => {
  const of = (type: number, value: unknown, arrayType = 0) => sentValue('i=1', data(type, value, arrayType), {}).value;
  expect(of(8, [0x200000, 1])).toBe('9007199254740993');
  expect(of(8, [0xffffffff, 0xfffffffb])).toBe(-5);
  expect(of(9, [0xffffffff, 0xffffffff])).toBe('18446744073709551615');
  expect(of(10, Math.fround(21.53))).toBe(21.53);
  expect(of(11, Number.NaN)).toBe('NaN');
  expect(of(13, new Date(0))).toBe('1970-01-01T00:00:00.000Z');
  expect(of(15, Buffer.from('ab'))).toBe('6162');
  expect(of(21, { text: 'idle', locale: 'en' })).toBe('idle');
  expect(of(22, { secret: 1 })).toBe(null);
  expect(of(6, Int32Array.from([1, 2]), 1)).toEqual([1, 2]);
});

it('keeps every float of 32 bits; JSON has no negative zero', () => {
  fc.assert(
    // -0 + 0 is 0.
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Math.fround(sentValue('i=1', data(10, value), {}).value as number) + 0).toBe(value + 0);
    }),
    { numRuns: 1000 },
  );
});

it('takes the time of the source with its microseconds, then that of the server', () => {
  const at = new Date('2026-09-21T14:13:20.123Z');
  const source = { sourceTimestamp: at, sourcePicoseconds: 456_700_000 };
  expect(sentValue('i=1', data(1, true, 0, source), {}).time).toBe('2026-09-21T14:13:20.123456Z');
  const server = { serverTimestamp: at, serverPicoseconds: 0 };
  expect(sentValue('i=1', data(1, true, 0, server), {}).time).toBe('2026-09-21T14:13:20.123000Z');
  expect(sentValue('i=1', data(1, true), {}).time).toBeUndefined();
});

it('names a namespace by its URI, and finds its index again', () => {
  expect(withUri('ns=0;i=85', ['ua'])).toBe('i=85');
  expect(withIndex('nsu=urn:gone;i=1', ['ua'])).toBeUndefined();
  const uri = fc.string({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(uri, fc.string({ minLength: 1 }), (name, id) => {
      fc.pre(name !== 'ua' && name !== 'x');
      const namespaces = ['ua', 'x', name];
      expect(withIndex(withUri(`ns=2;s=${id}`, namespaces), ['ua', name])).toBe(`ns=1;s=${id}`);
    }),
    { numRuns: 500 },
  );
});

it('reads units by their common code, or by what they display', () => {
  // The number of CEL is the example of OPC 10000-8.
  expect(unitId('CEL')).toBe(4408652);
  expect(ucumOf({ namespaceUri: UNECE, unitId: 4408652, displayName: { text: 'whatever' } })).toBe('Cel');
  expect(ucumOf({ namespaceUri: 'urn:own', unitId: 4408652, displayName: { text: 'rpm' } })).toBe('{rev}/min');
  expect([ucumOf(null), ucumOf({ unitId: 3 })]).toEqual(['', '']);
  expect(new Set(COMMON_CODES.map(([ucum]) => ucum)).size).toBe(COMMON_CODES.length);
  expect(new Set(COMMON_CODES.map(([, code]) => code)).size).toBe(COMMON_CODES.length);
});
