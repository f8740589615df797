/** Signing keys in PEM files. `generateKeyPair` creates Ed25519 keys; P-256 keys are accepted too. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { MoteError } from '../../base/index.ts';
import { algorithmOf } from './cose.ts';

export interface KeyPair {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** Creates an Ed25519 key pair. */
export function generateKeyPair(): KeyPair {
  return generateKeyPairSync('ed25519');
}

/**
 * Writes the private key to `path` (PKCS #8 PEM, readable by its owner only) and the public key to `path.pub` (SPKI
 * PEM). Throws `KEY_EXISTS`, with nothing written, if either file exists, because a lost key can't be recreated. Throws
 * `KEY_FILE` for other failures.
 */
export function saveKeyPair(path: string, pair: KeyPair): void {
  const publicPath = `${path}.pub`;
  if (existsSync(publicPath)) throw exists(publicPath);
  writeNew(path, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
  try {
    writeNew(publicPath, pair.publicKey.export({ type: 'spki', format: 'pem' }), 0o644);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/** Loads a private key. Throws `KEY_FILE` if the file holds none, `KEY_TYPE` if it is neither Ed25519 nor P-256. */
export function loadPrivateKey(path: string): KeyObject {
  const pem = readPem(path);
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    throw new MoteError(
      'KEY_FILE',
      `${path} holds no private key in PEM; use the file of the private key, without '.pub'.`,
    );
  return checked(path, () => createPrivateKey(pem));
}

/** Loads a public key from its PEM, or from that of its private key. Throws `KEY_FILE`, `KEY_TYPE`. */
export function loadPublicKey(path: string): KeyObject {
  const pem = readPem(path);
  if (!/-----BEGIN [A-Z ]*(PUBLIC|PRIVATE) KEY-----/.test(pem))
    throw new MoteError('KEY_FILE', `${path} holds no key in PEM; create a pair with 'mote key new'.`);
  return checked(path, () => createPublicKey(pem));
}

/** The id of a key in packages: the first 8 bytes of the SHA-256 of the public key's SPKI DER. Accepts either half. */
export function keyId(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return new Uint8Array(createHash('sha256').update(der).digest().subarray(0, 8));
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MoteError(
      'KEY_FILE',
      `The key file ${path} can't be read; check the path, or create keys with 'mote key new'.`,
      { cause },
    );
  }
}

function checked(path: string, read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw new MoteError(
      'KEY_FILE',
      `The key in ${path} can't be read: it is damaged or needs a passphrase. Store it without a passphrase.`,
      { cause },
    );
  }
  algorithmOf(key);
  return key;
}

function writeNew(path: string, pem: string | Buffer, mode: number): void {
  try {
    writeFileSync(path, pem, { mode, flag: 'wx' });
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'EEXIST') throw exists(path);
    throw new MoteError('KEY_FILE', `The key file ${path} can't be written; check the folder and its permissions.`, {
      cause,
    });
  }
}

function exists(path: string): MoteError {
  return new MoteError('KEY_EXISTS', `${path} exists already, and keys are never overwritten; choose another name.`);
}
