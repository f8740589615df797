import { describe, expect, it } from 'vitest';
import { encodePacket, type Packet, parsePacket } from './packet.ts';

const hello: Packet = {
  kind: 'hello',
  ready: true,
  session: 0xfedc_ba98,
  peer: 0x0102_0304,
  next: 0xabcd,
  window: 64,
  maxBytes: 8192,
};
const data: Packet = { kind: 'data', seq: 0x1234, ack: 0xfffe, body: Uint8Array.of(1, 2, 3) };

describe('a packet', () => {
  it.each<[Packet, string]>([
    [hello, '1101 98badcfe 04030201 cdab 40 0020'],
    [{ ...hello, ready: false, peer: 0, next: 0, window: 1, maxBytes: 1 }, '1100 98badcfe 00000000 0000 01 0100'],
    [data, '12 3412 feff 010203'],
    [{ ...data, body: Uint8Array.of(9) }, '12 3412 feff 09'],
    [{ kind: 'ack', ack: 0xfffe }, '13 feff'],
    [{ kind: 'nak', ack: 1 }, '14 0100'],
  ])('%o is encoded and parsed', (packet, hex) => {
    const bytes = new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    expect(encodePacket(packet)).toEqual(bytes);
    expect(parsePacket(bytes)).toEqual(packet);
    // Also where it doesn't begin its buffer.
    const inside = Uint8Array.from([0, 0, 0, ...bytes, 0]).subarray(3, 3 + bytes.length);
    expect(parsePacket(inside)).toEqual(packet);
  });

  it.each([
    ['nothing', ''],
    ['two bytes', '13 fe'],
    ['an acknowledgement of four bytes', '13 feff00'],
    ['a request of four bytes', '14 feff00'],
    ['another version', '22 feff'],
    ['an unknown kind', '15 feff'],
    ['data without a body', '12 3412 feff'],
    ['data without an acknowledgement', '12 3412'],
    ['a hello that ends early', '1101 98badcfe 04030201 cdab 40 00'],
    ['a hello that is too long', '1101 98badcfe 04030201 cdab 40 0020 00'],
    ['a hello with another flag', '1102 98badcfe 04030201 cdab 40 0020'],
    ['a hello without a session', '1101 00000000 04030201 cdab 40 0020'],
    ['a hello without a window', '1101 98badcfe 04030201 cdab 00 0020'],
    ['a hello with a window of 65', '1101 98badcfe 04030201 cdab 41 0020'],
    ['a hello of an end that accepts no message', '1101 98badcfe 04030201 cdab 40 0000'],
  ])('is none: %s', (_what, hex) => {
    expect(parsePacket(new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex')))).toBeNull();
  });

  it('has a message of at most the bytes that the receiver accepts', () => {
    const bytes = encodePacket(data);
    expect(parsePacket(bytes, 3)).toEqual(data);
    expect(parsePacket(bytes, 2)).toBeNull();
  });
});
