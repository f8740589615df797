import { describe, expect, it } from 'vitest';
import { MoteError } from '../../base/index.ts';
import { parseDescription } from './description.ts';

const fields = [{ at: '/t', name: 'temperature' }];

describe('descriptions', () => {
  it.each([
    { kind: 'mote', version: 1, options: { namespace: 'plant/a' } },
    { kind: 'json', version: 1, options: { device: { topic: -2 }, fields, time: { root: '', format: 'us' } } },
    { kind: 'senml', version: 1, options: { device: { of: 'name' }, series: [{ name: 't', exponent: -2 }] } },
    { kind: 'sparkplug', version: 1, options: {} },
    { kind: 'line-protocol', version: 1, options: { device: { at: 'host' }, precision: 'ms' } },
    {
      kind: 'csv',
      version: 1,
      options: { device: 'x', fields: [{ at: 't', name: 't' }], delimiter: ';', decimal: ',' },
    },
  ])('$kind is accepted', (description) => {
    expect(parseDescription(description)).toBe(description);
  });

  it.each([
    [null, 'must be object'],
    [{}, 'required'],
    [{ kind: 'xml', version: 1, options: {} }, 'kind'],
    [{ kind: 'sparkplug', version: 2, options: {} }, '/version'],
    [{ kind: 'sparkplug', version: 1, options: { x: 1 } }, '(x)'],
    [{ kind: 'json', version: 1, options: { device: 'd', fields: [] } }, '/options/fields'],
    [{ kind: 'json', version: 1, options: { device: 'd', fields: [{ at: 't', name: 't' }] } }, '/options/fields/0/at'],
    [{ kind: 'json', version: 1, options: { device: 'd', fields, time: { format: 's' } } }, '/options/time'],
    [{ kind: 'json', version: 1, options: { device: 'd', fields, notBefore: '2000-02-30T00:00:00Z' } }, 'notBefore'],
    [{ kind: 'csv', version: 1, options: { device: 'd', fields: [{ at: 't', name: 't' }], decimal: ',' } }, 'decimal'],
  ])('%j is rejected with its place', (value, text) => {
    const rejected = () => parseDescription(value);
    expect(rejected).toThrow(MoteError);
    expect(rejected).toThrow(text);
  });
});
