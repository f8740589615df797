import { createPublicKey, generateKeyPairSync, type JsonWebKeyInput, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CborTag, type CborValue, decodeCbor, encodeCbor } from '../../base/cbor/index.ts';
import { MoteError, packagePath } from '../../base/index.ts';
import { cases, casesText } from '../../base/test-form.ts';
import { parseSign1, sign1, verifySign1 } from './cose.ts';
import { generateKeyPair } from './keys.ts';

interface Vector {
  title: string;
  must_fail: boolean;
  cbor_hex: string;
  input: { sign0: { external?: string; key: { kty: string; x?: string; y?: string; x_hex?: string } } };
}
const folder = packagePath('tests', 'vectors', 'cose');
const vectors = readdirSync(folder).map((name): [string, Vector] => [
  name,
  JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')),
]);
const options = { untagged: true, unprotectedAlgorithm: true };

function keyOf({ input }: Vector): KeyObject {
  const { kty, x, y, x_hex } = input.sign0.key;
  const key: JsonWebKeyInput['key'] =
    kty === 'EC'
      ? { kty, crv: 'P-256', x: x!, y: y! }
      : { kty, crv: 'Ed25519', x: Buffer.from(x_hex!, 'hex').toString('base64url') };
  return createPublicKey({ key, format: 'jwk' });
}
function accepts(bytes: Uint8Array, key: KeyObject, external = ''): boolean {
  try {
    return verifySign1(parseSign1(bytes, options), key, undefined, Buffer.from(external, 'hex'));
  } catch (error) {
    if (error instanceof MoteError) return false;
    throw error;
  }
}

describe('COSE_Sign1', () => {
  it.each(vectors)('gives the expected result for %s of the COSE working group', (_name, vector) => {
    const bytes = new Uint8Array(Buffer.from(vector.cbor_hex, 'hex'));
    expect(accepts(bytes, keyOf(vector), vector.input.sign0.external)).toBe(!vector.must_fail);
  });

  it('has vectors of both algorithms, good and bad', () => {
    expect(vectors.length).toBe(9);
    expect(vectors.filter(([, { must_fail }]) => must_fail).length).toBe(4);
  });

  it('rejects an untagged message and an unsigned algorithm unless an option allows them', () => {
    const message = (name: string) => Buffer.from(vectors.find(([file]) => file === name)![1].cbor_hex, 'hex');
    expect(() => parseSign1(message('sign-pass-01.json'))).toThrow(/algorithm/);
    expect(() => parseSign1(message('sign-pass-03.json'))).toThrow(/tag 18/);
  });

  const payload = Buffer.from('what is signed');
  const ed25519 = generateKeyPair();
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it.each([
    ['Ed25519', ed25519],
    ['P-256', p256],
  ])(
    'verifies what it signed with %s, and rejects it after a change of any byte',
    (_name, { privateKey, publicKey }) => {
      const keyId = new Uint8Array(8).fill(3);
      const bytes = sign1(payload, privateKey, { keyId });
      const message = parseSign1(bytes);
      expect(verifySign1(message, publicKey)).toBe(true);
      expect(message.keyId).toEqual(keyId);
      const detached = parseSign1(sign1(payload, privateKey, { detached: true }));
      expect(verifySign1(detached, publicKey, payload)).toBe(true);
      expect(verifySign1(detached, publicKey, Buffer.from('something else'))).toBe(false);
      expect(() => verifySign1(detached, publicKey)).toThrow(/detached/);
      for (let at = 0; at < bytes.length; at++) {
        const changed = bytes.slice();
        changed[at]! ^= 1;
        expect(accepts(changed, publicKey), `byte ${at}`).toBe(false);
      }
    },
  );

  it('rejects a key of another kind', () => {
    const message = parseSign1(sign1(payload, ed25519.privateKey));
    expect(() => verifySign1(message, p256.publicKey)).toThrow(/not of the kind/);
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    expect(() => sign1(payload, p384.privateKey)).toThrow(/Ed25519 or P-256/);
  });

  const headers = (...entries: [number, CborValue][]) => new Map(entries);
  const alg: [number, CborValue] = [1, -8];
  const message = (protectedHeader: CborValue, unprotected: CborValue, ...rest: CborValue[]) => [
    protectedHeader instanceof Map ? encodeCbor(protectedHeader) : protectedHeader,
    unprotected,
    ...rest,
  ];
  const signature = new Uint8Array(64);
  it.each<[string, CborValue]>([
    ['three parts', message(headers(alg), new Map(), payload)],
    ['a signature of 63 bytes', message(headers(alg), new Map(), payload, signature.subarray(1))],
    ['a text as payload', message(headers(alg), new Map(), 'text', signature)],
    ['a header that is not a map', message(encodeCbor([]), new Map(), payload, signature)],
    ['a header that is not a byte string', message('', new Map(), payload, signature)],
    ['a critical parameter', message(headers(alg, [2, [99]], [99, 1]), new Map(), payload, signature)],
    [
      'an unknown unprotected parameter beside a key id',
      message(headers(alg, [4, signature]), headers([5, 1]), null, signature),
    ],
    ['an unknown unprotected parameter', message(headers(alg), headers([5, signature]), payload, signature)],
    ['a parameter in both headers', message(headers(alg), headers(alg), payload, signature)],
    ['a key id that is a text', message(headers(alg, [4, 'me']), new Map(), payload, signature)],
    ['another algorithm', message(headers([1, -37]), new Map(), payload, signature)],
    ['no algorithm', message(new Map(), new Map(), payload, signature)],
  ])('refuses %s', (_what, parts) => {
    expect(() => parseSign1(encodeCbor(new CborTag(18, parts)))).toThrow(MoteError);
  });

  it(`fails only with a MoteError over ${casesText(100_000)} mutations`, () => {
    const bytes = sign1(payload, ed25519.privateKey, { keyId: new Uint8Array(8) });
    let x = 31;
    const random = () => {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      return x >>> 0;
    };
    for (let i = 0; i < cases(100_000); i++) {
      const changed = bytes.slice(0, i % 5 ? bytes.length : random() % bytes.length);
      // The parser never rejects the bytes of the signature itself, so the mutations are before it.
      for (let n = random() % 3; n >= 0 && changed.length > 0; n--)
        changed[random() % Math.min(changed.length, 40)] = random() >>> 24;
      try {
        parseSign1(changed, options);
        decodeCbor(changed);
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
      }
    }
  });
});
