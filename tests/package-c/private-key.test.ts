/** Signing and key agreement on P-256 of the C code, judged by Node (OpenSSL) and by an independent RFC 6979. */
import { createECDH, createPublicKey } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { verifySignature } from '../../host/device/package/cose.ts';
import { missingCrypto } from '../c-program.ts';
import {
  deterministicSignature,
  inverse,
  P256_ORDER,
  publicKeyOf,
  scalarBytes,
  scalarOf,
  sha256,
} from '../crypto-c/reference.ts';
import { fromHex, RFC6979 } from '../crypto-c/vectors.ts';
import { ask, buildDriver, type Request } from './driver.ts';
import { randomBytes, xorshift } from './samples.ts';

const NONE = new Uint8Array(0);
const answer = (bytes: Uint8Array) => `ok out=${Buffer.from(bytes).toString('hex')}`;

function keyObject(raw: Uint8Array) {
  const [x, y] = [raw.subarray(0, 32), raw.subarray(32)].map((part) => Buffer.from(part).toString('base64url'));
  return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: x!, y: y! } });
}

/** Under a sanitizer. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

describe.skipIf(missingCrypto)('a private key on P-256 in C', () => {
  let driver: string;
  beforeAll(async () => {
    driver = await buildDriver();
  });

  const random = xorshift(11);
  const privateKey = () => scalarBytes((scalarOf(randomBytes(random, 40)) % (P256_ORDER - 1n)) + 1n);

  it('signs the messages of RFC 6979 with its nonces', () => {
    const messages = Object.entries(RFC6979.signatures);
    const requests = messages.map(([message]): Request => ['s', fromHex(RFC6979.privateKey), Buffer.from(message)]);
    expect(ask(driver, requests)).toEqual(messages.map(([, signature]) => `ok out=${signature}`));
    expect(ask(driver, [['q', fromHex(RFC6979.privateKey), NONE]])).toEqual([`ok out=${RFC6979.key}`]);
  });

  it('makes 300 signatures that Node and the C code accept, with the nonces of RFC 6979', () => {
    const cases = Array.from({ length: 300 }, () => ({ key: privateKey(), message: randomBytes(random, random(200)) }));
    const answers = ask(
      driver,
      cases.map(({ key, message }): Request => ['s', key, message]),
    );
    const signatures = cases.map(({ key, message }) => deterministicSignature(key, sha256(message)));
    expect(answers).toEqual(signatures.map(answer));
    for (const [i, { key, message }] of cases.entries())
      expect(verifySignature(message, keyObject(publicKeyOf(key)), signatures[i]!)).toBe(true);
    const verified = ask(
      driver,
      cases.map(({ key, message }, i): Request => ['p', publicKeyOf(key), message, signatures[i]!]),
    );
    expect(new Set(verified)).toEqual(new Set(['true']));
  });

  it('agrees on 300 secrets with Node, from both sides', () => {
    const pairs = Array.from({ length: 300 }, () => [privateKey(), privateKey()] as const);
    const sides = pairs.flatMap(([a, b]) => [
      { mine: a, peer: publicKeyOf(b) },
      { mine: b, peer: publicKeyOf(a) },
    ]);
    const secretOf = ({ mine, peer }: (typeof sides)[number]) => {
      const ecdh = createECDH('prime256v1');
      ecdh.setPrivateKey(mine);
      return ecdh.computeSecret(Buffer.concat([Uint8Array.of(4), peer]));
    };
    const answers = ask(
      driver,
      sides.map(({ mine, peer }): Request => ['a', mine, peer]),
    );
    expect(answers).toEqual(sides.map((side) => answer(secretOf(side))));
    for (const [i] of pairs.entries()) expect(answers[2 * i]).toBe(answers[2 * i + 1]);
  });

  it('is refused when it is 0, the order or more, and so is a peer that is no point', () => {
    const [key, peer] = [privateKey(), publicKeyOf(privateKey())];
    const outside = [0n, P256_ORDER, P256_ORDER + 1n, 2n ** 256n - 1n].map(scalarBytes);
    const requests = outside.flatMap((bytes): Request[] => [
      ['s', bytes, NONE],
      ['a', bytes, peer],
      ['q', bytes, NONE],
    ]);
    const noPoints = [new Uint8Array(64), new Uint8Array(64).fill(255), peer.with(63, peer[63]! ^ 1)];
    requests.push(...noPoints.map((bytes): Request => ['a', key, bytes]));
    expect(ask(driver, requests)).toEqual(requests.map(() => 'no'));
  });

  it('uses another nonce for each message', () => {
    const key = privateKey();
    const messages = Array.from({ length: 50 }, (_, i) => Uint8Array.of(i));
    const answers = ask(
      driver,
      messages.map((message): Request => ['s', key, message]),
    );
    const parts = answers.map((text) => fromHex(text.slice('ok out='.length)));
    const nonces = parts.map((signature, i) => {
      const [r, s] = [scalarOf(signature.subarray(0, 32)), scalarOf(signature.subarray(32))];
      return (inverse(s) * (scalarOf(sha256(messages[i]!)) + r * scalarOf(key))) % P256_ORDER;
    });
    expect(new Set(nonces).size).toBe(messages.length);
  });
});
