/** Packages opened by the C code and by TypeScript: the same verdict, the same code, the same contents. */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type CborMap, CborTag, type CborValue, decodeCbor, encodeCbor } from '../../host/base/cbor/index.ts';
import { packagePath } from '../../host/base/index.ts';
import { cases, casesText, FULL } from '../../host/base/test-form.ts';
import { buildPackage, generateKeyPair, keyId } from '../../host/device/package/index.ts';
import { encodeEnvelope, parseEnvelope } from '../../host/device/package/suit.ts';
import { missingCrypto } from '../c-program.ts';
import { ask, buildDriver } from './driver.ts';
import {
  comparable,
  openRequest,
  pairs,
  randomBytes,
  randomMetadata,
  randomPackage,
  signedAgain,
  verdict,
  withPayload,
  xorshift,
} from './samples.ts';

/** Thousands of cases, under a sanitizer. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

describe.skipIf(missingCrypto)('a package opened in C', () => {
  let driver: string;
  beforeAll(async () => {
    driver = await buildDriver();
  });

  /** Compares the answers and counts their codes. */
  function compare(packages: Uint8Array[]): Record<string, number> {
    const answers = ask(driver, packages.map(openRequest));
    const counts: Record<string, number> = {};
    for (const [i, bytes] of packages.entries()) {
      const expected = verdict(bytes);
      if (comparable(answers[i]!) !== expected)
        expect(comparable(answers[i]!), `package ${i}: ${Buffer.from(bytes).toString('hex')}`).toBe(expected);
      const code = expected.split(' ', 1)[0]!;
      counts[code] = (counts[code] ?? 0) + 1;
    }
    expect(answers.length).toBe(packages.length);
    return counts;
  }

  const metadata = {
    ...randomMetadata(xorshift(9)),
    abi: 65536,
    memoryBytes: 1000,
    name: 'pump',
    product: 'pump',
    node: '',
    group: 'hall-2',
    maxStep: 70_000,
  };
  const build = (change: object = {}) =>
    buildPackage({
      wasm: randomBytes(xorshift(1), 60),
      rom: randomBytes(xorshift(2), 50),
      metadata,
      sequence: 70_000,
      privateKey: pairs[0]!.privateKey,
      ...change,
    });

  it(`has the contents that the encoder wrote, over ${casesText(3000)} random ones`, () => {
    const random = xorshift(11);
    const counts = compare(Array.from({ length: cases(3000) }, () => randomPackage(random)));
    for (const code of ['ok', 'PKG_TARGET', 'PKG_ABI', 'PKG_MEMORY', 'PKG_SEQUENCE'])
      expect(counts[code]).toBeGreaterThan(FULL ? 50 : 0);
  });

  it('can have payloads of any length around the lengths where heads grow', () => {
    const lengths = [0, 1, 8, 9, 23, 24, 240, 241, 255, 256, 257, 65_520, 65_521, 65_535, 65_536, 70_000];
    const some = (length: number) => randomBytes(xorshift(length + 1), length);
    const packages = lengths.flatMap((length) => [build({ rom: some(length) }), build({ wasm: some(length) })]);
    expect(compare(packages)).toEqual({ ok: packages.length });
  });

  it('is rejected with the same code after a change of any byte', () => {
    for (const { privateKey } of pairs) {
      const bytes = build({ privateKey });
      const changed = [...bytes.keys()].flatMap((at) =>
        [1, 2, 4, 8, 16, 32, 64, 128, 0xff, 0x55].map((bits) => bytes.with(at, bytes[at]! ^ bits)),
      );
      const counts = compare(changed);
      expect(counts.ok).toBeUndefined();
      for (const code of ['CBOR', 'COSE', 'SUIT', 'PKG_DIGEST', 'PKG_KEY', 'PKG_SIGNATURE'])
        expect(counts[code], code).toBeGreaterThan(0);
    }
  });

  it('is rejected with the same code when truncated or extended', () => {
    const bytes = build();
    const cut = Array.from({ length: bytes.length }, (_, length) => bytes.slice(0, length));
    const longer = [new Uint8Array([...bytes, 0]), new Uint8Array([...bytes, ...bytes])];
    expect(compare([...cut, ...longer])).toEqual({ CBOR: bytes.length + 2 });
  });

  it(`has the same code over ${casesText(100_000)} mutations`, () => {
    const random = xorshift(77);
    const seeds = Array.from({ length: 20 }, () => randomPackage(random));
    for (let round = 0; round < 20; round++) {
      const packages = Array.from({ length: cases(5000) }, () => {
        const changed = Uint8Array.from(seeds[random(seeds.length)]!);
        for (let n = random(4); n >= 0; n--) changed[random(changed.length)] = random(256);
        return random(7) ? changed : changed.slice(0, random(changed.length));
      });
      compare(packages);
    }
  });

  it(`has the same code over ${casesText(20_000)} mutations of signed metadata`, () => {
    const random = xorshift(5);
    const seeds = Array.from({ length: 10 }, () => parseEnvelope(randomPackage(random)));
    const packages = Array.from({ length: cases(20_000) }, () => {
      const envelope = seeds[random(seeds.length)]!;
      const meta = Uint8Array.from(envelope.payloads.get('#meta')!);
      for (let n = random(3); n >= 0; n--) meta[random(meta.length)] = random(256);
      return withPayload(envelope, '#meta', meta);
    });
    const counts = compare(packages);
    for (const code of ['ok', 'CBOR', 'PKG_METADATA']) expect(counts[code], code).toBeGreaterThan(FULL ? 100 : 0);
  });

  const inMap = (change: (map: CborMap) => unknown) => (bytes: Uint8Array) => {
    const map = decodeCbor(bytes) as CborMap;
    change(map);
    return encodeCbor(map);
  };
  it.each<[string, (meta: Uint8Array) => Uint8Array]>([
    ['a number for a map', () => encodeCbor(7)],
    ['a missing key', inMap((map) => map.delete(5))],
    ['an additional key', inMap((map) => map.set(15, 0))],
    ['no format', inMap((map) => map.delete(0))],
    ['nothing', inMap((map) => map.clear())],
    ['an older format', inMap((map) => map.set(0, 1))],
    ['a newer format', inMap((map) => map.set(0, 3))],
    ['a format of many bytes', inMap((map) => map.set(0, 2 ** 40))],
    ['a product of 65 bytes', inMap((map) => map.set(11, 'x'.repeat(65)))],
    ['a number for a product', inMap((map) => map.set(11, 0))],
    ['no product', inMap((map) => map.set(11, ''))],
    ['another product', inMap((map) => map.set(11, 'pum'))],
    ['this node', inMap((map) => map.set(12, 'pump-7'))],
    ['another node', inMap((map) => map.set(12, 'pump-8'))],
    ['no group', inMap((map) => map.set(13, ''))],
    ['another group', inMap((map) => map.set(13, 'hall-21'))],
    ['a step below 0', inMap((map) => map.set(14, -1))],
    ['a step of 33 bits', inMap((map) => map.set(14, 2 ** 32))],
    ['a step one too short', inMap((map) => map.set(14, 69_997))],
    ['a step that is just enough', inMap((map) => map.set(14, 69_998))],
    ['a text key in place of one', inMap((map) => map.delete(10) && map.set('trial', 0))],
    ['an empty name', inMap((map) => map.set(1, ''))],
    ['a name of 65 bytes', inMap((map) => map.set(1, 'x'.repeat(65)))],
    ['a name of 64 bytes', inMap((map) => map.set(1, 'x'.repeat(64)))],
    ['U+009F in a name', inMap((map) => map.set(1, 'a\u009f'))],
    ['U+00A0 in a name', inMap((map) => map.set(1, 'a\u00a0'))],
    ['U+007F in a name', inMap((map) => map.set(1, '\u007f'))],
    ['a zero in a name', inMap((map) => map.set(1, 'a\u0000b'))],
    ['an ABI of 33 bits', inMap((map) => map.set(3, 2 ** 32))],
    ['an ABI below 0', inMap((map) => map.set(3, -1))],
    ['257 sensors', inMap((map) => map.set(5, Array(257).fill('s')))],
    ['256 sensors', inMap((map) => map.set(5, Array(256).fill('s')))],
    ['an exponent of 31', inMap((map) => map.set(6, [['m', '', 31]]))],
    ['an exponent of -31', inMap((map) => map.set(6, [['m', '', -31]]))],
    [
      'exponents of 30 and -30',
      inMap((map) =>
        map.set(6, [
          ['m', '', 30],
          ['m', '', -30],
        ]),
      ),
    ],
    ['a metric of four', inMap((map) => map.set(6, [['m', '', 0, 0]]))],
    ['a unit that is a number', inMap((map) => map.set(6, [['m', 0, 0]]))],
    ['a digest of 31 bytes', inMap((map) => map.set(8, [['m', new Uint8Array(31)]]))],
    ['fuel of 2^63 - 1', inMap((map) => map.set(9, (1n << 63n) - 1n))],
    ['fuel of 2^63', inMap((map) => map.set(9, 1n << 63n))],
    ['fuel of 2^64 - 1', inMap((map) => map.set(9, (1n << 64n) - 1n))],
    ['fuel of -2^64', inMap((map) => map.set(9, -(1n << 64n)))],
  ])('has the same verdict with metadata that have %s', (_what, change) => {
    const envelope = parseEnvelope(build());
    compare([withPayload(envelope, '#meta', change(envelope.payloads.get('#meta')!))]);
  });

  it.each<[string, string, (padded: Uint8Array) => Uint8Array]>([
    ['its unchanged rom', 'ok', (padded) => padded],
    ['a byte before its rom', 'PKG_FORMAT', (padded) => padded.with(0, 1)],
    ['a byte after its rom', 'PKG_FORMAT', (padded) => padded.with(padded.length - 1, 1)],
    ['15 zeros for a rom', 'PKG_FORMAT', () => new Uint8Array(15)],
    ['one zero for a rom', 'PKG_FORMAT', () => new Uint8Array(1)],
    ['a rom of one byte that is 0', 'ok', () => new Uint8Array(16)],
    ['no rom', 'ok', () => new Uint8Array(0)],
  ])('has the same verdict with %s', (_what, code, change) => {
    const envelope = parseEnvelope(build());
    const bytes = withPayload(envelope, '#rom', change(envelope.payloads.get('#rom')!));
    expect(compare([bytes])).toEqual({ [code]: 1 });
  });

  const header = (entries: [number, CborValue][]) => encodeCbor(new Map(entries));
  const id = keyId(pairs[0]!.publicKey);
  it.each<[string, (parts: CborValue[]) => CborValue]>([
    ['three parts', (parts) => parts.slice(1)],
    ['a map for parts', () => new Map()],
    ['an empty header', (parts) => parts.with(0, new Uint8Array(0))],
    ['a header that is a list', (parts) => parts.with(0, encodeCbor([]))],
    ['a header that is not CBOR', (parts) => parts.with(0, Uint8Array.of(0xff))],
    ['a header that is a text', (parts) => parts.with(0, 'header')],
    ['no algorithm', (parts) => parts.with(0, header([[4, id]]))],
    [
      'an algorithm of -9',
      (parts) =>
        parts.with(
          0,
          header([
            [1, -9],
            [4, id],
          ]),
        ),
    ],
    [
      'the other algorithm',
      (parts) =>
        parts.with(
          0,
          header([
            [1, -7],
            [4, id],
          ]),
        ),
    ],
    ['no key id', (parts) => parts.with(0, header([[1, -8]]))],
    [
      'an empty key id',
      (parts) =>
        parts.with(
          0,
          header([
            [1, -8],
            [4, new Uint8Array(0)],
          ]),
        ),
    ],
    [
      'a key id of 200 bytes',
      (parts) =>
        parts.with(
          0,
          header([
            [1, -8],
            [4, new Uint8Array(200)],
          ]),
        ),
    ],
    [
      'a key id that is a text',
      (parts) =>
        parts.with(
          0,
          header([
            [1, -8],
            [4, 'me'],
          ]),
        ),
    ],
    [
      'a signed content type',
      (parts) =>
        parts.with(
          0,
          header([
            [1, -8],
            [3, 0],
            [4, id],
          ]),
        ),
    ],
    [
      'a critical parameter',
      (parts) =>
        parts.with(
          0,
          header([
            [1, -8],
            [2, [9]],
            [4, id],
          ]),
        ),
    ],
    ['a key id that is not signed', (parts) => [header([[1, -8]]), new Map([[4, id]]), ...parts.slice(2)]],
    ['a key id twice', (parts) => parts.with(1, new Map([[4, id]]))],
    [
      'a common key between others',
      (parts) => [
        header([
          [1, -8],
          [4, id],
          [7, 0],
        ]),
        new Map([
          [3, 0],
          [5, 0],
          [7, 0],
        ]),
        ...parts.slice(2),
      ],
    ],
    ['an unsigned key id of another type', (parts) => [header([[1, -8]]), new Map([[4, 1]]), ...parts.slice(2)]],
    ['an unsigned content type', (parts) => parts.with(1, new Map([[3, 0]]))],
    ['an unknown parameter', (parts) => parts.with(1, new Map([[99, 0]]))],
    ['a parameter named by a text', (parts) => parts.with(1, new Map([['', 0]]))],
    ['an attached payload', (parts) => parts.with(2, new Uint8Array(36))],
    ['a payload that is a number', (parts) => parts.with(2, 0)],
    ['a signature of 63 bytes', (parts) => parts.with(3, new Uint8Array(63))],
    ['a signature that is a text', (parts) => parts.with(3, 'x'.repeat(64))],
    ['a signature of zeros', (parts) => parts.with(3, new Uint8Array(64))],
  ])('has the same verdict with a signature that has %s', (_what, change) => {
    const envelope = parseEnvelope(build());
    const { value } = decodeCbor(envelope.signatures[0]!) as CborTag;
    for (const tag of [18, 17]) {
      const signatures = [encodeCbor(new CborTag(tag, change(value as CborValue[])))];
      expect(compare([encodeEnvelope({ ...envelope, signatures })]).ok).toBeUndefined();
    }
    const untagged = [encodeCbor(change(value as CborValue[]))];
    expect(compare([encodeEnvelope({ ...envelope, signatures: untagged })])).toEqual({ COSE: 1 });
  });

  /** A wrapper of so many bytes: a digest, and a string in place of a signature. */
  const wrapperOf = (bytes: number) => {
    const head = encodeCbor([new Uint8Array(36), new Uint8Array(bytes - 100)]).length - (bytes - 100);
    return encodeCbor([new Uint8Array(36), new Uint8Array(bytes - head)]);
  };
  it.each<[string, () => Uint8Array]>([
    ['no signature', () => encodeEnvelope({ ...parseEnvelope(build()), signatures: [] })],
    [
      'two signatures',
      () => {
        const envelope = parseEnvelope(build());
        return encodeEnvelope({ ...envelope, signatures: [envelope.signatures[0]!, envelope.signatures[0]!] });
      },
    ],
    ['another signer', () => build({ privateKey: generateKeyPair().privateKey })],
    [
      'an additional payload',
      () => {
        const envelope = parseEnvelope(build());
        return encodeEnvelope({ ...envelope, payloads: new Map([...envelope.payloads, ['#more', id]]) });
      },
    ],
    [
      'a missing payload',
      () => {
        const envelope = parseEnvelope(build());
        return encodeEnvelope({ ...envelope, payloads: new Map([...envelope.payloads].slice(1)) });
      },
    ],
    ['a severed member', () => encodeEnvelope({ ...parseEnvelope(build()), severed: new Map([[20, id]]) })],
    ['the sequence 0', () => sequenceOf(0)],
    ['the sequence 2^32', () => sequenceOf(2 ** 32)],
    ['the sequence 2^53', () => sequenceOf(2n ** 53n)],
    ['the sequence -1', () => sequenceOf(-1)],
    ['another manifest version', () => manifestOf((map) => map.set(1, 2))],
    ['a manifest without version', () => manifestOf((map) => map.delete(1))],
    ['a reference in the manifest', () => manifestOf((map) => map.set(4, 'http://example.com'))],
    ['another tag', () => encodeCbor(new CborTag(106, (decodeCbor(build()) as CborTag).value))],
    ['a list for members', () => encodeCbor(new CborTag(107, []))],
    ['members alone', () => encodeCbor((decodeCbor(build()) as CborTag).value)],
    ['no wrapper', () => membersOf((map) => map.delete(2))],
    ['an empty wrapper', () => membersOf((map) => map.set(2, encodeCbor([])))],
    ['a wrapper that is a map', () => membersOf((map) => map.set(2, encodeCbor(new Map())))],
    ['a wrapper with a text', () => membersOf((map) => map.set(2, encodeCbor(['text'])))],
    ['a wrapper of 1024 bytes', () => membersOf((map) => map.set(2, wrapperOf(1024)))],
    ['a wrapper of 1025 bytes', () => membersOf((map) => map.set(2, wrapperOf(1025)))],
    ['a wrapper of 60,000 bytes', () => membersOf((map) => map.set(2, wrapperOf(60_000)))],
    [
      'a wrapper of 1025 bytes that are not CBOR',
      () => membersOf((map) => map.set(2, new Uint8Array(1025).fill(0xff))),
    ],
    ['a wrapper with 16 levels', () => membersOf((map) => map.set(2, new Uint8Array(17).fill(0x81).with(16, 0)))],
    ['a wrapper with 17 levels', () => membersOf((map) => map.set(2, new Uint8Array(18).fill(0x81).with(17, 0)))],
    ['a wrapper with 1000 levels', () => membersOf((map) => map.set(2, new Uint8Array(1000).fill(0x81).with(999, 0)))],
    ['a wrapper that is not CBOR', () => membersOf((map) => map.set(2, Uint8Array.of(0x18)))],
    ['no manifest', () => membersOf((map) => map.delete(3))],
    ['a manifest that is a text', () => membersOf((map) => map.set(3, 'manifest'))],
    ['a member that is a number', () => membersOf((map) => map.set('#wasm', 5))],
    ['a member of a negative number', () => membersOf((map) => map.set(-3, id))],
    ['no bytes', () => new Uint8Array(0)],
  ])('has the same verdict with %s', (_what, make) => {
    expect(compare([make()]).ok).toBeUndefined();
  });

  function manifestOf(change: (map: CborMap) => unknown): Uint8Array {
    const envelope = parseEnvelope(build());
    return signedAgain(envelope, inMap(change)(envelope.manifest));
  }
  function sequenceOf(sequence: number | bigint): Uint8Array {
    return manifestOf((map) => map.set(2, sequence));
  }
  function membersOf(change: (map: CborMap) => unknown): Uint8Array {
    const members = (decodeCbor(build()) as CborTag).value as CborMap;
    change(members);
    return encodeCbor(new CborTag(107, members));
  }

  it('is rejected alike if it is an example of the SUIT working group', () => {
    const folder = packagePath('tests', 'vectors', 'suit');
    const packages = readdirSync(folder).flatMap((name) => {
      const example = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as Record<string, string>;
      return ['unsigned_envelope_hex', 'signed_envelope_hex'].map((form) => Buffer.from(example[form]!, 'hex'));
    });
    expect(packages.length).toBe(8);
    // Some have severed members, which no package has: C doesn't read a manifest for their digests.
    const codes = ask(driver, packages.map(openRequest)).map((answer) => answer.split(' ')[0]);
    for (const [i, bytes] of packages.entries()) {
      expect(verdict(bytes)).toMatch(/^(SUIT|PKG_FORMAT|PKG_SEQUENCE)/);
      expect(codes[i]).toMatch(/^(SUIT|PKG_FORMAT|PKG_SEQUENCE)$/);
    }
  });
});
