import { createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../base/cbor/index.ts';
import { MoteError, packagePath } from '../../base/index.ts';
import { FULL, SAMPLE } from '../../base/test-form.ts';
import { generateKeyPair } from './keys.ts';
import { type Envelope, encodeEnvelope, parseEnvelope, verifyEnvelope } from './suit.ts';

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

  it.each<[string, Partial<Envelope>]>([
    ['a member that the manifest does not cover', { severed: new Map([[20, encodeCbor([])]]) }],
    ['a manifest that is not a map', { manifest: encodeCbor([]) }],
    ['a manifest of version 2', { manifest: encodeCbor(new Map([[1, 2]])) }],
    ['a manifest without a sequence', { manifest: encodeCbor(new Map([[1, 1]])) }],
    [
      'a manifest without components',
      {
        manifest: encodeCbor(
          new Map([
            [1, 1],
            [2, 1],
          ]),
        ),
      },
    ],
    ['20 signatures', { signatures: Array.from({ length: 20 }, () => envelope.signatures[0]!) }],
    ['a payload that no command fetches', { payloads: new Map([['#more', new Uint8Array(4)]]) }],
  ])('is rejected with %s', (_what, change) => {
    expect(() => parseEnvelope(rebuilt(change))).toThrow(MoteError);
  });
});
