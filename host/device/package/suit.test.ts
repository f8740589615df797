import { createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CborKey, type CborMap, CborTag, type CborValue, decodeCbor, encodeCbor } from '../../base/cbor/index.ts';
import { MoteError, packagePath } from '../../base/index.ts';
import { FULL, SAMPLE } from '../../base/test-form.ts';
import { sign1 } from './cose.ts';
import { generateKeyPair } from './keys.ts';
import { type Envelope, encodeEnvelope, parseEnvelope, signedDigest, suitDigest, verifyEnvelope } from './suit.ts';

interface Vector {
  title: string;
  public_key_pem: string;
  signed_envelope_hex: string;
}
const folder = packagePath('tests', 'vectors', 'suit');
const vectors = readdirSync(folder).map((name): [string, Vector] => [
  name,
  JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')),
]);
const bytesOf = (vector: Vector) => new Uint8Array(Buffer.from(vector.signed_envelope_hex, 'hex'));
const sequences = new Map([
  ['example0.json', 0],
  ['example1.json', 1],
  ['example2.json', 2],
  ['example3.json', 3],
]);

describe.each(vectors)('%s of the SUIT manifest specification', (name, vector) => {
  const bytes = bytesOf(vector);
  const key = createPublicKey(vector.public_key_pem);

  it('is parsed, verified, and encoded to the same bytes', () => {
    const envelope = parseEnvelope(bytes);
    expect(envelope.sequence).toBe(sequences.get(name));
    expect(verifyEnvelope(envelope, key)).toBe(true);
    expect(encodeEnvelope(envelope)).toEqual(bytes);
  });

  it(`is rejected after every change of a single ${FULL ? 'byte' : 'bit'}`, () => {
    for (let at = 0; at < bytes.length; at++) {
      const original = bytes[at]!;
      const bits = SAMPLE ? [at % 8] : [0, 1, 2, 3, 4, 5, 6, 7];
      const values = FULL ? [...Array(256).keys()] : bits.map((bit) => original ^ (1 << bit));
      for (const value of values) {
        if (value === original) continue;
        const changed = bytes.slice();
        changed[at] = value;
        let accepted = false;
        try {
          accepted = verifyEnvelope(parseEnvelope(changed), key);
        } catch (error) {
          if (!(error instanceof MoteError)) throw error;
        }
        if (accepted) throw new Error(`byte ${at} may be ${value}`);
      }
    }
  });
});

