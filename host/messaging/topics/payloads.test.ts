import { readFileSync } from 'node:fs';
import { encode } from 'cbor-x';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../base/index.ts';
import { cases, casesText } from '../../base/test-form.ts';
import { randomBelow } from '../../base/testing.ts';
import { parseCommand, parseConfig } from '../gateway/commands.ts';
import type { Received } from '../mqtt/types.ts';
import * as example from './examples.ts';
import {
  decodeEvent,
  decodeItem,
  decodeLog,
  decodeOta,
  decodeState,
  decodeTelemetry,
  encodeTelemetry,
} from './payloads.ts';
import { isAnswerTopic, isNodeId } from './topics.ts';

const spec = readFileSync(packagePath('docs', 'spec', 'mqtt.md'), 'utf8');

function received(payload: Uint8Array, contentType?: string): Received {
  const properties = contentType === undefined ? {} : { contentType };
  return { topic: 't', payload, qos: 1, retain: false, dup: false, properties };
}
const text = (value: string, contentType?: string) => received(Buffer.from(value), contentType);

describe('docs/spec/mqtt.md', () => {
  it.each(Object.entries(example.payloadExamples))('shows the bytes of the %s payload', (name, payload) => {
    expect(spec).toContain(`| ${name} | \`${Buffer.from(payload).toString('hex')}\` |`);
  });

  it('states the size of 20 samples', () => {
    expect(spec).toContain(`20 samples take ${example.payloadExamples.telemetry!.length} bytes`);
  });
});

describe('payloads', () => {
  it('are decoded to what was encoded', () => {
    const of = example.payloadExamples;
    expect(decodeState(of.state!)).toEqual(example.online);
    expect(decodeState(of.will!)).toEqual(example.will);
    expect(decodeTelemetry(of.telemetry!)).toEqual(example.telemetry);
    expect(decodeEvent(of.event!)).toEqual({ name: 'keyword', tMs: 1_790_000_000_250, seq: 7, body: { k: 2 } });
    expect(decodeLog(of.log!)).toEqual({ ...example.log, package: example.birth.module!.sha256 });
    expect(decodeOta(of.ota!)).toEqual(example.ota);
    expect(parseCommand(received(of.command!))).toEqual({
      name: 'blink',
      id: 7,
      body: Uint8Array.of(0xa1, 0x61, 0x6e, 3),
      json: false,
    });
    expect(parseConfig(received(of.configuration!))).toEqual({ threshold: 200, gain: -2 });
  });

  it('represent every int32 and every time that a link can transfer', () => {
    const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(fc.array(int32, { minLength: 1 }), fc.maxSafeInteger(), (values, t0Ms) => {
        const frame = { ...example.telemetry, values, t0Ms };
        expect(decodeTelemetry(encodeTelemetry(frame))).toEqual(frame);
      }),
    );
  });

  it(`of ${casesText(100_000)} damaged ones, each is read or rejected with a MoteError`, () => {
    const readers = [decodeState, decodeTelemetry, decodeEvent, decodeLog, decodeOta];
    const parsers = [parseCommand, parseConfig];
    const seeds = [
      ...Object.values(example.payloadExamples),
      Buffer.from('{"name":"blink","id":7,"body":{"n":[3,null]}}'),
    ];
    const random = randomBelow(4242);
    for (let i = 0; i < cases(100_000); i++) {
      const bytes = Buffer.from(seeds[i % seeds.length]!);
      for (let n = 1 + random(3); n > 0; n--) bytes[random(bytes.length)] = random(256);
      const payload = bytes.subarray(0, random(8) === 0 ? random(bytes.length) : bytes.length);
      for (const read of [...readers, ...parsers.map((parse) => (b: Uint8Array) => parse(received(b)))]) {
        try {
          read(payload);
        } catch (error) {
          if ((error as Error).name !== 'MoteError') throw error;
        }
      }
    }
  });

  it.each([
    ['an array of 2^64 items', '9bffffffffffffffff'],
    ['a nest of 20,000 arrays', '81'.repeat(20_000)],
    ['a text without end', '7a7fffffff41'],
    ['two items', '0101'],
    ['nothing', ''],
  ])('refuse %s', (_name, hex) => {
    expect(() => decodeItem(Buffer.from(hex, 'hex'), 65_536)).toThrow(/one CBOR item/);
  });
});

