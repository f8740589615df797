/** The beginning of a package, verified before the rest arrives. */
import { expect, it } from 'vitest';
import { type CborMap, CborTag, type CborValue, decodeCbor, encodeCbor } from '../../base/cbor/index.ts';
import { MoteError } from '../../base/index.ts';
import { sign1 } from './cose.ts';
import { generateKeyPair, keyId } from './keys.ts';
import { buildPackage, verifyHead } from './package.ts';
import { encodeEnvelope, parseEnvelope, Suit, signedDigest, suitDigest } from './suit.ts';

const pair = generateKeyPair();
const other = generateKeyPair();
const HEAD_BYTES = 512;
const SEQUENCE = 70_000;

const build = ({ wasmBytes = 64, romBytes = 40 } = {}) =>
  buildPackage({
    wasm: new Uint8Array(wasmBytes).fill(1),
    rom: new Uint8Array(romBytes).fill(2),
    metadata: {
      name: 'vibration',
      version: '1.2.3',
      abi: 65536,
      memoryBytes: 20_480,
      sensors: [],
      metrics: [],
      commands: [],
      models: [],
      fuel: 1000n,
      trialMs: 5000,
      product: '',
      node: '',
      group: '',
      maxStep: 1000,
    },
    sequence: SEQUENCE,
    privateKey: pair.privateKey,
  });

/** Code and sentence of the rejection; "accepted" if there is none. */
function verdict(
  bytes: Uint8Array,
  change: { sequence?: number; total?: number } = {},
  keys = [pair.publicKey],
): string {
  try {
    verifyHead(bytes, { sequence: SEQUENCE, total: bytes.length, ...change }, keys);
    return 'accepted';
  } catch (error) {
    if (error instanceof MoteError) return `${error.code}: ${error.message}`;
    throw error;
  }
}
const NONE =
  'PKG_FORMAT: The first 512 bytes hold no signed manifest of a package; build the package again with this version.';

/** The package with another manifest, signed by its own key. */
function signed(manifest: Uint8Array, payloads: Iterable<[string, Uint8Array]> = parseEnvelope(build()).payloads) {
  const envelope = parseEnvelope(build());
  const signatures = [
    sign1(signedDigest(manifest), pair.privateKey, { keyId: keyId(pair.privateKey), detached: true }),
  ];
  return encodeEnvelope({ ...envelope, manifest, signatures, payloads: new Map(payloads) });
}

/** The manifest after a change of the list of its shared commands. */
function manifestWith(change: (shared: CborValue[]) => CborValue[]): Uint8Array {
  const map = new Map(decodeCbor(parseEnvelope(build()).manifest) as CborMap);
  const common = new Map(decodeCbor(map.get(Suit.common) as Uint8Array) as CborMap);
  const shared = decodeCbor(common.get(Suit.sharedSequence) as Uint8Array) as CborValue[];
  common.set(Suit.sharedSequence, encodeCbor(change(shared)));
  map.set(Suit.common, encodeCbor(common));
  return encodeCbor(map);
}
/** Changes one parameter of the payload with this index. */
const parameter = (index: number, key: number, value: CborValue) =>
  manifestWith((shared) => {
    let image = -1;
    return shared.map((item) => {
      if (!(item instanceof Map) || !item.has(Suit.parameterSize)) return item;
      image++;
      return image === index ? new Map([...item, [key, value]]) : item;
    });
  });

it('is accepted for the package that was offered, whatever the sizes of its payloads', () => {
  // Around each length of a CBOR head. The rom's payload has 15 bytes more than the rom.
  for (const size of [8, 23, 24, 255, 256, 65_535, 65_536]) {
    for (const bytes of [build({ wasmBytes: size }), build({ romBytes: Math.max(size - 15, 1) })]) {
      expect(verdict(bytes), `${size}`).toBe('accepted');
      for (const total of [bytes.length - 1, bytes.length + 1])
        expect(verdict(bytes, { total })).toBe(
          `OTA_FORMAT: The package has ${bytes.length} bytes, it was offered with ${total}.`,
        );
    }
  }
  expect(verdict(build({ romBytes: 0 }))).toBe('accepted');
});

