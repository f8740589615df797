/**
 * SUIT envelopes (draft-ietf-suit-manifest, CBOR tag 107): a signed manifest, members severed from it, and payloads.
 * The parser is strict: deterministic CBOR, every digest checked, no member or payload that the manifest doesn't name.
 * Digests of payloads are parameters of the manifest's commands; `package.ts` checks them.
 */

import { createHash, type KeyObject } from 'node:crypto';
import { PackageConstant } from '../../base/abi/index.ts';
import {
  type CborKey,
  type CborMap,
  CborReader,
  CborTag,
  type CborValue,
  decodeCbor,
  encodeCbor,
} from '../../base/cbor/index.ts';
import { type MoteError, sentenceError } from '../../base/index.ts';
import { parseSign1, type Sign1, verifySign1 } from './cose.ts';

/** The numbers of the draft that are used here: envelope and manifest members, commands and parameters. */
export const Suit = {
  envelopeTag: PackageConstant.envelopeTag,
  authentication: 2,
  manifest: 3,
  version: 1,
  sequence: 2,
  common: 3,
  components: 2,
  sharedSequence: 4,
  validate: 7,
  invokeSequence: 9,
  install: 20,
  conditionVendor: 1,
  conditionClass: 2,
  conditionImage: 3,
  setComponentIndex: 12,
  overrideParameters: 20,
  fetch: 21,
  invoke: 23,
  parameterVendor: 1,
  parameterClass: 2,
  parameterDigest: 3,
  parameterSize: 14,
  parameterUri: 21,
  tryEach: 15,
  runSequence: 32,
  sha256: -16,
} as const;

/** Largest nesting of command sequences. */
const MAX_DEPTH = 4;

/** Manifest members that are CBOR in a byte string, or a digest if the envelope contains the member. */
const SEQUENCES: readonly CborKey[] = [Suit.validate, 8, Suit.invokeSequence, 15, 16, Suit.install];
/** The last one is text for people. */
const SEVERABLE: readonly CborKey[] = [15, 16, Suit.install, 23];

export interface Envelope {
  sequence: number;
  /** The manifest's bytes, as signed. */
  manifest: Uint8Array;
  /** COSE_Sign1 messages over the manifest's digest. */
  signatures: readonly Uint8Array[];
  /** Members that the manifest contains only as a digest, by their number. */
  severed: ReadonlyMap<number, Uint8Array>;
  /** Integrated payloads by their `#name`. */
  payloads: ReadonlyMap<string, Uint8Array>;
}

function bad(message: string): MoteError {
  return sentenceError('suit', message);
}

/** Returns a SUIT_Digest: the algorithm and the SHA-256. */
export function suitDigest(bytes: Uint8Array): Uint8Array {
  return encodeCbor([Suit.sha256, new Uint8Array(createHash('sha256').update(bytes).digest())]);
}

/** True if the bytes have the form of a SUIT_Digest by SHA-256. */
export function isSuitDigest(bytes: Uint8Array): boolean {
  const empty = encodeCbor([Suit.sha256, new Uint8Array(32)]);
  return bytes.length === empty.length && Buffer.compare(bytes.subarray(0, -32), empty.subarray(0, -32)) === 0;
}

/** The digest of a member covers its byte string, header included. */
function memberDigest(member: Uint8Array): Uint8Array {
  return suitDigest(encodeCbor(member));
}

/** Parses an envelope and checks the digests of its manifest and severed members. Throws `CBOR`, `COSE`, `SUIT`. */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  const item = decodeCbor(bytes);
  if (!(item instanceof CborTag) || item.tag !== Suit.envelopeTag || !(item.value instanceof Map))
    throw bad('The data does not start as an envelope (CBOR tag 107 and a map)');
  const members = item.value;
  const authentication = byteString(members.get(Suit.authentication), 'authentication wrapper');
  const { digest, signatures } = readWrapper(authentication);
  const manifest = byteString(members.get(Suit.manifest), 'manifest');
  checkDigest(manifest, digest);
  const { sequence, digests, uris } = readManifest(manifest);
  const severed = new Map<number, Uint8Array>();
  const payloads = new Map<string, Uint8Array>();
  for (const [key, value] of members) {
    if (key === Suit.authentication || key === Suit.manifest) continue;
    const member = byteString(value, `member ${key}`);
    if (typeof key === 'string') {
      payloads.set(key, member);
      continue;
    }
    const wanted = digests.get(key);
    if (!wanted) throw bad(`The envelope has a member ${key} that its manifest does not cover`);
    if (Buffer.compare(wanted, memberDigest(member)) !== 0)
      throw bad(`Member ${key} has another digest than the manifest says`);
    if (SEQUENCES.includes(key)) readSequence(member, uris);
    severed.set(key, member);
  }
  for (const name of payloads.keys())
    if (!name.startsWith('#') || !uris.has(name)) throw bad(`No command of the manifest fetches the payload '${name}'`);
  return { sequence, manifest, signatures, severed, payloads };
}

/** Reads the digest of the manifest and the signatures. Throws `CBOR`, `COSE`, `SUIT`. */
function readWrapper(bytes: Uint8Array): { digest: Uint8Array; signatures: Uint8Array[] } {
  if (bytes.length > PackageConstant.wrapperBytes)
    throw bad(`The authentication wrapper has more than ${PackageConstant.wrapperBytes} bytes`);
  const wrapper = decodeCbor(bytes);
  if (!Array.isArray(wrapper) || wrapper.length < 1) throw bad('The authentication wrapper is no list');
  const [digest, ...signatures] = wrapper.map((part) => byteString(part, 'part of the authentication wrapper'));
  for (const signature of signatures) parseSign1(signature);
  return { digest: digest!, signatures };
}

