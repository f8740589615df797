import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeCbor, wellFormed } from '../../host/base/cbor/index.ts';
import { isWireText, packagePath } from '../../host/base/index.ts';
import { cases, casesText } from '../../host/base/test-form.ts';
import { examples } from '../../host/device/link/examples.ts';
import { encodeFrame, FrameDecoder } from '../../host/device/link/frame.ts';
import { encodeMessage, isNodeMessage, type Message, parseMessage, Xorshift } from '../../host/device/link/index.ts';
import { missingCompiler } from '../c-program.ts';
import { ask, buildDriver, compare } from './driver.ts';
import { hex, shimData, shimHello, show } from './reference.ts';

const random = new Xorshift(4);
const bytesOf = (count: number) => Uint8Array.from({ length: count }, () => random.below(256));

/** Returns the expected answer of the C code for a body; a node accepts only messages of a shim. */
function parsed(body: Uint8Array): string {
  try {
    const message = parseMessage(body);
    return isNodeMessage(message) ? 'none' : show(message);
  } catch {
    return 'none';
  }
}

function decodes(bytes: Uint8Array): string {
  try {
    decodeCbor(bytes);
    return '1';
  } catch {
    return '0';
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
function isText(bytes: Uint8Array): string {
  try {
    return isWireText(strictUtf8.decode(bytes)) ? '1' : '0';
  } catch {
    return '0';
  }
}

function framed(maxBytes: number, piece: number, stream: Uint8Array): string {
  const decoder = new FrameDecoder(maxBytes + 16);
  const contents: string[] = [];
  for (let at = 0; at < stream.length; at += piece)
    decoder.push(stream.subarray(at, at + piece), (content) => contents.push(hex(content)));
  return [...contents, decoder.errors].join(' ');
}

function mutated(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  for (let n = random.below(4); n > 0; n--) copy[random.below(copy.length)] = random.below(random.below(2) ? 256 : 4);
  const tail = random.below(6) === 0 ? bytesOf(random.below(9)) : new Uint8Array(0);
  return Buffer.concat([random.below(6) === 0 ? copy.subarray(0, random.below(copy.length + 1)) : copy, tail]);
}

/** Returns a random item, nested up to `depth`, sometimes not well-formed. */
function item(depth: number): Uint8Array {
  const major = random.below(8);
  const small = random.below(4);
  const nested = (count: number) => Array.from({ length: count }, () => item(depth - 1));
  if (random.below(40) === 0) return bytesOf(1 + random.below(4));
  if (major < 2 || major === 7 || depth === 0) {
    const short = random.below(28);
    const size = short < 24 ? 0 : 1 << (short - 24);
    return Uint8Array.of((depth === 0 ? major & 1 : major) * 32 + short, ...bytesOf(size));
  }
  if (random.below(5) === 0 && major < 6) {
    const parts =
      major < 4
        ? Array.from({ length: small }, () => Uint8Array.of(major * 32 + 2, 0x61, 0x62))
        : nested(major === 5 ? 2 * small : small);
    return Buffer.concat([Uint8Array.of(major * 32 + 31), ...parts, Uint8Array.of(255)]);
  }
  if (major < 4)
    return Uint8Array.of(major * 32 + small, ...Array.from({ length: small }, () => 0x61 + random.below(3)));
  if (major === 6) return Buffer.concat([Uint8Array.of(0xc0 + random.below(24)), ...nested(1)]);
  return Buffer.concat([Uint8Array.of(major * 32 + small), ...nested(major === 5 ? 2 * small : small)]);
}

/** The messages `[17, 1, name, h'']` and `[18, {name: 1}]`. */
const commandOf = (name: Uint8Array) =>
  Buffer.concat([Uint8Array.of(0x84, 17, 1, 0x60 + name.length), name, Uint8Array.of(0x40)]);
const configOf = (name: Uint8Array) =>
  Buffer.concat([Uint8Array.of(0x82, 18, 0xa1, 0x60 + name.length), name, Uint8Array.of(1)]);

const driver = await buildDriver();

describe.skipIf(missingCompiler)('the C codec and the TypeScript codec', () => {
  const bodies = (Object.values(examples) as Message[]).map(encodeMessage);
  const forNodes: Uint8Array[] = [
    ...(Object.values(examples) as Message[]).filter((message) => !isNodeMessage(message)).map(encodeMessage),
    encodeMessage({ type: 'config', values: { ﬀ: 2, '😀': -3, é: 4, e: 5, ee: 6 } }),
    encodeMessage({ type: 'chunk', transfer: bytesOf(8), offset: 0, bytes: bytesOf(300) }),
  ];

  it('decode each example of docs/spec/link.md alike', () => {
    const spec = readFileSync(packagePath('docs', 'spec', 'link.md'), 'utf8');
    const rows = [...spec.matchAll(/^\| ([a-z?]+) \| `([0-9a-f]+)` \|(?: `([0-9a-f]+)` \|)?$/gm)];
    expect(rows).toHaveLength(16);
    for (const [, name, content, frame] of rows) {
      const bytes = Uint8Array.from(Buffer.from(content!, 'hex'));
      if (frame === undefined) compare(driver, [`parse ${content}`], [parsed(bytes)]);
      else compare(driver, [`frames 8192 5 ${frame}`, `frame ${content} 7`], [`${content} 0`, frame]);
      if (frame === undefined) expect([name, parsed(bytes) === 'none']).toEqual([name, bytes[1]! < 16]);
    }
  });

  it('accept and reject the same of 60,000 mutated bodies', () => {
    const inputs = Array.from({ length: 60_000 }, () => mutated(forNodes[random.below(forNodes.length)]!));
    for (const body of bodies) inputs.push(body);
    const expected = inputs.map(parsed);
    expect(expected.filter((one) => one !== 'none').length).toBeGreaterThan(5000);
    compare(
      driver,
      inputs.map((body) => `parse ${hex(body)}`),
      expected,
    );
  });

  it('agree about each vector of text, also as the name of a command and of a setting', () => {
    const path = packagePath('tests', 'vectors', 'text.json');
    const { good, bad } = JSON.parse(readFileSync(path, 'utf8')) as Record<'good' | 'bad', { hex: string }[]>;
    const bytes = (one: { hex: string }) => Uint8Array.from(Buffer.from(one.hex, 'hex'));
    const verdicts = [...good.map(() => '1'), ...bad.map(() => '0')];
    const texts = [...good, ...bad].map(bytes);
    compare(
      driver,
      texts.map((text) => `text ${hex(text)}`),
      verdicts,
    );
    const named = texts.filter((text) => text.length > 0).flatMap((text) => [commandOf(text), configOf(text)]);
    const expected = named.map(parsed);
    expect(expected.filter((one) => one !== 'none')).toHaveLength(2 * (good.length - 1));
    compare(
      driver,
      named.map((body) => `parse ${hex(body)}`),
      expected,
    );
  });

  it('agree about each code point, and about damaged text', () => {
    const lines: string[] = [];
    const expected: string[] = [];
    const ask = (bytes: Uint8Array) => {
      lines.push(`text ${hex(bytes)}`);
      expected.push(isText(bytes));
    };
    for (let plane = 0; plane <= 0x10; plane++) {
      for (const low of [0, 0x7e, 0x7f, 0x80, 0x9f, 0xa0, 0xd7ff, 0xe000, 0xfdcf, 0xfdd0, 0xfdef, 0xfdf0])
        ask(Buffer.from(String.fromCodePoint(plane * 0x1_0000 + low)));
      for (let low = 0xfff0; low <= 0xffff; low++) ask(Buffer.from(String.fromCodePoint(plane * 0x1_0000 + low)));
    }
    for (let i = 0; i < 20_000; i++) {
      const code = () => random.below([0x100, 0x1_0000, 0x11_0000][random.below(3)]!);
      ask(mutated(Buffer.from(String.fromCodePoint(code(), code(), code()))));
    }
    expect(expected.filter((one) => one === '1').length).toBeGreaterThan(1000);
    compare(driver, lines, expected);
  });

  it('classify the same of 60,000 items as well-formed, and as deterministic', () => {
    const inputs = Array.from({ length: 60_000 }, () => {
      const one = item(random.below(8) ? random.below(5) : 18);
      return random.below(3) ? one : mutated(one);
    });
    for (const depth of [15, 16, 17, 18]) {
      for (const open of [0x81, 0xc1, 0x9f, 0xa1]) {
        const heads = Array.from({ length: depth }, () => (open === 0xa1 ? [open, 0] : [open])).flat();
        for (const inner of [[0], [0x80], [0xa0], [0x40]]) {
          const ends = open === 0x9f ? Array<number>(depth).fill(0xff) : [];
          inputs.push(Uint8Array.of(...heads, ...inner, ...ends));
        }
      }
    }
    const verdicts = inputs.map((one) => [wellFormed(one) ? '1' : '0', decodes(one)]);
    for (const kind of [0, 1]) {
      const taken = verdicts.filter((verdict) => verdict[kind] === '1').length;
      expect(taken).toBeGreaterThan(3000);
      expect(inputs.length - taken).toBeGreaterThan(3000);
    }
    compare(
      driver,
      inputs.flatMap((one) => [`well-formed ${hex(one)}`, `value ${hex(one)}`]),
      verdicts.flat(),
    );
  });

  it(`split ${casesText(20_000)} damaged streams into the same frames and count the same errors`, () => {
    const lines: string[] = [];
    const expected: string[] = [];
    for (let i = 0; i < cases(20_000); i++) {
      const max = [40, 100, 600, 8192][random.below(4)]!;
      const contents = Array.from({ length: 1 + random.below(4) }, () => {
        const most = [20, max + 20, 600][random.below(3)]!;
        const fill = random.below(3);
        return bytesOf(1 + random.below(Math.min(most, 700))).map((byte) =>
          fill === 0 ? byte : fill === 1 ? byte & 1 : 1,
        );
      });
      const stream = Buffer.concat(contents.map((content) => encodeFrame(content)));
      const damaged = random.below(2) ? mutated(stream) : stream;
      const piece = 1 + random.below(300);
      lines.push(`frames ${max} ${piece} ${hex(damaged)}`);
      expected.push(framed(max, piece, damaged));
    }
    // The maximum length, and one byte more.
    for (const max of [40, 238, 239, 492, 8192]) {
      for (const extra of [15, 16, 17]) {
        for (const fill of [0, 1, 255]) {
          // The sender's own limit is that of the longest message.
          if (max + extra > 8208) continue;
          const stream = encodeFrame(new Uint8Array(max + extra).fill(fill));
          lines.push(`frames ${max} 1000 ${hex(stream)}`);
          expected.push(framed(max, 1000, stream));
        }
      }
    }
    compare(driver, lines, expected);
  });

  it('encode 5,000 contents as the same frames, however they are read', () => {
    const lines: string[] = [];
    const expected: string[] = [];
    for (let i = 0; i < 5000; i++) {
      const zeros = random.below(4);
      const count = 1 + random.below(random.below(3) ? 40 : 1100);
      const content = bytesOf(count).map((byte) => (zeros === 0 ? byte || 1 : zeros === 1 ? byte & 1 : byte));
      lines.push(`frame ${hex(content)} ${1 + random.below(300)}`);
      expected.push(hex(encodeFrame(content)));
    }
    compare(driver, lines, expected);
  });

  it('use the same number of bytes for 20 samples', () => {
    const { values, dtUs, exponent, quality, seq } = examples.telemetry;
    const bytes = new Uint8Array(Int32Array.from(values).buffer);
    const lines = [
      '0 start 9 16 64 8000 8192 9 9000 9 9 9 16000 1000',
      '0 attach',
      `0 in ${shimHello(9)}`,
      `0 in ${shimData(0, { type: 'time', sentUs: 0, utcMs: 1_790_000_000_000 })}`,
      `0 telemetry 0 0 ${dtUs} ${exponent} ${quality} ${seq} ${hex(bytes)}`,
    ];
    const sent = ask(driver, lines).at(-1)!;
    expect(sent.length / 2).toBe(58);
  });
});
