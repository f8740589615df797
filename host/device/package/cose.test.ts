import { createPublicKey, generateKeyPairSync, type JsonWebKeyInput, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CborTag, type CborValue, decodeCbor, encodeCbor } from '../../base/cbor/index.ts';
import { MoteError, packagePath } from '../../base/index.ts';
import { cases, casesText } from '../../base/test-form.ts';
import { parseSign1, sign1, verifySign1, verifySignature } from './cose.ts';
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
    expect(() => sign1(payload, p384.privateKey)).toThrow(/signed with Ed25519 or P-256 keys; make one/);
    const x25519 = generateKeyPairSync('x25519');
    expect(() => sign1(payload, x25519.privateKey)).toThrow(/signed with Ed25519 or P-256 keys; make one/);
  });

  const headers = (...entries: [number, CborValue][]) => new Map(entries);
  const alg: [number, CborValue] = [1, -8];
  const message = (protectedHeader: CborValue, unprotected: CborValue, ...rest: CborValue[]) => [
    protectedHeader instanceof Map ? encodeCbor(protectedHeader) : protectedHeader,
    unprotected,
    ...rest,
  ];
  const signature = new Uint8Array(64);
  it.each<[string, string, CborValue]>([
    ['no list', 'has four parts', 7],
    ['three parts', 'has four parts', message(headers(alg), new Map(), payload)],
    ['five parts', 'has four parts', message(headers(alg), new Map(), payload, signature, 0)],
    ['a signature of 63 bytes', 'has not 64 bytes', message(headers(alg), new Map(), payload, signature.subarray(1))],
    ['a text as signature', 'has not 64 bytes', message(headers(alg), new Map(), payload, 's'.repeat(64))],
    ['a text as payload', 'payload is neither bytes nor null', message(headers(alg), new Map(), 'text', signature)],
    ['a header that is not a map', 'header is no map', message(encodeCbor([]), new Map(), payload, signature)],
    ['a header that is not a byte string', 'no byte string and map', message('', new Map(), payload, signature)],
    ['an open header that is a list', 'no byte string and map', message(headers(alg), [], payload, signature)],
    [
      'a critical parameter',
      'parameter 2 is not',
      message(headers(alg, [2, [99]], [99, 1]), new Map(), payload, signature),
    ],
    [
      'an unknown unprotected parameter beside a key id',
      'parameter 5 is not understood',
      message(headers(alg, [4, signature]), headers([5, 1]), null, signature),
    ],
    [
      'an unknown unprotected parameter',
      'parameter 5 is not understood',
      message(headers(alg), headers([5, signature]), payload, signature),
    ],
    [
      'a parameter in both headers',
      'parameter 1 is there twice',
      message(headers(alg), headers(alg), payload, signature),
    ],
    [
      'a key id that is a text',
      'key id is no byte string',
      message(headers(alg, [4, 'me']), new Map(), payload, signature),
    ],
    ['another algorithm', 'is not EdDSA or ES256', message(headers([1, -37]), new Map(), payload, signature)],
    ['no algorithm', 'is not EdDSA or ES256', message(new Map(), new Map(), payload, signature)],
    ['an algorithm that is not signed', 'does not cover it', message(new Map(), headers(alg), payload, signature)],
  ])('refuses %s', (_what, sentence, parts) => {
    const error = expect.objectContaining({ code: 'COSE', message: expect.stringContaining(sentence) });
    expect(() => parseSign1(encodeCbor(new CborTag(18, parts)))).toThrow(error);
    expect(() => parseSign1(encodeCbor(new CborTag(17, parts)), options)).toThrow(
      'no COSE_Sign1 message (CBOR tag 18)',
    );
  });

  it.each<[string, boolean, CborValue]>([
    ['a signed key id', true, message(headers(alg, [4, signature]), new Map(), null, signature)],
    ['a payload', false, message(headers(alg, [4, signature]), new Map(), payload, signature)],
    ['a key id that is not signed', false, message(headers(alg), headers([4, signature]), null, signature)],
    ['no key id', false, message(headers(alg), new Map(), null, signature)],
    [
      'a content type that is not signed',
      false,
      message(headers(alg, [4, signature]), headers([3, 0]), null, signature),
    ],
    ['a signed content type', false, message(headers(alg, [3, 0], [4, signature]), new Map(), null, signature)],
    ['a signed content type and no key id', false, message(headers(alg, [3, 0]), new Map(), null, signature)],
  ])('is plain or not with %s', (what, plain, parts) => {
    const parsed = parseSign1(encodeCbor(new CborTag(18, parts)));
    expect(parsed.plain).toBe(plain);
    expect('keyId' in parsed).toBe(!what.includes('no key id'));
  });

  it('signs an empty header as an empty string, however it was encoded', () => {
    for (const header of [new Uint8Array(0), encodeCbor(new Map())]) {
      const parsed = parseSign1(encodeCbor([header, headers(alg), payload, signature]), options);
      expect([parsed.protectedHeader.length, parsed.algorithm]).toEqual([0, -8]);
    }
  });

  it('signs the structure of RFC 9052 with a key id only if one is given', () => {
    const parsed = parseSign1(sign1(payload, ed25519.privateKey));
    expect(decodeCbor(parsed.protectedHeader)).toEqual(headers(alg));
    const signed = encodeCbor(['Signature1', parsed.protectedHeader, new Uint8Array(0), payload]);
    expect(verifySignature(signed, ed25519.publicKey, parsed.signature)).toBe(true);
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