describe('commands', () => {
  it.each([
    ['no object', '[1]'],
    ['no name', '{"id":1}'],
    ['an empty name', '{"name":""}'],
    ['a name of 65 bytes', `{"name":"${'x'.repeat(65)}"}`],
    ['an id that is a list', '{"name":"a","id":[1]}'],
    ['an id of 65 characters', `{"name":"a","id":"${'x'.repeat(65)}"}`],
    ['a body above 1024 bytes', `{"name":"a","body":"${'x'.repeat(1030)}"}`],
    ['a body with 20 levels', `{"name":"a","body":${'['.repeat(20)}${']'.repeat(20)}}`],
    ['more than 8192 bytes', `{"name":"a"}${' '.repeat(8192)}`],
    ['half of a surrogate pair in its name', '{"name":"\\ud800"}'],
    ['half of a surrogate pair in its id', '{"name":"a","id":"\\udc00"}'],
    ['half a JSON', '{"name":'],
  ])('with %s are refused', (_name, payload) => {
    expect(() => parseCommand(text(payload))).toThrow(/correct its sender/);
  });

  it.each([
    ['a value that is shared', 'a2646e616d65616164626f647982d81c8101d81d00'],
    ['a tag', 'a2646e616d65616164626f6479c101'],
    ['a tag around the command', 'c1a1646e616d656161'],
  ])('with %s in CBOR are refused', (_name, hex) => {
    expect(() => parseCommand(received(Buffer.from(hex, 'hex')))).toThrow(/correct its sender/);
  });

  it('whose body would grow to 20^14 items are refused at once', () => {
    // Level n shares a list of 20 references to level n + 1.
    const shared = (id: number): string =>
      `d81c94${id === 14 ? '00' : shared(id + 1)}${`d81d${(id + 1).toString(16).padStart(2, '0')}`.repeat(19)}`;
    const payload = Buffer.from(`a2646e616d65616164626f6479${shared(0)}`, 'hex');
    expect(() => parseCommand(received(payload))).toThrow(/refers to another item/);
    expect(() => decodeEvent(Buffer.concat([Buffer.from('8501616100' + '00', 'hex'), payload]))).toThrow(/refers/);
  });

  it('are read by their content type, and without one by their first byte', () => {
    expect(parseCommand(text('{"name":"a"}', 'application/json; charset=utf-8')).json).toBe(true);
    expect(() => parseCommand(text('{"name":"a"}', 'application/cbor'))).toThrow();
    expect(parseCommand(received(encode({ name: 'a', body: new Uint8Array([1, 2]) }))).json).toBe(false);
    expect(parseCommand(text('{"name":"a"}')).body).toEqual(new Uint8Array(0));
    expect(parseCommand(text('{"name":"a","body":5000000000}')).body).toEqual(
      Uint8Array.from(Buffer.from('1b000000012a05f200', 'hex')),
    );
  });
});

describe('configurations', () => {
  it.each(['{"a":1.5}', '{"a":"1"}', '{"a":2147483648}', '{"":1}', `{"${'x'.repeat(65)}":1}`, '[]', 'null'])(
    '%s is refused',
    (payload) => {
      expect(() => parseConfig(text(payload, 'application/json'))).toThrow(/correct its sender/);
    },
  );

  it('have at most 64 settings, and none when empty', () => {
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, i]));
    expect(() => parseConfig(text(JSON.stringify(many)))).toThrow(/more than 64/);
    expect(parseConfig(text(''))).toEqual({});
  });
});

describe('names', () => {
  it('of nodes have letters, digits, "_" and "-" only', () => {
    for (const good of ['a', 'pump-7', 'A_b', 'x'.repeat(64)]) expect(isNodeId(good)).toBe(true);
    for (const bad of ['', '+', '#', 'a/b', '$SYS', 'a\n', 'ä', 'x'.repeat(65), '..'])
      expect(isNodeId(bad)).toBe(false);
  });

  it('of answers are never topics of a node', () => {
    for (const bad of ['mote/d/a/cmd', 'mote/d/', 'mote/d', '$SYS/a']) expect(isAnswerTopic('mote', bad)).toBe(false);
    for (const good of ['mote/answers', 'x', 'mote/db']) expect(isAnswerTopic('mote', good)).toBe(true);
  });
});
