/** Known answers for boards/crypto, from published vectors, and the file in which vectors.c reads them. */
import { readFileSync } from 'node:fs';
import { packagePath } from '../../host/base/index.ts';
import { deterministicSignature, P256_ORDER, publicKeyOf, scalarBytes, scalarOf, sha256 } from './reference.ts';

/** A case of tests/vectors/wycheproof. Which values it has depends on its file; all are hex. */
export interface Wycheproof {
  id: number;
  comment: string;
  result: 'valid' | 'invalid' | 'acceptable';
  flags: string;
  key: string;
  msg: string;
  sig: string;
  public: string;
  private: string;
  shared: string;
}

export function wycheproof(name: 'ecdh-p256' | 'ecdsa-p256-sha256' | 'ed25519'): Wycheproof[] {
  const file = packagePath('tests', 'vectors', 'wycheproof', `${name}.json`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { tests: Wycheproof[] }).tests;
}

export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

/** A private key as 32 bytes; the vectors have some with a zero in front and some without the zeros in front. */
export const privateBytes = (text: string): Uint8Array => fromHex(text.slice(-64).padStart(64, '0'));

/** RFC 6979, section A.2.5: the key, and the signatures with SHA-256. */
export const RFC6979 = {
  privateKey: 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721',
  key:
    '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6' +
    '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  signatures: {
    sample:
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
      'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    test:
      'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367' +
      '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
  },
} as const;

/** As vectors.c numbers them. */
type Operation = 'e' | 'p' | 's' | 'a' | 'k';

function encode(operation: Operation, succeeds: boolean, number: number, parts: readonly Uint8Array[]): Uint8Array {
  const head = Buffer.alloc(12);
  head.write(operation, 0);
  head.writeUInt8(succeeds ? 1 : 0, 1);
  head.writeUInt32LE(number, 2);
  parts.forEach((part, i) => {
    head.writeUInt16LE(part.length, 6 + 2 * i);
  });
  return Buffer.concat([head, ...parts]);
}

/** Vectors whose values have the lengths that crypto.h takes; COSE and key parsing reject all others before. */
const fitsSignature = ({ sig }: Wycheproof) => sig.length === 128;
const fitsPoint = (test: Wycheproof) => /^04.{128}$/.test(test.public);

/** Private keys in which a branch would show: small, large, with long runs of equal bits, and others. */
const KEYS = [
  ...[1n, 2n, 3n, P256_ORDER - 1n, P256_ORDER - 2n, 2n ** 255n, 2n ** 128n - 1n, P256_ORDER >> 1n],
  ...[1, 2, 3, 4].map((seed) => scalarOf(sha256(Uint8Array.of(seed))) % P256_ORDER),
];

/** The cases of vectors.bin. */
export function vectorCases(): Uint8Array[] {
  const none = new Uint8Array(0);
  const valid = ({ result }: Wycheproof) => result === 'valid';
  const ed25519 = wycheproof('ed25519')
    .filter(fitsSignature)
    .map((t) => encode('e', valid(t), t.id, [t.key, t.msg, t.sig].map(fromHex)));
  const ecdsa = wycheproof('ecdsa-p256-sha256')
    .filter(fitsSignature)
    .map((t) => encode('p', valid(t), t.id, [t.key.slice(2), t.msg, t.sig].map(fromHex)));
  const ecdh = wycheproof('ecdh-p256')
    .filter(fitsPoint)
    .map((t) => encode('a', valid(t), t.id, [privateBytes(t.private), fromHex(t.public.slice(2)), fromHex(t.shared)]));
  const published = Object.entries(RFC6979.signatures).map(([message, signature], i) =>
    encode('s', true, i, [fromHex(RFC6979.privateKey), Buffer.from(message), fromHex(signature)]),
  );
  const own = KEYS.map(scalarBytes).flatMap((key, i) => {
    const message = Uint8Array.of(i);
    return [
      encode('s', true, 100 + i, [key, message, deterministicSignature(key, sha256(message))]),
      encode('k', true, 100 + i, [key, none, publicKeyOf(key)]),
    ];
  });
  const outOfRange = [0n, P256_ORDER, P256_ORDER + 1n, 2n ** 256n - 1n]
    .map(scalarBytes)
    .flatMap((key, i) => [
      encode('s', false, 200 + i, [key, none, none]),
      encode('k', false, 200 + i, [key, none, none]),
      encode('a', false, 1000 + i, [key, fromHex(RFC6979.key), none]),
    ]);
  return [...ed25519, ...ecdsa, ...ecdh, ...published, ...own, ...outOfRange];
}
