import { expect, it } from 'vitest';
import { parseBrokerUrl, publicUrl } from './stream.ts';

it.each([
  ['mqtt://host:1883', 'mqtt://host:1883'],
  ['mqtts://ann:secret@host', 'mqtts://host'],
  ['mqtt://ann@host', 'mqtt://host'],
  ['mqtt://ann:sec/r@et@host:1', 'mqtt://host:1'],
  ['ann:secret@host', 'host'],
  ['http://ann:secret\n@host', 'http://host'],
])('%s is shown as %s', (text, shown) => {
  expect(publicUrl(text)).toBe(shown);
});

it('an address that is none is reported without its password', () => {
  expect(() => parseBrokerUrl('http://ann:secret@host')).toThrow(/^"http:\/\/host" is not a broker address/);
});
