/** The limits of each field of a message: the last value that is accepted, and the first that is not. */
import { describe, expect, it } from 'vitest';
import { MoteError } from '../../base/index.ts';
import { encodeMessage, MessageLimit, parseMessage } from './codec.ts';
import { examples } from './examples.ts';
import type { Message } from './messages.ts';

type Change = Record<string, unknown>;
const I32 = 2 ** 31;
const U32 = 2 ** 32 - 1;
const SAFE = Number.MAX_SAFE_INTEGER;
const { birth, telemetry, event, log, ota, command, config, offer, chunk } = examples;
const item = (bytes: number) =>
  Uint8Array.from([0x59, (bytes - 3) >> 8, (bytes - 3) & 0xff, ...Array(bytes - 3).fill(0)]);
const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${100 + i}`, i]));
const metric = birth.metrics[0]!;

/** What is changed of the message, values that are accepted, and values that aren't. */
const limits: [Message, string, (value: never) => Change, accepted: unknown[], refused: unknown[]][] = [
  [
    birth,
    'node',
    (node) => ({ node }),
    ['n', 'n'.repeat(64), 'é'.repeat(32)],
    ['', 'n'.repeat(65), 'é'.repeat(33), 'a\nb'],
  ],
  [birth, 'boot', (boot) => ({ boot }), [0, U32], [-1, U32 + 1, 0.5]],
  [
    birth,
    'firmware version',
    (version) => ({ firmware: { name: 'f', version } }),
    ['', 'v'.repeat(64)],
    ['v'.repeat(65)],
  ],
  [
    birth,
    'module slot',
    (slot) => ({ module: { ...birth.module, slot } }),
    [0, MessageLimit.slots - 1],
    [-1, MessageLimit.slots],
  ],
  [birth, 'module', (module) => ({ module }), [null], [7]],
  [birth, 'module state', (state) => ({ module: { ...birth.module, state } }), ['empty', 'failed'], ['broken']],
  [
    birth,
    'unit',
    (unit) => ({ metrics: [{ ...metric, unit }] }),
    ['', 'u'.repeat(MessageLimit.unitBytes)],
    ['u'.repeat(MessageLimit.unitBytes + 1)],
  ],
  [
    birth,
    'exponent',
    (exponent) => ({ metrics: [{ ...metric, exponent }] }),
    [MessageLimit.maxExponent, -MessageLimit.maxExponent],
    [MessageLimit.maxExponent + 1, -MessageLimit.maxExponent - 1],
  ],
  [
    birth,
    'metrics',
    (metrics) => ({ metrics }),
    [[], Array(MessageLimit.metrics).fill(metric)],
    [Array(MessageLimit.metrics + 1).fill(metric)],
  ],
  [
    birth,
    'commands',
    (commands) => ({ commands }),
    [[], Array(MessageLimit.commands).fill('c')],
    [Array(MessageLimit.commands + 1).fill('c'), ['']],
  ],
  [telemetry, 'metric', (metric) => ({ metric }), [0, MessageLimit.metrics - 1], [-1, MessageLimit.metrics]],
  [telemetry, 't0Ms', (t0Ms) => ({ t0Ms }), [-SAFE, SAFE], [0.5, Number.NaN, 2 ** 53]],
  [telemetry, 'dtUs', (dtUs) => ({ dtUs }), [0, I32 - 1], [-1, I32]],
  [
    telemetry,
    'values',
    (values) => ({ values }),
    [[0], Array(1024).fill(1), [I32 - 1, -I32, I32 - 1]],
    [[], Array(1025).fill(1), [I32], [-I32 - 1]],
  ],
  [telemetry, 'quality', (quality) => ({ quality }), [0, MessageLimit.maxQuality], [-1, MessageLimit.maxQuality + 1]],
  [
    event,
    'body',
    (body) => ({ body }),
    [item(1024), Uint8Array.of(0)],
    [item(1025), new Uint8Array(0), Uint8Array.of(0, 0)],
  ],
  [
    log,
    'text',
    (text) => ({ text }),
    ['', 'x'.repeat(MessageLimit.textBytes)],
    ['x'.repeat(MessageLimit.textBytes + 1), 'a\0'],
  ],
  [ota, 'received', (received) => ({ received }), [0, I32 - 1], [-1, I32]],
  [ota, 'swapUs', (swapUs) => ({ swapUs }), [0, SAFE], [-1]],
  [ota, 'lost', (lost) => ({ lost }), [0, U32], [-1, U32 + 1]],
  [ota, 'sha256', (sha256) => ({ sha256 }), [new Uint8Array(32)], [new Uint8Array(31), new Uint8Array(33)]],
  [examples['time?'], 'sentUs', (sentUs) => ({ sentUs }), [0, SAFE], [-1]],
  [examples.time, 'utcMs', (utcMs) => ({ utcMs }), [0, SAFE], [-1]],
  [command, 'body', (body) => ({ body }), [new Uint8Array(0), new Uint8Array(1024)], [new Uint8Array(1025)]],
  [
    config,
    'values',
    (values) => ({ values }),
    [{}, keys(MessageLimit.settings), { a: -I32, b: I32 - 1 }],
    [keys(MessageLimit.settings + 1), { '': 1 }, { a: I32 }, { a: -I32 - 1 }],
  ],
  [offer, 'total', (total) => ({ total }), [1, I32 - 1], [0, I32]],
  [chunk, 'transfer', (transfer) => ({ transfer }), [new Uint8Array(8)], [new Uint8Array(7), new Uint8Array(9)]],
  [
    chunk,
    'bytes',
    (bytes) => ({ bytes }),
    [new Uint8Array(1), new Uint8Array(MessageLimit.chunkBytes)],
    [new Uint8Array(0), new Uint8Array(MessageLimit.chunkBytes + 1)],
  ],
];

const refusal = (message: Message) =>
  expect.objectContaining({
    code: 'LINK_MESSAGE',
    message: expect.stringContaining(`This ${message.type} message can't be sent: `),
  });

