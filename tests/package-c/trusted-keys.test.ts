/** The list of trusted keys, as TypeScript encodes it, in C. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { encodeCbor } from '../../host/base/cbor/index.ts';
import { buildPackage, encodeTrustedKeys, keyId } from '../../host/device/package/index.ts';
import { missingCrypto } from '../c-program.ts';
import { ask, buildDriver, type Request } from './driver.ts';
import { openRequest, pairs, type Random, randomBytes, randomMetadata, trusted, xorshift } from './samples.ts';

/** Thousands of cases, under a sanitizer. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

describe.skipIf(missingCrypto)('a list of trusted keys in C', () => {
  let driver: string;
  beforeAll(async () => {
    driver = await buildDriver();
  });

  it('is read in the encoding of TypeScript, and in no other one', () => {
    const bytes = buildPackage({
      wasm: randomBytes(xorshift(1), 60),
      rom: randomBytes(xorshift(2), 50),
      metadata: randomMetadata(xorshift(9)),
      sequence: 70_000,
      privateKey: pairs[0]!.privateKey,
    });
    const noKeys = encodeTrustedKeys([]);
    const [, , , ...host] = openRequest(bytes);
    const wrong: [string, Uint8Array][] = [
      ['keys', encodeCbor(7)],
      ['keys', encodeCbor(Array(9).fill(new Uint8Array(32)))],
      ['keys', encodeCbor([new Uint8Array(31)])],
      ['keys', encodeCbor([new Uint8Array(65).fill(2)])],
      ['keys', encodeCbor(['x'.repeat(32)])],
      ['keys', new Uint8Array([...trusted, 0])],
      ['PKG_KEY', noKeys],
    ];
    const answers = ask(
      driver,
      wrong.map(([, keys]): Request => ['o', keys, bytes, ...host]),
    );
    expect(answers.map((answer) => answer.split(' ')[0])).toEqual(wrong.map(([code]) => code));
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
    const ids = pairs.map(({ publicKey }) => ` id=${hex(keyId(publicKey))}`);
    expect(ask(driver, [['k', trusted]])).toEqual([`ok -8${ids[0]} -7${ids[1]}`]);
  });

  it('with 50,000 mutated lists of keys causes no read beyond them', () => {
    const random: Random = xorshift(3);
    const requests = Array.from({ length: 50_000 }, (): Request => {
      const changed = Uint8Array.from(trusted);
      for (let n = random(3); n >= 0; n--) changed[random(random(2) ? 5 : changed.length)] = random(256);
      return ['k', random(3) ? changed : changed.slice(0, random(changed.length))];
    });
    const answers = ask(driver, requests);
    expect(answers.filter((answer) => answer.startsWith('ok')).length).toBeGreaterThan(1000);
  });
});
