/**
 * The public keys that a node trusts, as stored in its flash: see "keys" in docs/spec/node.md. Ed25519 has 32 bytes,
 * P-256 has 65 (SEC 1, section 2.3.3, uncompressed). The C twin is package/keys.c.
 */

import { createPublicKey, ECDH, type KeyObject } from 'node:crypto';
import { PackageConstant } from '../../base/abi/index.ts';
import { decodeCbor, encodeCbor } from '../../base/cbor/index.ts';
import { MoteError } from '../../base/index.ts';
import { algorithmOf } from './cose.ts';

const MAX_KEYS = PackageConstant.trustedKeys;
const ED25519_BYTES = 32;
const P256_BYTES = 65;
const UNCOMPRESSED = 4;

/** Encodes keys. Throws `KEY_LIST` for more than 8 keys, `KEY_TYPE` for one that is neither Ed25519 nor P-256. */
export function encodeTrustedKeys(publicKeys: readonly KeyObject[]): Uint8Array {
  if (publicKeys.length > MAX_KEYS)
    throw new MoteError('KEY_LIST', `A node trusts up to ${MAX_KEYS} keys, not ${publicKeys.length}; give fewer.`);
  return encodeCbor(publicKeys.map(rawKey));
}

/** Decodes keys. Throws `CBOR`, or `KEY_LIST` for anything that `encodeTrustedKeys` doesn't write. */
export function parseTrustedKeys(bytes: Uint8Array): KeyObject[] {
  const list = decodeCbor(bytes);
  if (!Array.isArray(list) || list.length > MAX_KEYS) throw bad(`they are not a list of up to ${MAX_KEYS}`);
  return list.map((key) => {
    if (!(key instanceof Uint8Array)) throw bad('one is not a byte string');
    return keyFrom(key);
  });
}

function bad(what: string): MoteError {
  return new MoteError('KEY_LIST', `The trusted keys can't be read: ${what}. Write them to the node again.`);
}

/**
 * Returns the key bytes, which follow a head of known length in its SPKI DER (RFC 8410, RFC 5480). It doesn't export a
 * JWK: Node 20 holds the key's lock while it makes one, and a garbage collection at that moment can wait for the same
 * lock forever.
 */
function rawKey(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const der = publicKey.export({ type: 'spki', format: 'der' });
  if (algorithmOf(key) === -8) return new Uint8Array(der.subarray(12));
  return new Uint8Array(
    ECDH.convertKey(der.subarray(26), 'prime256v1', undefined, undefined, 'uncompressed') as Buffer,
  );
}

function keyFrom(bytes: Uint8Array): KeyObject {
  const text = (from: number, to: number) => Buffer.from(bytes.subarray(from, to)).toString('base64url');
  if (bytes.length === ED25519_BYTES)
    return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: text(0, ED25519_BYTES) } });
  if (bytes.length !== P256_BYTES || bytes[0] !== UNCOMPRESSED) throw bad('one is neither an Ed25519 nor a P-256 key');
  try {
    return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: text(1, 33), y: text(33, 65) } });
  } catch {
    throw bad('one is not a point of P-256');
  }
}
