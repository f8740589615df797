import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type CborMap, CborTag, type CborValue, decodeCbor, encodeCbor } from '../../base/cbor/index.ts';
import { MoteError } from '../../base/index.ts';
import { cases, casesText, SAMPLE } from '../../base/test-form.ts';
import { generateKeyPair, keyId } from './keys.ts';
import type { Metadata } from './metadata.ts';
import { encodeMetadata, parseMetadata } from './metadata-codec.ts';
import { buildPackage, checkPackage, openPackage, parsePackage } from './package.ts';
import { encodeEnvelope, parseEnvelope, suitDigest } from './suit.ts';

const pair = generateKeyPair();
const other = generateKeyPair();
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const metadata: Metadata = {
  name: 'vibration',
  version: '1.2.3',
  abi: 65536,
  memoryBytes: 20_480,
  sensors: ['accel'],
  metrics: [{ name: 'rms', unit: 'm/s2', exponent: -3 }],
  commands: ['reset'],
  models: [{ name: 'ad', sha256: new Uint8Array(32).fill(7) }],
  fuel: 5_000_000n,
  trialMs: 5000,
  product: 'pump',
  node: 'pump-7',
  group: 'hall-2',
  maxStep: 1000,
};
const host = { abi: 65536, memoryBytes: 20_480, sequence: 2, product: 'pump', node: 'pump-7', group: 'hall-2' };
const wasm = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 0xff);
const rom = Uint8Array.from({ length: 40 }, (_, i) => (i * 11) & 0xff);
const build = (change: object = {}) =>
  buildPackage({ wasm, rom, metadata, sequence: 3, privateKey: pair.privateKey, ...change });

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof MoteError) return error.code;
    throw error;
  }
  return 'none';
}
function xorshift(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

describe('a package', () => {
  it('is opened with the key that signed it, and returns its inputs', () => {
    const bytes = build();
    const pkg = openPackage(bytes, [other.publicKey, pair.publicKey]);
    expect(pkg).toMatchObject({ sequence: 3, metadata, wasm, rom, keyId: keyId(pair.privateKey) });
    expect(parsePackage(bytes)).toEqual(pkg);
    expect(encodeEnvelope(parseEnvelope(bytes))).toEqual(bytes);
    expect(build()).toEqual(bytes);
  });

  it('can be signed with P-256, and can have no rom', () => {
    const bytes = build({ privateKey: p256.privateKey, rom: new Uint8Array(0) });
    expect(openPackage(bytes, [p256.publicKey]).rom.length).toBe(0);
  });

  it('is rejected with a key that is not trusted, or of another kind', () => {
    expect(codeOf(() => openPackage(build(), [other.publicKey]))).toBe('PKG_KEY');
    expect(codeOf(() => openPackage(build(), []))).toBe('PKG_KEY');
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(codeOf(() => build({ privateKey: rsa.privateKey }))).toBe('KEY_TYPE');
  });

  it('is rejected after a change of any single byte', () => {
    const bytes = build();
    let tried = 0;
    for (let at = 0; at < bytes.length; at++)
      for (const change of SAMPLE ? [1 << (at % 8)] : [1, 2, 4, 8, 16, 32, 64, 128, 0xff, 0x55]) {
        const changed = bytes.slice();
        changed[at]! ^= change;
        expect(
          codeOf(() => openPackage(changed, [pair.publicKey])),
          `byte ${at}`,
        ).not.toBe('none');
        tried++;
      }
    expect(tried).toBe(bytes.length * (SAMPLE ? 1 : 10));
  });

  it('is rejected when truncated, extended, or given an extra member', () => {
    const bytes = build();
    for (let length = 0; length < bytes.length; length++)
      expect(codeOf(() => openPackage(bytes.subarray(0, length), [pair.publicKey]))).not.toBe('none');
    expect(codeOf(() => openPackage(Buffer.concat([bytes, new Uint8Array(1)]), [pair.publicKey]))).toBe('CBOR');
    const envelope = parseEnvelope(bytes);
    const extra = new Map([...envelope.payloads, ['#more', wasm]]);
    expect(codeOf(() => parsePackage(encodeEnvelope({ ...envelope, payloads: extra })))).toBe('SUIT');
    const none = new Map([...envelope.payloads].filter(([name]) => name !== '#rom'));
    expect(codeOf(() => parsePackage(encodeEnvelope({ ...envelope, payloads: none })))).toBe('PKG_FORMAT');
    const twice = [...envelope.signatures, ...envelope.signatures];
    expect(codeOf(() => parsePackage(encodeEnvelope({ ...envelope, signatures: twice })))).toBe('PKG_FORMAT');
    expect(codeOf(() => parsePackage(encodeEnvelope({ ...envelope, signatures: [] })))).toBe('PKG_FORMAT');
  });

  it('has its rom at a multiple of 16, whatever the length of the bytes before it', () => {
    const random = xorshift(3);
    const all = [...Array(300).keys(), ...Array.from({ length: 40 }, (_, i) => 65_500 + i)];
    const lengths = all.filter((_, i) => !SAMPLE || i % 17 === 0);
    for (const length of lengths) {
      const given = Uint8Array.from({ length }, () => (random() >>> 24) | 1);
      const bytes = build({ rom: given, sequence: 1 << (random() % 31) });
      expect(Buffer.compare(parsePackage(bytes).rom, given)).toBe(0);
      if (length > 8) expect(Buffer.from(bytes).indexOf(given) % 16, `rom of ${length} bytes`).toBe(0);
    }
  });

  /** A manifest with the correct digest and size of this payload, whatever rule the payload breaks. */
  function manifestFor(manifest: Uint8Array, payload: Uint8Array): Uint8Array {
    const map = decodeCbor(manifest) as CborMap;
    const common = decodeCbor(map.get(3) as Uint8Array) as CborMap;
    const shared = decodeCbor(common.get(4) as Uint8Array) as CborValue[];
    const image = shared[shared.indexOf(1, 10) + 2] as CborMap;
    image.set(3, suitDigest(payload)).set(14, payload.length);
    common.set(4, encodeCbor(shared));
    return encodeCbor(map.set(3, encodeCbor(common)));
  }

  it.each<[string, string, (padded: Uint8Array) => Uint8Array]>([
    ['its unchanged rom', 'none', (padded) => padded],
    ['another rom', 'none', (padded) => padded.with(20, 99)],
    ['another byte than 0 before its rom', 'PKG_FORMAT', (padded) => padded.with(0, 1)],
    ['another byte than 0 after its rom', 'PKG_FORMAT', (padded) => padded.with(padded.length - 1, 1)],
    ['zeros and no rom', 'PKG_FORMAT', () => new Uint8Array(15)],
    ['too few zeros', 'PKG_FORMAT', () => new Uint8Array(14)],
    ['no rom', 'none', () => new Uint8Array(0)],
  ])('is accepted or rejected with %s', (_what, expected, change) => {
    // With this sequence there are zeros on both sides.
    const envelope = parseEnvelope(build({ sequence: 70_000 }));
    const payload = change(envelope.payloads.get('#rom')!);
    const manifest = manifestFor(envelope.manifest, payload);
    const payloads = new Map([...envelope.payloads, ['#rom', payload]]);
    expect(codeOf(() => parsePackage(encodeEnvelope({ ...envelope, manifest, payloads })))).toBe(expected);
  });

  it.each<[string, string, (parts: CborValue[]) => CborValue[]]>([
    ['its unchanged signature', 'none', (parts) => parts],
    ['a content type that is not signed', 'PKG_FORMAT', ([header, , ...rest]) => [header!, new Map([[3, 0]]), ...rest]],
    [
      'another key id that is not signed',
      'PKG_FORMAT',
      ([, , ...rest]) => [encodeCbor(new Map([[1, -8]])), new Map([[4, keyId(pair.publicKey)]]), ...rest],
    ],
    ['its digest attached', 'PKG_FORMAT', (parts) => parts.with(2, new Uint8Array(36))],
    ['an unknown parameter', 'COSE', (parts) => parts.with(1, new Map([[99, 0]]))],
  ])('accepts no unsigned content in its signature: with %s', (_what, expected, change) => {
    const envelope = parseEnvelope(build());
    const { tag, value } = decodeCbor(envelope.signatures[0]!) as CborTag;
    const signatures = [encodeCbor(new CborTag(tag, change(value as CborValue[])))];
    expect(codeOf(() => openPackage(encodeEnvelope({ ...envelope, signatures }), [pair.publicKey]))).toBe(expected);
  });

  it('does not accept a signature of other contents', () => {
    const [mine, theirs] = [
      parseEnvelope(build()),
      parseEnvelope(build({ privateKey: other.privateKey, sequence: 9 })),
    ];
    const forged = encodeEnvelope({ ...theirs, signatures: mine.signatures });
    expect(codeOf(() => openPackage(forged, [pair.publicKey]))).toBe('PKG_SIGNATURE');
    const swapped = encodeEnvelope({ ...mine, payloads: new Map([...mine.payloads, ['#wasm', rom]]) });
    expect(codeOf(() => openPackage(swapped, [pair.publicKey]))).toBe('PKG_DIGEST');
  });

  it(`fails only with a MoteError over ${casesText(100_000)} mutations`, () => {
    const bytes = build();
    const random = xorshift(77);
    for (let i = 0; i < cases(100_000); i++) {
      let changed = bytes.slice();
      for (let n = random() % 4; n >= 0; n--) changed[random() % changed.length] = random() >>> 24;
      if (i % 7 === 0) changed = changed.subarray(0, random() % changed.length);
      const code = codeOf(() => openPackage(changed, [pair.publicKey]));
      if (code === 'none' && Buffer.compare(changed, bytes) !== 0) throw new Error(`mutation ${i} was accepted`);
    }
  });

  it.each([
    ['no sequence', 'PKG_SEQUENCE', { sequence: 0 }],
    ['a sequence above 32 bits', 'PKG_SEQUENCE', { sequence: 2 ** 32 }],
    ['no name', 'PKG_METADATA', { metadata: { ...metadata, name: '' } }],
    ['a line break in a name', 'PKG_METADATA', { metadata: { ...metadata, name: 'a\nb' } }],
    ['a sensor of 65 bytes', 'PKG_METADATA', { metadata: { ...metadata, sensors: ['s'.repeat(65)] } }],
    ['257 commands', 'PKG_METADATA', { metadata: { ...metadata, commands: new Array(257).fill('c') } }],
    [
      'an exponent of 31',
      'PKG_METADATA',
      { metadata: { ...metadata, metrics: [{ name: 'a', unit: '', exponent: 31 }] } },
    ],
    [
      'half a digest',
      'PKG_METADATA',
      { metadata: { ...metadata, models: [{ name: 'm', sha256: new Uint8Array(16) }] } },
    ],
    ['negative fuel', 'PKG_METADATA', { metadata: { ...metadata, fuel: -1n } }],
    ['half a byte of memory', 'CBOR', { metadata: { ...metadata, memoryBytes: 0.5 } }],
    [
      'no unit and the most fuel',
      'none',
      { metadata: { ...metadata, metrics: [{ name: 'n', unit: '', exponent: 0 }], fuel: (1n << 63n) - 1n } },
    ],
  ])('is built or rejected with %s', (_what, expected, change) => {
    expect(codeOf(() => openPackage(build(change), [pair.publicKey]))).toBe(expected);
  });

  it.each([
    ['the same ABI', 'none', {}],
    ['a newer minor', 'none', { abi: 65537 }],
    ['an older major', 'PKG_ABI', { abi: 0x00020000 }],
    ['less memory', 'PKG_MEMORY', { memoryBytes: 20_479 }],
    ['the same sequence', 'PKG_SEQUENCE', { sequence: 3 }],
    ['a higher sequence', 'PKG_SEQUENCE', { sequence: 4 }],
    ['another product', 'PKG_TARGET', { product: 'fan' }],
    ['no product', 'PKG_TARGET', { product: '' }],
    ['another name', 'PKG_TARGET', { node: 'pump-8' }],
    ['another group', 'PKG_TARGET', { group: 'hall-3' }],
    ['no group', 'PKG_TARGET', { group: '' }],
  ])('is checked against a host with %s', (_what, expected, change) => {
    expect(codeOf(() => checkPackage(parsePackage(build()), { ...host, ...change }))).toBe(expected);
  });

  it.each([
    ['for all nodes and groups', 'none', { node: '', group: '' }, 3],
    ['for no product', 'PKG_TARGET', { product: '' }, 3],
    ['for another product', 'PKG_TARGET', { product: 'fan' }, 3],
    ['with the largest step', 'none', {}, 1002],
    ['with a step that is too large', 'PKG_SEQUENCE', {}, 1003],
    ['with the last sequence of all', 'PKG_SEQUENCE', {}, 0xffff_ffff],
  ])('%s is accepted or rejected', (_what, expected, change, sequence) => {
    const pkg = parsePackage(build({ metadata: { ...metadata, ...change }, sequence }));
    expect(codeOf(() => checkPackage(pkg, host))).toBe(expected);
  });

  it('for a newer minor ABI is rejected by an older host with an explanation', () => {
    const pkg = parsePackage(build({ metadata: { ...metadata, abi: 65538 } }));
    expect(() => checkPackage(pkg, { ...host, abi: 65537 })).toThrow(/ABI 1\.2; this node has 1\.1/);
  });
});

describe('a host', () => {
  it.each<[string, string, object]>([
    ['of another major of the ABI', "'vibration' was built for ABI 1.0; this node has 2.0.", { abi: 0x0002_0000 }],
    ['of an older major of the ABI', "'vibration' was built for ABI 1.0; this node has 0.9.", { abi: 9 }],
    ['with less memory', "'vibration' needs 20480 bytes of memory; this node gives 20479.", { memoryBytes: 20_479 }],
    ['with the same sequence', "'vibration' has sequence 3; this node has confirmed 3.", { sequence: 3 }],
    ['of another product', "'pump'", { product: 'fan' }],
    ['of another name', "'pump-7'", { node: 'pump-8' }],
    ['in another group', "'hall-2'", { group: 'hall-3' }],
  ])('%s rejects the package with its numbers', (_what, sentence, change) => {
    const pkg = parsePackage(build());
    expect(() => checkPackage(pkg, { ...host, ...change })).toThrow(
      expect.objectContaining({ message: expect.stringContaining(sentence) }),
    );
  });

  it('rejects a step that is too large with its numbers, counted from what it has confirmed', () => {
    const pkg = parsePackage(build({ sequence: 1003 }));
    expect(() => checkPackage(pkg, host)).toThrow(/'vibration' has sequence 1003.*1000.*\b2\b/);
    checkPackage(pkg, { ...host, sequence: 3 });
  });

  it('names the product, the name or the group that the package is for', () => {
    const pkg = parsePackage(build());
    const sentences = [{ product: 'x' }, { node: 'x' }, { group: 'x' }].map((change) => {
      try {
        checkPackage(pkg, { ...host, ...change });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    });
    expect(sentences).toEqual([
      expect.stringContaining('product'),
      expect.stringContaining('node'),
      expect.stringContaining('group'),
    ]);
    expect(new Set(sentences).size).toBe(3);
  });
});

describe('a package that is not one', () => {
  const envelope = parseEnvelope(build());
  const rejected = (change: object) => {
    try {
      parsePackage(encodeEnvelope({ ...envelope, ...change }));
    } catch (error) {
      return (error as Error).message;
    }
    return 'none';
  };

  it('is rejected with the rule that it breaks', () => {
    const [signature] = envelope.signatures;
    const one = 'A package has one signature that names its key';
    expect(rejected({ signatures: [] })).toContain(one);
    expect(rejected({ signatures: [signature, signature] })).toContain(one);
    const wrong = signature!.slice();
    wrong[wrong.length - 1]! ^= 1;
    expect(() => openPackage(encodeEnvelope({ ...envelope, signatures: [wrong] }), [pair.publicKey])).toThrow(
      'was changed after it was signed',
    );
    expect(() => openPackage(build(), [other.publicKey])).toThrow(Buffer.from(keyId(pair.publicKey)).toString('hex'));
    for (const sequence of [0, 2 ** 32, 1.5])
      expect(() => build({ sequence })).toThrow('a whole number of 1 to 4294967295');
    expect(parsePackage(build({ sequence: 1 })).sequence).toBe(1);
    expect(parsePackage(build({ sequence: 2 ** 32 - 1 })).sequence).toBe(2 ** 32 - 1);
  });

  it('is rejected with a severed member, or without one of its payloads', () => {
    const parts = 'A package holds #wasm, #rom, #meta and nothing else';
    const map = decodeCbor(envelope.manifest) as CborMap;
    const text = encodeCbor('text');
    const manifest = encodeCbor(new Map([...map, [23, decodeCbor(suitDigest(encodeCbor(text)))]]));
    expect(rejected({ manifest, severed: new Map([[23, text]]) })).toContain(parts);
    for (const name of ['#wasm', '#rom', '#meta'])
      expect(rejected({ payloads: new Map([...envelope.payloads].filter(([key]) => key !== name)) })).toContain(parts);
  });
});

describe('metadata', () => {
  const without = (change: object) => encodeMetadata({ ...metadata, ...change });
  it.each<[string, object, string]>([
    ['no name', { name: '' }, 'the name has 0 bytes, not 1 to 64'],
    ['a name of 65 bytes', { name: 'n'.repeat(65) }, 'the name has 65 bytes, not 1 to 64'],
    ['a line break in a name', { name: 'a\nb' }, 'the name has control characters or non-characters'],
    ['a number as name', { name: 7 }, 'the name is no text'],
    ['no version', { version: '' }, 'the version has 0 bytes'],
    ['a text as ABI', { abi: '1' }, 'the ABI is no number of 0 to 4294967295'],
    ['a negative ABI', { abi: -1 }, 'the ABI is no number'],
    ['an ABI above 32 bits', { abi: 2 ** 32 }, 'the ABI is no number'],
    ['much memory', { memoryBytes: 2 ** 32 }, 'the memory is no number'],
    ['a text as sensors', { sensors: 'accel' }, 'the sensors are no list of up to 256'],
    ['257 sensors', { sensors: Array(257).fill('s') }, 'the sensors are no list of up to 256'],
    ['an empty sensor', { sensors: [''] }, 'a sensor has 0 bytes'],
    ['257 metrics', { metrics: Array(257).fill(metadata.metrics[0]) }, 'the metrics are no list'],
    ['a metric without a name', { metrics: [{ name: '', unit: '', exponent: 0 }] }, 'a metric has 0 bytes'],
    ['a unit of 65 bytes', { metrics: [{ name: 'n', unit: 'u'.repeat(65), exponent: 0 }] }, 'a unit has 65 bytes'],
    [
      'an exponent of 31',
      { metrics: [{ name: 'n', unit: '', exponent: 31 }] },
      "a metric's exponent is no number of -30 to 30",
    ],
    ['an exponent of -31', { metrics: [{ name: 'n', unit: '', exponent: -31 }] }, "a metric's exponent is no number"],
    ['a text as exponent', { metrics: [{ name: 'n', unit: '', exponent: '1' }] }, "a metric's exponent is no number"],
    ['257 commands', { commands: Array(257).fill('c') }, 'the commands are no list'],
    ['an empty command', { commands: [''] }, 'a command has 0 bytes'],
    ['257 models', { models: Array(257).fill(metadata.models[0]) }, 'the models are no list'],
    [
      'a digest of 31 bytes',
      { models: [{ name: 'm', sha256: new Uint8Array(31) }] },
      "a model's digest has not 32 bytes",
    ],
    ['a text as digest', { models: [{ name: 'm', sha256: 'd'.repeat(32) }] }, "a model's digest has not 32 bytes"],
    ['a model without a name', { models: [{ name: '', sha256: new Uint8Array(32) }] }, 'a model has 0 bytes'],
    ['negative fuel', { fuel: -1n }, 'the fuel is no number of 0 to 2^63 - 1'],
    ['too much fuel', { fuel: 1n << 63n }, 'the fuel is no number'],
    ['a text as fuel', { fuel: '5' }, 'the fuel is no number'],
    ['a negative trial', { trialMs: -1 }, 'the trial time is no number'],
    ['a number as product', { product: 1 }, 'the product is no text'],
    ['a number as node', { node: 1 }, 'the node is no text'],
    ['a number as group', { group: 1 }, 'the group is no text'],
    ['a negative step', { maxStep: -1 }, 'the largest step of the sequence is no number'],
  ])('is rejected with %s', (_what, change, sentence) => {
    const message = expect.stringContaining(`metadata can't be used: ${sentence}`);
    expect(() => without(change)).toThrow(expect.objectContaining({ code: 'PKG_METADATA', message }));
  });

  it.each<[string, object]>([
    ['numbers of 0', { abi: 0, memoryBytes: 0, fuel: 0n, trialMs: 0, maxStep: 0 }],
    ['the largest numbers', { abi: 2 ** 32 - 1, memoryBytes: 2 ** 32 - 1, trialMs: 2 ** 32 - 1, maxStep: 2 ** 32 - 1 }],
    ['names of 64 bytes', { name: 'n'.repeat(64), version: 'é'.repeat(32), product: 'p'.repeat(64) }],
    ['256 sensors and commands', { sensors: Array(256).fill('s'), commands: Array(256).fill('c') }],
    ['exponents of 30 and -30', { metrics: [30, -30].map((exponent) => ({ name: 'n', unit: '', exponent })) }],
    ['nothing in its lists', { sensors: [], metrics: [], commands: [], models: [] }],
  ])('is returned with %s', (_what, change) => {
    expect(parseMetadata(without(change))).toEqual({ ...metadata, ...change });
  });

  it.each<[string, CborValue, string]>([
    ['a list', [], "metadata can't be used: it is no map"],
    ['an unknown key', new Map([...(decodeCbor(encodeMetadata(metadata)) as CborMap), [15, 0]]), 'key 15 is unknown'],
    ['another format', new Map([[0, 1]]), "The package doesn't have format 2"],
    [
      'a number as metric',
      new Map([...(decodeCbor(encodeMetadata(metadata)) as CborMap), [6, [0]]]),
      'a metric is no list of name, unit and exponent',
    ],
    [
      'a metric of four parts',
      new Map([...(decodeCbor(encodeMetadata(metadata)) as CborMap), [6, [['n', '', 0, 0]]]]),
      'a metric is no list',
    ],
    [
      'a number as model',
      new Map([...(decodeCbor(encodeMetadata(metadata)) as CborMap), [8, [0]]]),
      'a model is no list of name and digest',
    ],
    [
      'a model of three parts',
      new Map([...(decodeCbor(encodeMetadata(metadata)) as CborMap), [8, [['m', new Uint8Array(32), 0]]]]),
      'a model is no list',
    ],
  ])('is not parsed from %s', (_what, item, sentence) => {
    expect(() => parseMetadata(encodeCbor(item))).toThrow(sentence);
  });

  it('has one encoding, and no missing or unknown key', () => {
    const bytes = encodeMetadata(metadata);
    expect(parseMetadata(bytes)).toEqual(metadata);
    const map = decodeCbor(bytes);
    if (!(map instanceof Map)) throw new Error('no map');
    for (const key of [...map.keys()]) {
      const less = new Map(map);
      less.delete(key);
      expect(codeOf(() => parseMetadata(encodeCbor(less)))).toBe(key === 0 ? 'PKG_FORMAT' : 'PKG_METADATA');
    }
    expect(codeOf(() => parseMetadata(encodeCbor(new Map([...map, [15, 0]]))))).toBe('PKG_METADATA');
    expect(codeOf(() => parseMetadata(encodeCbor(new Map([...map, [0, 1]]))))).toBe('PKG_FORMAT');
  });

  it(`fails only with a MoteError over ${casesText(100_000)} mutations`, () => {
    const bytes = encodeMetadata(metadata);
    const random = xorshift(5);
    for (let i = 0; i < cases(100_000); i++) {
      const changed = bytes.slice();
      for (let n = random() % 3; n >= 0; n--) changed[random() % changed.length] = random() >>> 24;
      codeOf(() => encodeMetadata(parseMetadata(changed)));
    }
  });
});
