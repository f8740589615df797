/** Signing keys: Ed25519 (made here), ES256 accepted. */
import type { KeyObject } from 'node:crypto';
import { MoteError } from '../error.ts';

const unbuilt = (): never => {
  throw new MoteError('UNBUILT', 'Not built yet.');
};

export function generateKeyPair(): { privateKey: KeyObject; publicKey: KeyObject } {
  return unbuilt();
}
/** Writes `path` (PKCS8 PEM, mode 0600) and `path.pub` (SPKI PEM). Throws KEY_EXISTS rather than overwrite. */
export function saveKeyPair(_path: string, _pair: { privateKey: KeyObject; publicKey: KeyObject }): void {
  unbuilt();
}
/** Throws KEY_FILE. */
export function loadPrivateKey(_path: string): KeyObject {
  return unbuilt();
}
/** Takes a public or a private key's PEM file. Throws KEY_FILE. */
export function loadPublicKey(_path: string): KeyObject {
  return unbuilt();
}
/** First 8 bytes of the SHA-256 of the public key's SPKI DER. */
export function keyId(_key: KeyObject): Uint8Array {
  return unbuilt();
}
