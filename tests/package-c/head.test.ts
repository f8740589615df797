/** The first chunk of a package, verified in C and in TypeScript: the same verdict and the same sentence. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type CborMap, decodeCbor, encodeCbor } from '../../host/base/cbor/index.ts';
import { cases, casesText, FULL } from '../../host/base/test-form.ts';
import { buildPackage, generateKeyPair, verifyHead } from '../../host/device/package/index.ts';
import { encodeEnvelope, parseEnvelope } from '../../host/device/package/suit.ts';
import { missingCrypto } from '../c-program.ts';
import { ask, buildDriver, type Request } from './driver.ts';
import {
  comparable,
  pairs,
  publicKeys,
  randomBytes,
  randomMetadata,
  randomPackage,
  signedAgain,
  trusted,
  verdictOf,
  xorshift,
} from './samples.ts';

/** Thousands of cases, under a sanitizer. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

/** A first chunk, and what was offered. */
interface Head {
  bytes: Uint8Array;
  sequence: number;
  total: number;
}

const HEAD_BYTES = 512;
const BITS = FULL ? [1, 2, 4, 8, 16, 32, 64, 128] : [1, 32];
/** Where the manifest ends; its commands contain the name too. */
const endOf = (bytes: Uint8Array) => Buffer.from(bytes).lastIndexOf('d#rom');
const build = (change: object = {}) =>
  buildPackage({
    wasm: randomBytes(xorshift(1), 600),
    rom: randomBytes(xorshift(2), 50),
    metadata: randomMetadata(xorshift(9)),
    sequence: 70_000,
    privateKey: pairs[0]!.privateKey,
    ...change,
  });
const headOf = (bytes: Uint8Array, change: Partial<Head> = {}): Head => ({
  bytes: bytes.slice(0, HEAD_BYTES),
  sequence: 70_000,
  total: bytes.length,
  ...change,
});

describe.skipIf(missingCrypto)('the head of a package', () => {
  let driver: string;
  beforeAll(async () => {
    driver = await buildDriver();
  });

  /** Compares the answers and counts their codes. */
  function compare(heads: Head[]): Record<string, number> {
    const requests = heads.map(({ bytes, sequence, total }): Request => {
      const offer = new Uint8Array(Uint32Array.of(sequence, total).buffer);
      return ['f', trusted, bytes, offer];
    });
    const answers = ask(driver, requests);
    const counts: Record<string, number> = {};
    for (const [i, { bytes, ...offered }] of heads.entries()) {
      const expected = verdictOf(() => {
        verifyHead(bytes, offered, publicKeys);
        return 'ok';
      });
      expect(comparable(answers[i]!), `head ${i}: ${Buffer.from(bytes).toString('hex')}`).toBe(expected);
      const code = expected.split(' ', 1)[0]!;
      counts[code] = (counts[code] ?? 0) + 1;
    }
    return counts;
  }

  it('is accepted for payloads of any length around the lengths where heads grow', () => {
    const lengths = [0, 1, 8, 9, 23, 24, 255, 256, 65_520, 65_521, 65_535, 65_536, 70_000];
    const some = (length: number) => randomBytes(xorshift(length + 1), length);
    const heads = lengths.flatMap((length) => [build({ rom: some(length) }), build({ wasm: some(length) })]);
    expect(compare(heads.map((bytes) => headOf(bytes)))).toEqual({ ok: heads.length });
    for (const sequence of [1, 23, 24, 255, 256, 65_536, 0xffff_ffff])
      expect(compare([headOf(build({ sequence }), { sequence })])).toEqual({ ok: 1 });
  });

  it('of random packages is accepted', () => {
    const random = xorshift(11);
    const packages = Array.from({ length: 50 }, () => randomPackage(random));
    const heads = packages.map((bytes) => headOf(bytes, { sequence: parseEnvelope(bytes).sequence }));
    expect(compare(heads)).toEqual({ ok: heads.length });
  });

  it('is rejected with the same sentence after a change of any byte', () => {
    for (const { privateKey } of pairs) {
      const bytes = build({ privateKey });
      const heads = Array.from({ length: endOf(bytes) }, (_, at) => at).flatMap((at) =>
        BITS.map((bit) => headOf(bytes.with(at, bytes[at]! ^ bit), { total: bytes.length })),
      );
      const counts = compare(heads);
      expect(counts.ok).toBeUndefined();
      for (const code of ['PKG_FORMAT', 'COSE', 'SUIT', 'PKG_KEY', 'PKG_SIGNATURE'])
        expect(counts[code], code).toBeGreaterThan(0);
    }
  });

  it('is rejected when it is cut off, too long, of another offer, or of another signer', () => {
    const bytes = build();
    const end = endOf(bytes);
    const cut = Array.from({ length: end }, (_, count) => headOf(bytes, { bytes: bytes.slice(0, count) }));
    expect(compare(cut)).toEqual({ PKG_FORMAT: end });
    expect(compare([headOf(bytes, { bytes: bytes.slice(0, end) })])).toEqual({ ok: 1 });
    const stranger = build({ privateKey: generateKeyPair().privateKey });
    expect(compare([headOf(bytes, { sequence: 70_001 })])).toEqual({ PKG_SEQUENCE: 1 });
    expect(compare([headOf(bytes, { total: bytes.length + 1 })])).toEqual({ OTA_FORMAT: 1 });
    expect(compare([headOf(stranger)])).toEqual({ PKG_KEY: 1 });
    expect(compare([headOf(new Uint8Array(0))])).toEqual({ PKG_FORMAT: 1 });
  });

  it('is rejected when its signed manifest has another form', () => {
    const bytes = build();
    const envelope = parseEnvelope(bytes);
    const change = (edit: (manifest: CborMap) => unknown): Head => {
      const manifest = decodeCbor(envelope.manifest) as CborMap;
      edit(manifest);
      const changed = signedAgain(envelope, encodeCbor(manifest));
      return headOf(changed);
    };
    const many = encodeEnvelope({ ...envelope, severed: new Map([[20, encodeCbor([])]]) });
    const two = encodeEnvelope({ ...envelope, signatures: [...envelope.signatures, ...envelope.signatures] });
    const heads = [
      change((manifest) => manifest.set(2, 0)),
      change((manifest) => manifest.set(2, 2 ** 33)),
      change((manifest) => manifest.delete(9)),
      change((manifest) => manifest.set(23, 'text')),
      change((manifest) => manifest.set(3, encodeCbor(new Map()))),
      change((manifest) => manifest.set(23, new Uint8Array(200))),
      headOf(many),
      headOf(two),
    ];
    expect(compare(heads)).toEqual({ PKG_SEQUENCE: 2, PKG_FORMAT: 6 });
  });

  it(`has the same sentence over ${casesText(20_000)} mutations`, () => {
    const random = xorshift(77);
    const seeds = Array.from({ length: 20 }, () => randomPackage(random));
    const heads = Array.from({ length: cases(20_000) }, () => {
      const seed = seeds[random(seeds.length)]!;
      const bytes = seed.slice(0, HEAD_BYTES);
      for (let n = random(3); n >= 0; n--) bytes[random(bytes.length)] = random(256);
      return { bytes, sequence: parseEnvelope(seed).sequence, total: seed.length };
    });
    compare(heads);
  });
});
