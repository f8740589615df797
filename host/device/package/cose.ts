/**
 * COSE_Sign1 (RFC 9052, section 4.2) with Ed25519 (`EdDSA`, RFC 9053 section 2.2) and ECDSA on P-256 (`ES256`, section
 * 2.1). The parser is strict: it accepts only deterministic CBOR and known header parameters.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { type CborMap, CborTag, type CborValue, decodeCbor, encodeCbor } from '../../base/cbor/index.ts';
import { MoteError, sentenceError } from '../../base/index.ts';

/** The supported COSE algorithms: ES256 is -7, EdDSA is -8. */
export type Algorithm = -7 | -8;
const SIGN1_TAG = 18;
const SIGNATURE_BYTES = 64;
const ALG = 1;
const CONTENT_TYPE = 3;
const KEY_ID = 4;

export interface Sign1 {
  algorithm: Algorithm;
  /** Id of the signer's key, if the message contains one. */
  keyId?: Uint8Array;
  /** Null if the payload is detached: signed, but carried elsewhere. */
  payload: Uint8Array | null;
  signature: Uint8Array;
  /** The protected header as it is signed. */
  protectedHeader: Uint8Array;
  /**
   * True if the message has a protected algorithm, a protected key id, no other parameter and no payload: everything
   * but the signature is then signed.
   */
  plain: boolean;
}

export interface Sign1Options {
  /** Accept a message without tag 18, as RFC 9052 allows where the context identifies it. */
  untagged?: boolean;
  /** Accept an algorithm that the signature doesn't cover. */
  unprotectedAlgorithm?: boolean;
}

function bad(message: string): MoteError {
  return sentenceError('cose', message);
}

/** Parses a COSE_Sign1 message. Throws `CBOR` or `COSE`. It doesn't verify the signature. */
export function parseSign1(bytes: Uint8Array, options: Sign1Options = {}): Sign1 {
  const item = decodeCbor(bytes);
  if (item instanceof CborTag ? item.tag !== SIGN1_TAG : !options.untagged)
    throw bad('The signature is no COSE_Sign1 message (CBOR tag 18)');
  const parts = item instanceof CborTag ? item.value : item;
  if (!Array.isArray(parts) || parts.length !== 4)
    throw bad('A COSE_Sign1 message has four parts, and this one has not');
  const [protectedHeader, unprotected, payload, signature] = parts;
  if (!(protectedHeader instanceof Uint8Array) || !(unprotected instanceof Map))
    throw bad('The COSE headers are no byte string and map');
  if (payload !== null && !(payload instanceof Uint8Array)) throw bad('The COSE payload is neither bytes nor null');
  if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES)
    throw bad(`The COSE signature has not ${SIGNATURE_BYTES} bytes`);
  const map: CborValue = protectedHeader.length > 0 ? decodeCbor(protectedHeader) : new Map();
  if (!(map instanceof Map)) throw bad('The protected COSE header is no map');
  for (const key of unprotected.keys()) if (map.has(key)) throw bad(`The COSE header parameter ${key} is there twice`);
  const algorithm = map.get(ALG) ?? (options.unprotectedAlgorithm ? unprotected.get(ALG) : undefined);
  if (algorithm !== -7 && algorithm !== -8)
    throw bad('The COSE algorithm is not EdDSA or ES256, or the signature does not cover it');
  // An empty map is signed as an empty string, however it was encoded (RFC 9052, section 4.4).
  const message: Sign1 = {
    algorithm,
    payload,
    signature,
    protectedHeader: map.size === 0 ? new Uint8Array(0) : protectedHeader,
    plain: payload === null && unprotected.size === 0 && map.size === 2 && map.has(KEY_ID),
  };
  const [signed, open] = [readHeader(map), readHeader(unprotected)];
  const keyId = signed ?? open;
  if (keyId) message.keyId = keyId;
  return message;
}

/** Checks that all parameters are known (so none is critical) and returns the key id. */
function readHeader(header: CborMap): Uint8Array | undefined {
  for (const key of header.keys())
    if (key !== ALG && key !== CONTENT_TYPE && key !== KEY_ID)
      throw bad(`The COSE header parameter ${key} is not understood`);
  const keyId = header.get(KEY_ID);
  if (keyId !== undefined && !(keyId instanceof Uint8Array)) throw bad('The COSE key id is no byte string');
  return keyId;
}

/**
 * Returns whether `key` made this signature over `payload` (by default that of the message) and `externalAad`. Throws
 * `KEY_TYPE` if the key isn't for the message's algorithm, and `COSE` if the payload is detached and not given.
 */
export function verifySign1(
  message: Sign1,
  key: KeyObject,
  payload: Uint8Array | null = message.payload,
  externalAad: Uint8Array = new Uint8Array(0),
): boolean {
  if (payload === null) throw bad('The signed payload is detached and was not given');
  if (algorithmOf(key) !== message.algorithm) throw sentenceError('key_type');
  return verifySignature(toBeSigned(message.protectedHeader, externalAad, payload), key, message.signature);
}

/** Returns whether the Ed25519 or P-256 key made the signature over exactly these bytes. */
export function verifySignature(signed: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  return algorithmOf(key) === -8
    ? verify(null, signed, key, signature)
    : verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

export interface SignOptions {
  /** Put into the protected header, so it is signed too. */
  keyId?: Uint8Array;
  /** Omit the payload from the message. */
  detached?: boolean;
}

/**
 * Returns a tagged COSE_Sign1 message over `payload`. The key determines the algorithm; throws `KEY_TYPE` for an
 * unsupported key.
 */
export function sign1(payload: Uint8Array, key: KeyObject, options: SignOptions = {}): Uint8Array {
  const algorithm = algorithmOf(key);
  const header: CborMap = new Map([[ALG, algorithm]]);
  if (options.keyId) header.set(KEY_ID, options.keyId);
  const protectedHeader = encodeCbor(header);
  const signed = toBeSigned(protectedHeader, new Uint8Array(0), payload);
  const signature = new Uint8Array(
    algorithm === -8 ? sign(null, signed, key) : sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }),
  );
  return encodeCbor(new CborTag(SIGN1_TAG, [protectedHeader, new Map(), options.detached ? null : payload, signature]));
}

/** Returns the algorithm of an Ed25519 or P-256 key. Throws `KEY_TYPE` for another key. */
export function algorithmOf(key: KeyObject): Algorithm {
  if (key.asymmetricKeyType === 'ed25519') return -8;
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return -7;
  throw new MoteError('KEY_TYPE', 'Packages are signed with Ed25519 or P-256 keys; make one with `mote key new`.');
}

/** Sig_structure (RFC 9052, section 4.4). */
function toBeSigned(protectedHeader: Uint8Array, externalAad: Uint8Array, payload: Uint8Array): Uint8Array {
  return encodeCbor(['Signature1', protectedHeader, externalAad, payload]);
}
