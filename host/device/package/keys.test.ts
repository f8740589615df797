import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKeyPair, keyId, loadPrivateKey, loadPublicKey, saveKeyPair } from './keys.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mote-keys-'));
  path = join(folder, 'signing.pem');
});
afterEach(() => rmSync(folder, { recursive: true }));

const codeOf = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'none';
};

describe('signing keys', () => {
  it('are saved so that only their owner can read the private half, and can be loaded again', () => {
    const pair = generateKeyPair();
    saveKeyPair(path, pair);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(loadPrivateKey(path).equals(pair.privateKey)).toBe(true);
    expect(loadPublicKey(`${path}.pub`).equals(pair.publicKey)).toBe(true);
    expect(loadPublicKey(path).equals(pair.publicKey)).toBe(true);
    expect(keyId(pair.privateKey)).toEqual(keyId(pair.publicKey));
    expect(keyId(pair.publicKey).length).toBe(8);
    expect(keyId(generateKeyPair().publicKey)).not.toEqual(keyId(pair.publicKey));
  });

  it('are never overwritten, neither of the two files', () => {
    saveKeyPair(path, generateKeyPair());
    const [before, publicBefore] = [readFileSync(path), readFileSync(`${path}.pub`)];
    expect(codeOf(() => saveKeyPair(path, generateKeyPair()))).toBe('KEY_EXISTS');
    rmSync(`${path}.pub`);
    expect(codeOf(() => saveKeyPair(path, generateKeyPair()))).toBe('KEY_EXISTS');
    expect(readFileSync(path)).toEqual(before);
    rmSync(path);
    writeFileSync(`${path}.pub`, publicBefore);
    expect(codeOf(() => saveKeyPair(path, generateKeyPair()))).toBe('KEY_EXISTS');
    expect(codeOf(() => statSync(path))).toBe('ENOENT');
    expect(codeOf(() => saveKeyPair(join(folder, 'no', 'key'), generateKeyPair()))).toBe('KEY_FILE');
  });

  it('of P-256 are accepted too', () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    saveKeyPair(path, pair);
    expect(loadPrivateKey(path).equals(pair.privateKey)).toBe(true);
  });

  const pem = (type: 'rsa' | 'x25519') => {
    const pair = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('x25519');
    return pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
  };
  const ed25519 = generateKeyPair();
  const secret = ed25519.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
  const open = ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

  it.each<[string, string | Buffer | null, string, string]>([
    ['no file', null, 'KEY_FILE', 'KEY_FILE'],
    ['an empty file', '', 'KEY_FILE', 'KEY_FILE'],
    ['a text', 'hello', 'KEY_FILE', 'KEY_FILE'],
    ['a public key', ed25519.publicKey.export({ type: 'spki', format: 'pem' }), 'KEY_FILE', 'none'],
    ['a key with a passphrase', secret, 'KEY_FILE', 'KEY_FILE'],
    ['a damaged key', open.replace('MC4', 'MC5'), 'KEY_FILE', 'KEY_FILE'],
    ['an RSA key', pem('rsa'), 'KEY_TYPE', 'KEY_TYPE'],
    ['a key that cannot sign', pem('x25519'), 'KEY_TYPE', 'KEY_TYPE'],
  ])('from %s are accepted or rejected', (_what, contents, asPrivate, asPublic) => {
    if (contents !== null) writeFileSync(path, contents);
    expect(codeOf(() => loadPrivateKey(path))).toBe(asPrivate);
    expect(codeOf(() => loadPublicKey(path))).toBe(asPublic);
  });
});
