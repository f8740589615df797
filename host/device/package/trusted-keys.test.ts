import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../base/cbor/index.ts';
import { generateKeyPair, keyId } from './keys.ts';
import { encodeTrustedKeys, parseTrustedKeys } from './trusted-keys.ts';

const p256 = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;

describe('trusted keys', () => {
  it('are decoded to what was encoded, up to eight of both kinds', () => {
    for (let count = 0; count <= 8; count++) {
      const keys = Array.from({ length: count }, (_, i) => (i % 2 ? p256() : generateKeyPair().publicKey));
      const bytes = encodeTrustedKeys(keys);
      expect(bytes.length).toBeLessThanOrEqual(1024);
      expect(parseTrustedKeys(bytes).map(keyId)).toEqual(keys.map(keyId));
    }
  });

  it('of a private key are its public half', () => {
    const pair = generateKeyPair();
    expect(encodeTrustedKeys([pair.privateKey])).toEqual(encodeTrustedKeys([pair.publicKey]));
  });

  it('are rejected when there are nine, or one of another kind', () => {
    const error = (code: string, text: string) =>
      expect.objectContaining({ code, message: expect.stringContaining(text) });
    const keys = Array.from({ length: 9 }, () => generateKeyPair().publicKey);
    expect(() => encodeTrustedKeys(keys)).toThrow(error('KEY_LIST', 'A node trusts up to 8 keys, not 9; give fewer.'));
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    expect(() => encodeTrustedKeys([rsa])).toThrow(error('KEY_TYPE', 'Ed25519'));
  });

  it.each([
    ['nine keys', 'they are not a list of up to 8', encodeCbor(Array(9).fill(new Uint8Array(32)))],
    ['a number', 'they are not a list of up to 8', encodeCbor(7)],
    ['a text in the list', 'one is not a byte string', encodeCbor(['key'])],
    ['31 bytes', 'one is neither an Ed25519 nor a P-256 key', encodeCbor([new Uint8Array(31)])],
    ['66 bytes', 'one is neither an Ed25519 nor', encodeCbor([new Uint8Array(66).fill(4)])],
    ['a compressed point', 'one is neither an Ed25519 nor', encodeCbor([new Uint8Array(65).fill(2)])],
    ['no point of the curve', 'one is not a point of P-256', encodeCbor([new Uint8Array(65).fill(4)])],
  ])('are not decoded from %s', (_what, sentence, bytes) => {
    const message = `The trusted keys can't be read: ${sentence}`;
    expect(() => parseTrustedKeys(bytes)).toThrow(
      expect.objectContaining({ code: 'KEY_LIST', message: expect.stringContaining(message) }),
    );
  });
});