describe('a SUIT envelope', () => {
  const first = vectors[0]![1];
  const key = createPublicKey(first.public_key_pem);
  const envelope = parseEnvelope(bytesOf(first));
  const rebuilt = (change: Partial<Envelope>) => encodeEnvelope({ ...envelope, ...change });

  it('is not verified without a signature, with a wrong key, or with one good signature of two', () => {
    expect(verifyEnvelope(parseEnvelope(rebuilt({ signatures: [] })), key)).toBe(false);
    expect(() => verifyEnvelope(envelope, generateKeyPair().publicKey)).toThrow(/not of the kind/);
    const wrong = envelope.signatures[0]!.slice();
    wrong[wrong.length - 1]! ^= 1;
    expect(verifyEnvelope(parseEnvelope(rebuilt({ signatures: [envelope.signatures[0]!, wrong] })), key)).toBe(false);
  });

  /** The manifest of `envelope` with these members, or the one that `members` returns. */
  const manifestWith = (...members: [number, CborValue][]) =>
    encodeCbor(new Map<CborKey, CborValue>([...(decodeCbor(envelope.manifest) as CborMap), ...members]));
  const commands = (...list: CborValue[]) => encodeCbor(list);
  const digest = (member: Uint8Array) => decodeCbor(suitDigest(encodeCbor(member)));
  const shared = (sequence: CborValue) =>
    encodeCbor(
      new Map<CborKey, CborValue>([
        [2, [[]]],
        [4, sequence],
      ]),
    );
  /** A sequence in `depth` others, each run by the one around it. */
  const nested = (depth: number, inner: Uint8Array): Uint8Array =>
    depth === 0 ? inner : commands(32, nested(depth - 1, inner));

  it.each<[string, string, Partial<Envelope>]>([
    [
      'a member that the manifest does not cover',
      'a member 20 that its manifest does not cover',
      { severed: new Map([[20, encodeCbor([])]]) },
    ],
    ['a manifest that is not a map', 'The manifest is no map', { manifest: encodeCbor([]) }],
    ['a manifest of version 2', 'another version than 1', { manifest: manifestWith([1, 2]) }],
    ['a manifest without a sequence', 'no sequence number', { manifest: encodeCbor(new Map([[1, 1]])) }],
    ['a negative sequence', 'no sequence number', { manifest: manifestWith([2, -1]) }],
    ['a text as its sequence', 'no sequence number', { manifest: manifestWith([2, '1']) }],
    ['no common section', 'The common section is no byte string', { manifest: manifestWith([3, 0]) }],
    ['a list as its common section', 'names no components', { manifest: manifestWith([3, encodeCbor([])]) }],
    ['no list of components', 'names no components', { manifest: manifestWith([3, encodeCbor(new Map([[2, 0]]))]) }],
    [
      'a number as its shared sequence',
      'The shared sequence is no byte string',
      { manifest: manifestWith([3, shared(0)]) },
    ],
    [
      'a shared sequence that is a map',
      'is no list of pairs',
      { manifest: manifestWith([3, shared(encodeCbor(new Map()))]) },
    ],
    ['a sequence that is a number', 'The sequence 7 is no byte string', { manifest: manifestWith([7, 0]) }],
    ['a sequence that is a text', 'is no list of pairs', { manifest: manifestWith([7, encodeCbor('ab')]) }],
    ['a command without an argument', 'is no list of pairs', { manifest: manifestWith([7, commands(1)]) }],
    ['sequences in six others', 'nested more than 4 deep', { manifest: manifestWith([7, nested(6, commands())]) }],
    ['sequences in five others', 'nested more than 4 deep', { manifest: manifestWith([7, nested(5, commands())]) }],
    ['a digest of one part', 'The digest of member 20 is none', { manifest: manifestWith([20, [-16]]) }],
    [
      'a digest of three parts',
      'The digest of member 20 is none',
      { manifest: manifestWith([20, [-16, new Uint8Array(32), 0]]) },
    ],
    [
      'a digest of another kind',
      'The digest of member 20 is none',
      { manifest: manifestWith([20, [-17, new Uint8Array(32)]]) },
    ],
    [
      'a digest that is a text',
      'The digest of member 20 is none',
      { manifest: manifestWith([20, [-16, 'x'.repeat(32)]]) },
    ],
    [
      'a digest of 31 bytes',
      'The digest of member 20 is none',
      { manifest: manifestWith([20, [-16, new Uint8Array(31)]]) },
    ],
    [
      'a member with another digest',
      'Member 16 has another digest than the manifest says',
      { manifest: manifestWith([16, digest(commands(1, 0))]), severed: new Map([[16, commands(1, 1)]]) },
    ],
    [
      'a severed sequence that is none',
      'is no list of pairs',
      { manifest: manifestWith([16, digest(commands(1))]), severed: new Map([[16, commands(1)]]) },
    ],
    [
      '20 signatures',
      'The authentication wrapper has more than 1024 bytes',
      { signatures: Array.from({ length: 20 }, () => envelope.signatures[0]!) },
    ],
    [
      'a payload that no command fetches',
      "fetches the payload '#more'",
      { payloads: new Map([['#more', new Uint8Array(4)]]) },
    ],
    [
      'a payload whose name begins with another character',
      "fetches the payload 'more'",
      {
        manifest: manifestWith([7, commands(20, new Map([[21, 'more']]))]),
        payloads: new Map([['more', new Uint8Array(4)]]),
      },
    ],
    [
      'a payload that another parameter names',
      "fetches the payload '#more'",
      {
        manifest: manifestWith([7, commands(20, new Map([[20, '#more']]))]),
        payloads: new Map([['#more', new Uint8Array(4)]]),
      },
    ],
    [
      'a payload that another command names',
      "fetches the payload '#more'",
      {
        manifest: manifestWith([7, commands(21, new Map([[21, '#more']]))]),
        payloads: new Map([['#more', new Uint8Array(4)]]),
      },
    ],
    [
      'a payload in a sequence that is not run',
      "fetches the payload '#more'",
      {
        manifest: manifestWith([
          7,
          commands(21, commands(20, new Map([[21, '#more']])), 14, [commands(20, new Map([[21, '#more']]))]),
        ]),
        payloads: new Map([['#more', new Uint8Array(4)]]),
      },
    ],
  ])('is rejected with %s', (_what, sentence, change) => {
    const error = expect.objectContaining({ code: 'SUIT', message: expect.stringContaining(sentence) });
    expect(() => parseEnvelope(rebuilt(change))).toThrow(error);
  });

  it.each<[string, Partial<Envelope>]>([
    ['sequence 0', { manifest: manifestWith([2, 0]) }],
    [
      'a payload that a sequence in four others fetches',
      {
        manifest: manifestWith([7, nested(4, commands(20, new Map([[21, '#more']])))]),
        payloads: new Map([['#more', new Uint8Array(4)]]),
      },
    ],
    [
      'a payload that one of several tries fetches',
      {
        manifest: manifestWith([7, commands(15, [commands(1, 0), commands(20, new Map([[21, '#more']]))])]),
        payloads: new Map([['#more', new Uint8Array(4)]]),
      },
    ],
    [
      'a payload that a shared sequence fetches',
      {
        manifest: manifestWith([3, shared(commands(20, new Map([[21, '#more']])))]),
        payloads: new Map([['#more', new Uint8Array(4)]]),
      },
    ],
    [
      'a payload that a severed sequence fetches',
      {
        manifest: manifestWith([16, digest(commands(20, new Map([[21, '#more']])))]),
        severed: new Map([[16, commands(20, new Map([[21, '#more']]))]]),
        payloads: new Map([['#more', new Uint8Array(4)]]),
      },
    ],
    [
      'a text for people that is severed',
      { manifest: manifestWith([23, digest(encodeCbor('text'))]), severed: new Map([[23, encodeCbor('text')]]) },
    ],
    ['a parameter that is no address', { manifest: manifestWith([7, commands(20, new Map([[21, 7]]))]) }],
    ['commands with other arguments', { manifest: manifestWith([7, commands(20, 0, 15, 0, 32, 0)]) }],
    [
      'an authentication wrapper of 1024 bytes',
      { signatures: Array.from({ length: 8 }, () => envelope.signatures[0]!) },
    ],
  ])('is accepted with %s', (_what, change) => {
    const bytes = rebuilt(change);
    expect(encodeEnvelope(parseEnvelope(bytes))).toEqual(bytes);
  });

  it.each<[string, string, CborValue]>([
    ['a list', 'does not start as an envelope', []],
    ['another tag', 'does not start as an envelope', new CborTag(108, new Map())],
    ['a list in the tag', 'does not start as an envelope', new CborTag(107, [])],
    ['no authentication wrapper', 'The authentication wrapper is no byte string', new CborTag(107, new Map())],
    [
      'a map as its authentication wrapper',
      'The authentication wrapper is no list',
      new CborTag(107, new Map([[2, encodeCbor(new Map())]])),
    ],
    [
      'an empty authentication wrapper',
      'The authentication wrapper is no list',
      new CborTag(107, new Map([[2, encodeCbor([])]])),
    ],
    [
      'a number in its authentication wrapper',
      'The part of the authentication wrapper is no byte string',
      new CborTag(107, new Map([[2, encodeCbor([0])]])),
    ],
    [
      'no manifest',
      'The manifest is no byte string',
      new CborTag(107, new Map([[2, encodeCbor([new Uint8Array(1)])]])),
    ],
    [
      'another digest of its manifest',
      "The manifest's digest is not the one",
      new CborTag(
        107,
        new Map([
          [2, encodeCbor([new Uint8Array(1)])],
          [3, envelope.manifest],
        ]),
      ),
    ],
    [
      'a payload that is a text',
      'The member #more is no byte string',
      new CborTag(
        107,
        new Map<CborKey, CborValue>([
          [2, encodeCbor([suitDigest(encodeCbor(envelope.manifest))])],
          [3, envelope.manifest],
          ['#more', 'text'],
        ]),
      ),
    ],
  ])('is not parsed from %s', (_what, sentence, item) => {
    const error = expect.objectContaining({ code: 'SUIT', message: expect.stringContaining(sentence) });
    expect(() => parseEnvelope(encodeCbor(item))).toThrow(error);
  });

  it('is not verified if its signature repeats the digest', () => {
    const pair = generateKeyPair();
    const payload = signedDigest(envelope.manifest);
    const signed = (detached: boolean) =>
      verifyEnvelope(
        parseEnvelope(rebuilt({ signatures: [sign1(payload, pair.privateKey, { detached })] })),
        pair.publicKey,
      );
    expect([signed(true), signed(false)]).toEqual([true, false]);
  });
});