it('needs the bytes up to the end of the manifest, of at most 512, and no others', () => {
  const bytes = build({ romBytes: 1000 });
  const total = bytes.length;
  const end = Array.from({ length: total }, (_, i) => i).find(
    (n) => verdict(bytes.subarray(0, n), { total }) === 'accepted',
  )!;
  expect(Buffer.from(bytes.subarray(0, end)).includes(Buffer.from(parseEnvelope(bytes).manifest))).toBe(true);
  for (let n = 0; n < end; n++) expect(verdict(bytes.subarray(0, n), { total })).toBe(NONE);
  for (const n of [end, HEAD_BYTES, total]) expect(verdict(bytes.subarray(0, n), { total })).toBe('accepted');
  // A signature with more headers than fit.
  const long = sign1(signedDigest(parseEnvelope(bytes).manifest), pair.privateKey, {
    keyId: new Uint8Array(HEAD_BYTES),
    detached: true,
  });
  expect(verdict(encodeEnvelope({ ...parseEnvelope(bytes), signatures: [long] }))).not.toBe('accepted');
});

it('is rejected for another sequence than its own', () => {
  expect(verdict(build(), { sequence: SEQUENCE + 1 })).toBe(
    `PKG_SEQUENCE: The package has sequence ${SEQUENCE}, it was offered as ${SEQUENCE + 1}.`,
  );
});

it('is rejected with another key, and after a change of its signature', () => {
  const bytes = build();
  expect(verdict(bytes, {}, [other.publicKey])).toMatch(/^PKG_KEY: /);
  expect(verdict(bytes, {}, [other.publicKey, pair.publicKey])).toBe('accepted');
  const envelope = parseEnvelope(bytes);
  const wrong = envelope.signatures[0]!.slice();
  wrong[wrong.length - 1]! ^= 1;
  expect(verdict(encodeEnvelope({ ...envelope, signatures: [wrong] }))).toMatch(/^PKG_SIGNATURE: /);
  expect(verdict(encodeEnvelope({ ...envelope, signatures: [] }))).toMatch(/one signature/);
});

it('is rejected without the tag of an envelope', () => {
  const bytes = build();
  const { value } = decodeCbor(bytes) as CborTag;
  expect(verdict(encodeCbor(new CborTag(Suit.envelopeTag + 1, value)))).toBe(NONE);
  expect(verdict(encodeCbor(new CborTag(Suit.envelopeTag, value)))).toBe('accepted');
});

it.each<[string, () => Uint8Array]>([
  ['with another command', () => signed(manifestWith((shared) => [...shared.slice(0, -2), Suit.conditionImage, 15]))],
  ['with a command more', () => signed(manifestWith((shared) => [...shared, Suit.conditionImage, 15]))],
  ['without commands', () => signed(manifestWith(() => []))],
  ['with a payload fewer in the manifest', () => signed(manifestWith((shared) => shared.slice(0, -4)))],
  ['with a payload twice in the manifest', () => signed(manifestWith((shared) => [...shared, ...shared.slice(-4)]))],
  [
    'with a digest of another length',
    () => signed(parameter(0, Suit.parameterDigest, encodeCbor([Suit.sha256, new Uint8Array(31)]))),
  ],
  [
    'with a digest of another algorithm',
    () => signed(parameter(1, Suit.parameterDigest, encodeCbor([Suit.sha256 - 1, new Uint8Array(32)]))),
  ],
  [
    'with a digest that is none',
    () => signed(parameter(2, Suit.parameterDigest, new Uint8Array(suitDigest(wasm()).length))),
  ],
  ['with a text as a digest', () => signed(parameter(2, Suit.parameterDigest, 'digest'))],
  ['with a size that is negative', () => signed(parameter(0, Suit.parameterSize, -1))],
  ['with a size that is no 32 bits', () => signed(parameter(0, Suit.parameterSize, 2 ** 32))],
  ['with a text as a size', () => signed(parameter(0, Suit.parameterSize, '64'))],
])('is rejected %s', (_what, make) => {
  expect(verdict(make())).toBe(NONE);
});

it('is rejected with a member more or fewer than its payloads', () => {
  const { manifest, payloads } = parseEnvelope(build());
  const all = [...payloads];
  expect(verdict(signed(manifest, all))).toBe('accepted');
  expect(verdict(signed(manifest, all.slice(1)))).toBe(NONE);
  expect(verdict(signed(manifest, [...all, ['#more', new Uint8Array(1)]]))).toBe(NONE);
});

function wasm(): Uint8Array {
  return new Uint8Array(64).fill(1);
}
