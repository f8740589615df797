import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

  it('of which only one half could be written leave no file', () => {
    const pair = generateKeyPair();
    const broken = Object.assign(Object.create(pair.publicKey), {
      export() {
        throw new Error('broken');
      },
    });
    expect(() => saveKeyPair(path, { privateKey: pair.privateKey, publicKey: broken })).toThrow('broken');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('have a public half that everyone may read', () => {
    saveKeyPair(path, generateKeyPair());
    expect(statSync(`${path}.pub`).mode & 0o444).toBe(0o444);
    expect(readFileSync(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(readFileSync(`${path}.pub`, 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----/);
  });

  it('of an elliptic curve are loaded from the format of openssl too', () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(path, pair.privateKey.export({ type: 'sec1', format: 'pem' }));
    expect(loadPrivateKey(path).equals(pair.privateKey)).toBe(true);
    expect(loadPublicKey(path).equals(pair.publicKey)).toBe(true);
  });

  it('report what is wrong with a file and what to do', () => {
    const error = (text: string) => expect.objectContaining({ message: `${path}${text}` });
    writeFileSync(path, 'hello');
    expect(() => loadPrivateKey(path)).toThrow(
      error(" holds no private key in PEM; use the file of the private key, without '.pub'."),
    );
    expect(() => loadPublicKey(path)).toThrow(error(" holds no key in PEM; create a pair with 'mote key new'."));
    expect(() => saveKeyPair(path, generateKeyPair())).toThrow(
      error(' exists already, and keys are never overwritten; choose another name.'),
    );
    writeFileSync(path, open.replace('MC4', 'MC5'));
    expect(() => loadPrivateKey(path)).toThrow(
      expect.objectContaining({
        message: `The key in ${path} can't be read: it is damaged or needs a passphrase. Store it without a passphrase.`,
        cause: expect.anything(),
      }),
    );
    const missing = join(folder, 'no', 'key');
    expect(() => loadPublicKey(missing)).toThrow(
      expect.objectContaining({
        message: `The key file ${missing} can't be read; check the path, or create keys with 'mote key new'.`,
        cause: expect.objectContaining({ code: 'ENOENT' }),
      }),
    );
    expect(() => saveKeyPair(missing, generateKeyPair())).toThrow(
      expect.objectContaining({
        message: `The key file ${missing} can't be written; check the folder and its permissions.`,
        cause: expect.objectContaining({ code: 'ENOENT' }),
      }),
    );
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
