/** SHA-256, Ed25519 and ECDSA on P-256 of the C code against published vectors and the verdicts of Node (OpenSSL). */
import {
  createECDH,
  createHash,
  createPublicKey,
  createSign,
  ECDH,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { CborTag, decodeCbor, encodeCbor } from '../../host/base/cbor/index.ts';
import { packagePath } from '../../host/base/index.ts';
import { cases, casesText } from '../../host/base/test-form.ts';
import { missingCrypto } from '../c-program.ts';
import { ask, buildDriver, type Request } from './driver.ts';
import { type Random, randomBytes, xorshift } from './samples.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const fromBase64url = (text = '') => Buffer.from(text, 'base64url');
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

/** From the DER; host/device/package/trusted-keys.ts explains why not from a JWK. */
function rawEd25519(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }).subarray(12));
}
function rawP256(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }).subarray(27));
}
function ed25519Key(raw: Uint8Array): KeyObject {
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: base64url(raw) } });
}

/** Little-endian. */
function scalarOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
}
function scalarBytes(scalar: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse());
}
function bigEndian(number: bigint): Uint8Array {
  return hex(number.toString(16).padStart(64, '0'));
}

const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const P256_PRIME = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;

/** Thousands of cases, under a sanitizer. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

describe.skipIf(missingCrypto)('the C code', () => {
  let driver: string;
  beforeAll(async () => {
    driver = await buildDriver();
  });

  function judge(letter: 'e' | 'p', cases: readonly Signed[]): void {
    const answers = ask(
      driver,
      cases.map(({ raw, message, signature }): Request => [letter, raw, message, signature]),
    );
    for (const [i, { key, message, signature, what }] of cases.entries()) {
      const dsaEncoding = 'ieee-p1363';
      const expected =
        letter === 'e'
          ? verify(null, message, key, signature)
          : verify('sha256', message, { key, dsaEncoding }, signature);
      expect(answers[i], what ?? `case ${i}`).toBe(String(expected));
    }
  }

  interface Signed {
    key: KeyObject;
    raw: Uint8Array;
    message: Uint8Array;
    signature: Uint8Array;
    what?: string;
  }

  it('hashes bytes of every length up to 300, in two pieces of any size, as Node does', () => {
    const random = xorshift(1);
    const inputs = [
      ...Array.from({ length: 301 }, (_, length) => randomBytes(random, length)),
      ...Array.from({ length: 500 }, () => randomBytes(random, random(2000))),
    ];
    const cut = () => new Uint8Array(Uint32Array.of(random(1 << 30)).buffer);
    const answers = ask(
      driver,
      inputs.map((bytes): Request => ['h', bytes, cut()]),
    );
    expect(answers).toEqual(inputs.map((bytes) => ` sha256=${createHash('sha256').update(bytes).digest('hex')}`));
  });

  // RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc).
  const RFC8032: [key: string, message: string, signature: string][] = [
    [
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      '72',
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    ],
    [
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
    [
      'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
    ],
  ];

  it('accepts the signatures of RFC 8032, and rejects them with a changed bit', () => {
    for (const [key, message, signature] of RFC8032) {
      expect(ask(driver, [['e', hex(key), hex(message), hex(signature)]])).toEqual(['true']);
      const changed = Array.from({ length: 512 }, (_, bit): Request => {
        const bytes = hex(signature);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        return ['e', hex(key), hex(message), bytes];
      });
      expect(new Set(ask(driver, changed))).toEqual(new Set(['false']));
    }
  });

  it('accepts only an S below the order, as Node does: a signature has one form', () => {
    const cases: Signed[] = [];
    for (const [key, message, signature] of RFC8032) {
      const bytes = hex(signature);
      const s = scalarOf(bytes.subarray(32));
      for (const factor of [0n, 1n, 2n, 3n, 7n, 8n, 14n, 15n]) {
        const forged = s + factor * ED25519_ORDER;
        if (forged >= 2n ** 256n) continue;
        const signed = new Uint8Array([...bytes.subarray(0, 32), ...scalarBytes(forged)]);
        cases.push({
          key: ed25519Key(hex(key)),
          raw: hex(key),
          message: hex(message),
          signature: signed,
          what: `S + ${factor} L`,
        });
      }
      for (const scalar of [0n, ED25519_ORDER - 1n, ED25519_ORDER, ED25519_ORDER + 1n, 2n ** 253n, 2n ** 256n - 1n]) {
        const signed = new Uint8Array([...bytes.subarray(0, 32), ...scalarBytes(scalar)]);
        cases.push({ key: ed25519Key(hex(key)), raw: hex(key), message: hex(message), signature: signed });
      }
    }
    judge('e', cases);
  });

  it('has the same verdict as Node on keys and Rs of small order, not reduced, or off the curve', () => {
    const prime = 2n ** 255n - 19n;
    const points = [
      ...[0n, 1n, 2n, prime - 1n, prime, prime + 1n, prime + 18n].flatMap((y) => [
        scalarBytes(y),
        scalarBytes(y | (1n << 255n)),
      ]),
      // A point of order 8 (RFC 7748, section 7 mentions them; this is its y).
      hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
      hex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
    ];
    const cases: Signed[] = [];
    for (const key of points)
      for (const r of points)
        for (const s of [0n, 1n, ED25519_ORDER - 1n])
          for (const message of ['', '00', '01', '02', '03'])
            cases.push({
              key: ed25519Key(key),
              raw: key,
              message: hex(message),
              signature: new Uint8Array([...r, ...scalarBytes(s)]),
            });
    judge('e', cases);
    const answers = ask(
      driver,
      cases.map(({ raw, message, signature }): Request => ['e', raw, message, signature]),
    );
    expect(answers).toContain('true');
  });

  const damage = (random: Random, bytes: Uint8Array) => {
    const changed = Uint8Array.from(bytes);
    changed[random(changed.length)]! ^= 1 << random(8);
    return changed;
  };

  it(`has the same verdict as Node on ${casesText(3000)} Ed25519 signatures, good and damaged`, () => {
    const random = xorshift(8);
    const signed = Array.from({ length: cases(1000) }, (): Signed[] => {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const message = randomBytes(random, random(300));
      const [key, raw, signature] = [publicKey, rawEd25519(publicKey), new Uint8Array(sign(null, message, privateKey))];
      const other = damage(random, raw);
      return [
        { key, raw, message, signature },
        { key, raw, message, signature: damage(random, signature) },
        { key: ed25519Key(other), raw: other, message, signature },
      ];
    });
    judge('e', signed.flat());
  });

  it(`has the same verdict as Node on ${casesText(2000)} P-256 signatures, good and damaged`, () => {
    const random = xorshift(9);
    const signed = Array.from({ length: cases(500) }, (): Signed[] => {
      const { privateKey, publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const message = randomBytes(random, random(300));
      const signature = new Uint8Array(
        createSign('sha256').update(message).sign({ key: privateKey, dsaEncoding: 'ieee-p1363' }),
      );
      const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`);
      const raw = rawP256(key);
      return [
        { key, raw, message, signature },
        { key, raw, message, signature: damage(random, signature) },
        { key, raw, message: randomBytes(random, 10), signature },
        // The other s of the pair, which is always good too.
        { key, raw, message, signature: new Uint8Array([...signature.subarray(0, 32), ...bigEndian(P256_ORDER - s)]) },
      ];
    });
    judge('p', signed.flat());
  });

  it('has the same verdict as Node on P-256 signatures with extreme r, s and digest', () => {
    const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const raw = rawP256(key);
    const edges = [
      0n,
      1n,
      2n,
      P256_ORDER - 1n,
      P256_ORDER,
      P256_ORDER + 1n,
      P256_PRIME - 1n,
      P256_PRIME,
      2n ** 256n - 1n,
    ];
    const cases = edges.flatMap((r) =>
      edges.map(
        (s): Signed => ({
          key,
          raw,
          message: new Uint8Array(1),
          signature: new Uint8Array([...bigEndian(r), ...bigEndian(s)]),
        }),
      ),
    );
    judge('p', cases);
  });

  /** Multiples of the base point, computed by OpenSSL: the private key is a small number or one close to the order. */
  const multiple = (scalar: bigint): Uint8Array => {
    const ecdh = createECDH('prime256v1');
    ecdh.setPrivateKey(bigEndian(scalar));
    return new Uint8Array(ecdh.getPublicKey().subarray(1));
  };
  const p256Key = (raw: Uint8Array) =>
    createPublicKey({
      format: 'jwk',
      key: { kty: 'EC', crv: 'P-256', x: base64url(raw.subarray(0, 32)), y: base64url(raw.subarray(32)) },
    });

  it('adds equal and opposite points: keys that are small multiples of the base point, with r of each of them', () => {
    const scalars = [1n, 2n, 3n, 4n, 5n, P256_ORDER - 1n, P256_ORDER - 2n, P256_ORDER - 3n];
    const message = hex('6162');
    const z = BigInt(`0x${createHash('sha256').update(message).digest('hex')}`);
    const inverse = (value: bigint): bigint => {
      let [result, base] = [1n, value % P256_ORDER];
      for (let exponent = P256_ORDER - 2n; exponent > 0n; exponent >>= 1n, base = (base * base) % P256_ORDER)
        if (exponent & 1n) result = (result * base) % P256_ORDER;
      return result;
    };
    const cases: Signed[] = [];
    for (const d of scalars)
      for (const k of [...scalars, z, P256_ORDER - z, 2n ** 128n]) {
        const raw = multiple(d);
        const r = BigInt(`0x${Buffer.from(multiple(k % P256_ORDER).subarray(0, 32)).toString('hex')}`) % P256_ORDER;
        const s = (inverse(k) * (z + r * d)) % P256_ORDER;
        const signature = new Uint8Array([...bigEndian(r), ...bigEndian(s)]);
        cases.push({ key: p256Key(raw), raw, message, signature });
        // The sum of both multiples is the point at infinity: z + r d = 0.
        const infinite = (((P256_ORDER - z) % P256_ORDER) * inverse(d)) % P256_ORDER;
        cases.push({
          key: p256Key(raw),
          raw,
          message,
          signature: new Uint8Array([...bigEndian(infinite), ...bigEndian(r)]),
        });
      }
    judge('p', cases);
    const answers = ask(
      driver,
      cases.map(({ raw, message, signature }): Request => ['p', raw, message, signature]),
    );
    expect(answers.filter((answer) => answer === 'true').length).toBe(scalars.length * (scalars.length + 3));
  });

  it('accepts an r below the prime minus the order for the x that is r plus the order', () => {
    let x = P256_ORDER + 1n;
    let point: Uint8Array | null = null;
    for (; point === null; x++) {
      try {
        const compressed = new Uint8Array([2, ...bigEndian(x)]);
        point = new Uint8Array(
          Buffer.from(ECDH.convertKey(compressed, 'prime256v1', undefined, undefined, 'uncompressed') as Buffer),
        );
      } catch {
        // No point has this x.
      }
    }
    const r = x - 1n - P256_ORDER;
    expect(r < P256_PRIME - P256_ORDER).toBe(true);
    // For a digest of zeros, which no known message has, R is (r / s) Q: for s = r it is Q itself.
    const raw = point.subarray(1);
    const judged = (r: bigint, s: bigint) =>
      ask(driver, [['d', raw, new Uint8Array(32), new Uint8Array([...bigEndian(r), ...bigEndian(s)])]])[0];
    expect(judged(r, r)).toBe('true');
    expect(judged(r, r + 1n)).toBe('false');
    // Equal modulo the order, but no other form of the signature is valid.
    expect(judged(r + P256_ORDER, r)).toBe('false');
    expect(judged(r, r + P256_ORDER)).toBe('false');
  });

  it('rejects a key that is not a point of P-256', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const message = hex('00');
    const signature = new Uint8Array(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
    const raw = rawP256(publicKey);
    const y = BigInt(`0x${Buffer.from(raw.subarray(32)).toString('hex')}`);
    const keys = [
      new Uint8Array(64),
      new Uint8Array(64).fill(255),
      raw.with(63, raw[63]! ^ 1),
      new Uint8Array([...raw.subarray(0, 32), ...bigEndian(P256_PRIME - y)]),
      new Uint8Array([...bigEndian(P256_PRIME), ...raw.subarray(32)]),
    ];
    expect(
      ask(
        driver,
        keys.map((key): Request => ['p', key, message, signature]),
      ),
    ).toEqual(keys.map(() => 'false'));
    expect(ask(driver, [['p', raw, message, signature]])).toEqual(['true']);
  });

  it('has the expected verdict on the vectors of the COSE working group', () => {
    interface Vector {
      must_fail: boolean;
      cbor_hex: string;
      input: { sign0: { external?: string; key: { kty: string; x?: string; y?: string; x_hex?: string } } };
    }
    const folder = packagePath('tests', 'vectors', 'cose');
    let [good, bad] = [0, 0];
    for (const name of readdirSync(folder)) {
      const vector = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as Vector;
      const item = decodeCbor(hex(vector.cbor_hex));
      const [header, , payload, signature] = (item instanceof CborTag ? item.value : item) as Uint8Array[];
      if (!signature || (item instanceof CborTag && item.tag !== 18)) continue;
      const { key, external = '' } = vector.input.sign0;
      // A header that is an empty map is signed as an empty string.
      const signedHeader = header?.length === 1 ? new Uint8Array(0) : header!;
      const message = encodeCbor(['Signature1', signedHeader, hex(external), payload!]);
      const request: Request =
        key.kty === 'EC'
          ? ['p', new Uint8Array([...fromBase64url(key.x), ...fromBase64url(key.y)]), message, signature]
          : ['e', hex(key.x_hex!), message, signature];
      expect(ask(driver, [request]), name).toEqual([String(!vector.must_fail)]);
      if (vector.must_fail) bad++;
      else good++;
    }
    expect(good).toBe(5);
    expect(bad).toBeGreaterThan(0);
  });
});
