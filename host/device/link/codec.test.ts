import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MoteError } from '../../base/index.ts';
import { sampled } from '../../base/test-form.ts';
import { encodeMessage, isNodeMessage, parseMessage } from './codec.ts';
import { examples } from './examples.ts';
import { encodeFrame } from './frame.ts';
import type { Message } from './messages.ts';
import { encodePacket } from './packet.ts';
import { Xorshift } from './random.ts';

const all: Message[] = Object.values(examples);
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const codeOf = (run: () => unknown) => {
  try {
    run();
    return 'OK';
  } catch (error) {
    return error instanceof MoteError ? error.code : error;
  }
};

describe('messages', () => {
  it.each(all.map((message) => [message.type, message] as const))('%s is decoded to what was encoded', (_, message) => {
    expect(parseMessage(encodeMessage(message))).toEqual(message);
  });

  it('of telemetry with 20 noisy samples take at most 79 bytes on the wire', () => {
    const random = new Xorshift(7);
    const noisy = Array.from({ length: 20 }, () => 2000 + random.below(200));
    for (const values of [examples.telemetry.values, noisy]) {
      const body = encodeMessage({ ...examples.telemetry, values });
      expect(encodeFrame(encodePacket({ kind: 'data', seq: 300, ack: 17, body })).length).toBeLessThanOrEqual(79);
    }
  });

  it('are known to be from the node or from the shim', () => {
    expect(all.filter(isNodeMessage).map((message) => message.type)).toEqual([
      'birth',
      'telemetry',
      'event',
      'log',
      'ota',
      'time?',
      'result',
    ]);
  });

  it('of telemetry carry every int32 exactly', () => {
    const i32 = fc.oneof(
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 0),
    );
    fc.assert(
      fc.property(fc.array(i32, { minLength: 1, maxLength: 100 }), (values) => {
        const message: Message = { ...examples.telemetry, values };
        expect(parseMessage(encodeMessage(message))).toEqual(message);
      }),
      { numRuns: sampled(1000) },
    );
  });

  const refused: [string, Message][] = [
    ['an empty telemetry', { ...examples.telemetry, values: [] }],
    ['more than 1024 values', { ...examples.telemetry, values: Array(1025).fill(0) }],
    ['a value beyond int32', { ...examples.telemetry, values: [2 ** 31] }],
    ['a fraction', { ...examples.telemetry, values: [0.5] }],
    ['not a number', { ...examples.telemetry, t0Ms: Number.NaN }],
    ['a name of 65 bytes', { ...examples.event, name: 'x'.repeat(65) }],
    ['an empty name', { ...examples.event, name: '' }],
    ['a body that is not CBOR', { ...examples.event, body: hex('ff') }],
    ['a body of two items', { ...examples.event, body: hex('0101') }],
    ['a body of 1025 bytes', { ...examples.event, body: new Uint8Array(1025) }],
    ['a digest of 31 bytes', { ...examples.offer, sha256: new Uint8Array(31) }],
    ['a control character in a name', { ...examples.event, name: 'a\u0085' }],
    ['a non-character in a name', { ...examples.event, name: 'a\ufffe' }],
    ['a control character in a unit', { ...examples.birth, metrics: [{ name: 'a', unit: '\u0000', exponent: 0 }] }],
    ['a non-character in a version', { ...examples.birth, firmware: { name: 'a', version: '\u{1ffff}' } }],
    ['a control character in a command', { ...examples.birth, commands: ['a\nb'] }],
    ['a control character in a setting', { type: 'config', values: { 'a\u009f': 1 } }],
    ['an empty package', { ...examples.offer, total: 0 }],
    ['65 settings', { type: 'config', values: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i])) }],
    ['a setting beyond int32', { type: 'config', values: { a: 2 ** 32 } }],
    ['an unknown level', { ...examples.log, level: 'fatal' as 'error' }],
  ];
  it.each(refused)('with %s are rejected', (_, message) => {
    expect(codeOf(() => encodeMessage(message))).toBe('LINK_MESSAGE');
  });

  const malformed: [string, string, string][] = [
    ['nothing', '', 'LINK_MALFORMED'],
    ['an unknown type', '82 18 63 00', 'LINK_UNKNOWN'],
    ['a type beyond this version with other content', '81 0f', 'LINK_UNKNOWN'],
    ['a missing field', '81 06', 'LINK_MALFORMED'],
    ['one field too many', '83 06 00 00', 'LINK_MALFORMED'],
    ['trailing bytes', '82 06 00 00', 'LINK_MALFORMED'],
    ['a longer form than needed', '82 06 18 05', 'LINK_MALFORMED'],
    ['an indefinite array', '9f 06 00 ff', 'LINK_MALFORMED'],
    ['a float', '82 06 f9 3c00', 'LINK_MALFORMED'],
    ['an integer beyond 2^53', '82 06 1b ffffffffffffffff', 'LINK_MALFORMED'],
    ['a huge array', '9b 0fffffffffffffff', 'LINK_MALFORMED'],
    ['a text that ends early', '84 04 02 00 78 40 61', 'LINK_MALFORMED'],
    ['a text that is not UTF-8', '84 04 02 00 62 c328', 'LINK_MALFORMED'],
    ['a text with U+0085', '84 04 02 00 62 c285', 'LINK_MALFORMED'],
    ['a text with U+FFFE', '84 04 02 00 63 efbfbe', 'LINK_MALFORMED'],
    ['an event whose name has U+0000', '85 03 61 00 00 00 41 00', 'LINK_MALFORMED'],
    ['a reason whose text has U+0085', '84 04 02 00 83 01 00 62 c285', 'LINK_MALFORMED'],
    ['settings out of order', '82 12 a2 6162 00 6161 00', 'LINK_MALFORMED'],
    ['a setting twice', '82 12 a2 6161 00 6161 00', 'LINK_MALFORMED'],
  ];
  it.each(malformed)('parsed from %s are rejected', (_, text, code) => {
    expect(codeOf(() => parseMessage(hex(text)))).toBe(code);
  });

  it('treat a setting named __proto__ like any other', () => {
    const values = Object.fromEntries([['__proto__', 3]]);
    const parsed = parseMessage(encodeMessage({ type: 'config', values }));
    expect(Object.keys((parsed as { values: object }).values)).toEqual(['__proto__']);
  });

  /** These may come with a reason of an earlier version or of a newer node, which is sent on as this version has it. */
  const WITH_REASON: readonly Message['type'][] = ['ota', 'log', 'result'];

  it('parse each of 200,000 mutated bodies to a message that encodes to the same bytes, or reject it', () => {
    const random = new Xorshift(3);
    const bodies = all.map(encodeMessage);
    let accepted = 0;
    for (let i = 0; i < sampled(200_000); i++) {
      let body = bodies[random.below(bodies.length)]!.slice();
      for (let n = 1 + random.below(3); n > 0; n--) body[random.below(body.length)] = random.below(256);
      if (random.below(8) === 0) body = body.slice(0, random.below(body.length + 1));
      let message: Message;
      try {
        message = parseMessage(body);
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
        continue;
      }
      accepted++;
      const encoded = encodeMessage(message);
      if (Buffer.compare(encoded, body) === 0) continue;
      if (!WITH_REASON.includes(message.type)) throw new Error(Buffer.from(body).toString('hex'));
      expect(encodeMessage(parseMessage(encoded))).toEqual(encoded);
    }
    expect(accepted).toBeGreaterThan(sampled(1000));
  });
});