describe('a message', () => {
  it.each(limits.map(([message, field, ...rest]) => [`${message.type}: ${field}`, message, ...rest] as const))(
    'has the limits of %s',
    (_name, message, change, accepted, refused) => {
      for (const value of accepted) {
        const changed = { ...message, ...change(value as never) } as Message;
        expect(parseMessage(encodeMessage(changed))).toEqual(changed);
      }
      for (const value of refused) {
        const changed = { ...message, ...change(value as never) } as Message;
        expect(() => encodeMessage(changed), String(value).slice(0, 40)).toThrow(refusal(message));
      }
    },
  );

  it('omits what is not given, and has null in its place on the wire', () => {
    const { swapUs: _, lost: __, reason: ___, ...rest } = ota;
    const parsed = parseMessage(encodeMessage(rest));
    expect(Object.keys(parsed)).not.toContain('swapUs');
    expect(parsed).toEqual(rest);
    expect([...encodeMessage(rest).subarray(-3)]).toEqual([0xf6, 0xf6, 0xf6]);
  });

  const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
  it.each([
    ['nothing', '', 'it ends too early'],
    ['an empty array', '80', 'a count of 0 is not in 1..64'],
    ['an array of 65 items', `9841 ${'00'.repeat(65)}`, 'a count of 65 is not in 1..64'],
    ['one field too many', '83 06 00 00', '2 fields in one of type time?'],
    ['a missing field', '81 06', '0 fields in one of type time?'],
    ['a control character', '84 04 02 00 61 0a', 'a text has control characters or non-characters'],
    ['a body that is not CBOR', '85 03 61 61 00 00 41 ff', 'a body is not one CBOR item'],
    ['settings in descending order', '82 12 a2 6162 00 6161 00', 'settings are not in order or come twice'],
    ['settings that come twice', '82 12 a2 6161 00 6161 00', 'settings are not in order or come twice'],
    ['a level beyond the last', '84 04 18 63 00 60', 'the integer 99 is not in'],
  ])('is malformed with %s', (_what, text, sentence) => {
    const message = expect.stringContaining(`A link message is malformed: ${sentence}`);
    expect(() => parseMessage(hex(text))).toThrow(expect.objectContaining({ code: 'LINK_MALFORMED', message }));
  });

  it('of an unknown type is named in its error', () => {
    expect(() => parseMessage(hex('82 1863 00'))).toThrow(
      new MoteError('LINK_UNKNOWN', 'Message type 99 is unknown to this version; it was dropped.'),
    );
  });

  it.each([
    ['a reason without its phase', '84 07 09 f4 81 01', 'a count of 1 is not in 2..11'],
    ['a reason of 12 items', `84 07 09 f4 8c 02 00 ${'00'.repeat(10)}`, 'a count of 12 is not in 2..11'],
    ['a reason with nine numbers', `84 07 09 f4 8b 02 00 ${'00'.repeat(9)}`, 'a reason has too many numbers'],
    ['reason 0', '84 07 09 f4 82 00 00', 'the integer 0 is not in 1..65535'],
    ['a phase of 256', '84 07 09 f4 82 02 19 0100', 'the integer 256 is not in 0..255'],
    ['a text before the numbers', '84 07 09 f4 84 02 00 6161 00', 'major type 3 instead of an integer'],
    ['an empty text', '84 07 09 f4 83 02 00 60', 'a count of 0 is not in 1..'],
  ])('is malformed with %s', (_what, text, sentence) => {
    expect(() => parseMessage(hex(text))).toThrow(sentence);
  });

  it.each<[string, string, object | undefined]>([
    ['nothing', 'f6', undefined],
    ['an empty text of an earlier node', '60', undefined],
    ['a text of an earlier node', '62 6f6b', { code: '', text: 'ok' }],
    [
      'eight numbers of a newer node',
      '8a 19 ffff 00 01 02 03 04 05 06 07 08',
      { code: 'REASON_65535', text: 'reason 65535 (1, 2, 3, 4, 5, 6, 7, 8) of a newer node' },
    ],
    [
      'a text of a newer node',
      '83 19 ffff 00 61 61',
      { code: 'REASON_65535', text: 'reason 65535 ("a") of a newer node' },
    ],
  ])('takes the answer to a command from %s', (_what, text, reason) => {
    const parsed = parseMessage(hex(`84 07 09 f4 ${text}`));
    expect(parsed).toEqual(
      reason === undefined ? { type: 'result', id: 9, ok: false } : { type: 'result', id: 9, ok: false, reason },
    );
  });

  it('takes a reason of an earlier node as code and sentence, and no third text', () => {
    const begin = encodeMessage({ ...ota, reason: undefined }).subarray(0, -1);
    const parsed = (tail: string) => parseMessage(Uint8Array.from([...begin, ...hex(tail)]));
    expect(parsed('82 6141 6162')).toMatchObject({ reason: { code: 'A', text: 'b' } });
    expect(parsed('82 6141 60')).toMatchObject({ reason: { code: 'A', text: '' } });
    expect(() => parsed('83 6141 6162 6163')).toThrow('a reason of an earlier version has two texts');
    expect(() => parsed('82 60 6162')).toThrow('a count of 0 is not in 1..64');
  });
});
