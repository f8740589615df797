/** Project Wycheproof's vectors against what hosts verify packages with, and against OpenSSL's key agreement. */
import { createECDH, type KeyObject } from 'node:crypto';
import { expect, it } from 'vitest';
import { encodeCbor } from '../../host/base/cbor/index.ts';
import { verifySignature } from '../../host/device/package/cose.ts';
import { parseTrustedKeys } from '../../host/device/package/index.ts';
import { fromHex, privateBytes, type Wycheproof, wycheproof } from './vectors.ts';

/** Keys as nodes and gateways store them. */
const keyOf = ({ key }: Wycheproof): KeyObject => parseTrustedKeys(encodeCbor([fromHex(key)]))[0]!;

it.each([
  ['ed25519', 150],
  ['ecdsa-p256-sha256', 252],
] as const)('a host judges the signatures of %s as it should', (name, count) => {
  const tests = wycheproof(name);
  expect(tests).toHaveLength(count);
  for (const test of tests)
    expect(verifySignature(fromHex(test.msg), keyOf(test), fromHex(test.sig)), `${test.id} ${test.comment}`).toBe(
      test.result === 'valid',
    );
});

it('a host agrees on the secrets of ecdh-p256, and on none with a peer that is no point', () => {
  const tests = wycheproof('ecdh-p256');
  expect(tests).toHaveLength(355);
  for (const test of tests) {
    const ecdh = createECDH('prime256v1');
    ecdh.setPrivateKey(privateBytes(test.private));
    const agree = () => ecdh.computeSecret(fromHex(test.public)).toString('hex');
    if (test.result === 'invalid') expect(agree, `${test.id} ${test.comment}`).toThrow();
    else expect(agree(), `${test.id} ${test.comment}`).toBe(test.shared);
  }
});