function checkDigest(manifest: Uint8Array, digest: Uint8Array): void {
  if (Buffer.compare(digest, memberDigest(manifest)) !== 0)
    throw bad("The manifest's digest is not the one in the authentication wrapper");
}

/** The beginning of an envelope. */
export interface EnvelopeHead extends Pick<Envelope, 'sequence' | 'manifest' | 'signatures'> {
  /** Members of the envelope. */
  members: number;
  /** Where the members after the manifest begin. */
  bytes: number;
}

/**
 * Parses the beginning of an envelope up to the end of its manifest, and checks the manifest's digest. Throws `CBOR`,
 * `COSE`, `SUIT`, and what `none` returns if `bytes` don't hold that.
 */
export function parseEnvelopeHead(bytes: Uint8Array, none: () => MoteError): EnvelopeHead {
  const reader = new CborReader(bytes, none);
  if (reader.tag() !== Suit.envelopeTag) throw none();
  const members = reader.map();
  reader.int(Suit.authentication, Suit.authentication);
  const wrapper = reader.bytes();
  reader.int(Suit.manifest, Suit.manifest);
  const manifest = reader.bytes();
  const { digest, signatures } = readWrapper(wrapper);
  checkDigest(manifest, digest);
  return { sequence: manifestMap(manifest).sequence, manifest, signatures, members, bytes: reader.at };
}

/** Encodes an envelope. The result of `parseEnvelope` encodes to the bytes that were parsed. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const wrapper = [memberDigest(envelope.manifest), ...envelope.signatures];
  const members: CborMap = new Map<CborKey, CborValue>([
    [Suit.authentication, encodeCbor(wrapper)],
    [Suit.manifest, envelope.manifest],
    ...envelope.severed,
    ...envelope.payloads,
  ]);
  return encodeCbor(new CborTag(Suit.envelopeTag, members));
}

/** Returns what the signatures of a manifest sign: its digest as in the authentication wrapper. */
export function signedDigest(manifest: Uint8Array): Uint8Array {
  return memberDigest(manifest);
}

/** Parses the signatures of an envelope. */
export function envelopeSignatures(envelope: Pick<Envelope, 'signatures'>): Sign1[] {
  return envelope.signatures.map((signature) => parseSign1(signature));
}

/** True if the envelope has signatures and `key` made every one of them. */
export function verifyEnvelope(envelope: Pick<Envelope, 'manifest' | 'signatures'>, key: KeyObject): boolean {
  const payload = signedDigest(envelope.manifest);
  const signatures = envelopeSignatures(envelope);
  // Only detached payloads are accepted, as the draft specifies: an attached one would repeat the digest.
  return (
    signatures.length > 0 &&
    signatures.every((signature) => signature.payload === null && verifySign1(signature, key, payload))
  );
}

interface Manifest {
  sequence: number;
  /** SUIT_Digest of each severed member. */
  digests: Map<CborKey, Uint8Array>;
  /** URIs that its commands fetch. */
  uris: Set<string>;
}

/** Decodes a manifest and reads its sequence number. */
function manifestMap(bytes: Uint8Array): { manifest: CborMap; sequence: number } {
  const manifest = decodeCbor(bytes);
  if (!(manifest instanceof Map)) throw bad('The manifest is no map');
  if (manifest.get(Suit.version) !== PackageConstant.suitVersion)
    throw bad('The manifest is of another version than 1');
  const sequence = manifest.get(Suit.sequence);
  if (typeof sequence !== 'number' || sequence < 0) throw bad('The manifest has no sequence number');
  return { manifest, sequence };
}

function readManifest(bytes: Uint8Array): Manifest {
  const { manifest, sequence } = manifestMap(bytes);
  const common = decodeCbor(byteString(manifest.get(Suit.common), 'common section'));
  if (!(common instanceof Map) || !Array.isArray(common.get(Suit.components)))
    throw bad('The manifest names no components');
  const shared = common.get(Suit.sharedSequence);
  const uris = new Set<string>();
  if (shared !== undefined) readSequence(byteString(shared, 'shared sequence'), uris);
  const digests = new Map<CborKey, Uint8Array>();
  for (const [key, value] of manifest) {
    if (SEVERABLE.includes(key) && Array.isArray(value)) {
      const [algorithm, sha256] = value;
      if (value.length !== 2 || algorithm !== Suit.sha256 || !(sha256 instanceof Uint8Array) || sha256.length !== 32)
        throw bad(`The digest of member ${key} is none`);
      digests.set(key, encodeCbor(value));
    } else if (SEQUENCES.includes(key)) readSequence(byteString(value, `sequence ${key}`), uris);
  }
  return { sequence, digests, uris };
}

/** Checks the form of a command sequence and adds the URIs that it sets to `uris`. */
function readSequence(bytes: Uint8Array, uris: Set<string>, depth = 0): void {
  const commands = decodeCbor(bytes);
  if (!Array.isArray(commands) || commands.length % 2 !== 0) throw bad('A command sequence is no list of pairs');
  if (depth > MAX_DEPTH) throw bad(`Command sequences are nested more than ${MAX_DEPTH} deep`);
  for (let i = 0; i < commands.length; i += 2) {
    const [command, argument] = [commands[i], commands[i + 1]];
    if (command === Suit.overrideParameters && argument instanceof Map) {
      const uri = argument.get(Suit.parameterUri);
      if (typeof uri === 'string') uris.add(uri);
    }
    const inner = command === Suit.tryEach && Array.isArray(argument) ? argument : [];
    if (command === Suit.runSequence && argument !== undefined) inner.push(argument);
    for (const sequence of inner) if (sequence instanceof Uint8Array) readSequence(sequence, uris, depth + 1);
  }
}

function byteString(value: CborValue | undefined, what: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw bad(`The ${what} is no byte string`);
  return value;
}
