/** ECDSA with the nonces of RFC 6979 in big integers; OpenSSL multiplies the points. For tests: nothing here hides a key. */
import { createECDH, createHash, createHmac } from 'node:crypto';

export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const hmac = (key: Uint8Array, ...parts: Uint8Array[]) =>
  new Uint8Array(createHmac('sha256', key).update(Buffer.concat(parts)).digest());

/** Big-endian, 32 bytes. */
export const scalarOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
export const scalarBytes = (scalar: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex'));

/** x and y of the private key times the base point. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(privateKey);
  return new Uint8Array(ecdh.getPublicKey().subarray(1));
}

/** 1 / value modulo the order, by Fermat. */
export function inverse(value: bigint): bigint {
  let [result, base] = [1n, value % P256_ORDER];
  for (let exponent = P256_ORDER - 2n; exponent > 0n; exponent >>= 1n, base = (base * base) % P256_ORDER)
    if (exponent & 1n) result = (result * base) % P256_ORDER;
  return result;
}

/** RFC 6979, section 3.2. */
function nonceOf(privateKey: Uint8Array, digest: Uint8Array): bigint {
  const seed = Buffer.concat([privateKey, scalarBytes(scalarOf(digest) % P256_ORDER)]);
  let [k, v]: Uint8Array[] = [new Uint8Array(32), new Uint8Array(32).fill(1)];
  for (const tag of [0, 1]) {
    k = hmac(k!, v!, Uint8Array.of(tag), seed);
    v = hmac(k, v!);
  }
  v = hmac(k!, v!);
  const nonce = scalarOf(v);
  // One in 2^32 is not in range; no case here is.
  if (nonce === 0n || nonce >= P256_ORDER) throw new Error('This case needs a second nonce.');
  return nonce;
}

/** r and s of the digest. */
export function deterministicSignature(privateKey: Uint8Array, digest: Uint8Array): Uint8Array {
  const nonce = nonceOf(privateKey, digest);
  const r = scalarOf(publicKeyOf(scalarBytes(nonce)).subarray(0, 32)) % P256_ORDER;
  const s = (inverse(nonce) * (scalarOf(digest) + r * scalarOf(privateKey))) % P256_ORDER;
  return new Uint8Array([...scalarBytes(r), ...scalarBytes(s)]);
}
