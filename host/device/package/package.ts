/**
 * A package (`.mote`): a SUIT envelope with a module, its rom and its metadata as integrated payloads, and one
 * signature. The signed manifest contains digest and size of each payload, so the signature covers every byte that
 * runs. Payloads and sequence determine the manifest completely; a package with any other manifest is rejected. Format:
 * docs/spec/package.md.
 */

import { createHash, type KeyObject } from 'node:crypto';
import { PackageConstant } from '../../base/abi/index.ts';
import { type CborKey, type CborValue, decodeCbor, encodeCbor } from '../../base/cbor/index.ts';
import { sentenceError } from '../../base/index.ts';
import { sign1 } from './cose.ts';
import { keyId } from './keys.ts';
import type { Metadata } from './metadata.ts';
import { encodeMetadata, parseMetadata } from './metadata-codec.ts';
import {
  type Envelope,
  encodeEnvelope,
  envelopeSignatures,
  isSuitDigest,
  parseEnvelope,
  parseEnvelopeHead,
  Suit,
  signedDigest,
  suitDigest,
  verifyEnvelope,
} from './suit.ts';

export interface Package {
  sequence: number;
  metadata: Metadata;
  wasm: Uint8Array;
  /** Empty if the module has none. */
  rom: Uint8Array;
  /** SHA-256 of the whole package's bytes. */
  sha256: Uint8Array;
  /** Id of the key that signed it, as `keyId` returns it. `parsePackage` doesn't verify it. */
  keyId: Uint8Array;
}

export interface PackageInput {
  wasm: Uint8Array;
  rom: Uint8Array;
  metadata: Metadata;
  /** 1 to 2^32 - 1. A node accepts only a higher one than it has confirmed. */
  sequence: number;
  /** Ed25519 or P-256. */
  privateKey: KeyObject;
}

/** Payloads in the order of the manifest's components. */
const PAYLOADS = ['#wasm', '#rom', '#meta'] as const;
/**
 * UUID version 5 of `moteware` in the DNS namespace, and of `module-abi-1` in that one. A node compares both before it
 * installs.
 */
const VENDOR_ID = uuid5(Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex'), 'moteware');
const CLASS_ID = uuid5(VENDOR_ID, 'module-abi-1');
const MAX_UINT32 = 0xffffffff;
/** Reporting policy of the draft's conditions and commands: success and failure, or failure only. */
const REPORT_ALL = 15;
const REPORT_FAILURE = 2;
/** Alignment of the rom in the package: native kernels read weights in place, and the slot begins at a page. */
const ROM_ALIGNMENT = PackageConstant.romAlignment;

/** Builds and signs a package. Throws `PKG_METADATA`, `PKG_SEQUENCE`, `KEY_TYPE`. */
export function buildPackage(input: PackageInput): Uint8Array {
  checkSequence(input.sequence);
  const meta = encodeMetadata(input.metadata);
  const signer = keyId(input.privateKey);
  const seal = (rom: Uint8Array): Uint8Array => {
    const payloads = new Map(PAYLOADS.map((name, i) => [name, [input.wasm, rom, meta][i]!]));
    const manifest = manifestOf(input.sequence, payloads);
    const signatures = [sign1(signedDigest(manifest), input.privateKey, { keyId: signer, detached: true })];
    return encodeEnvelope({ sequence: input.sequence, manifest, signatures, severed: new Map(), payloads });
  };
  if (input.rom.length === 0) return seal(input.rom);
  // Only lengths determine where the payload begins, so any payload of the right length shows the place.
  const padded = new Uint8Array(input.rom.length + ROM_ALIGNMENT - 1);
  const before = romPadding(seal(padded).length, padded.length, meta, input.wasm);
  padded.set(input.rom, before);
  return seal(padded);
}

/**
 * Parses a package and checks everything but its signature: encoding, digests, sizes, metadata. For displaying its
 * contents. Throws `CBOR`, `COSE`, `SUIT`, `PKG_FORMAT`, `PKG_DIGEST`, `PKG_SEQUENCE`, `PKG_METADATA`.
 */
export function parsePackage(bytes: Uint8Array): Package {
  return readPackage(bytes).pkg;
}

/**
 * As `parsePackage`, and verifies that one of `publicKeys` signed it. Throws also `PKG_KEY` (signed with another key)
 * or `PKG_SIGNATURE`.
 */
export function openPackage(bytes: Uint8Array, publicKeys: readonly KeyObject[]): Package {
  const { pkg, envelope } = readPackage(bytes);
  checkSignature(envelope, pkg.keyId, publicKeys);
  return pkg;
}

function checkSignature(
  envelope: Pick<Envelope, 'manifest' | 'signatures'>,
  signer: Uint8Array,
  publicKeys: readonly KeyObject[],
): void {
  const key = publicKeys.find((candidate) => Buffer.compare(keyId(candidate), signer) === 0);
  if (!key) throw sentenceError('pkg_key', Buffer.from(signer).toString('hex'));
  if (!verifyEnvelope(envelope, key)) throw sentenceError('pkg_signature');
}

/** What is offered, and the head of its package must say. */
export interface Offered {
  sequence: number;
  /** Bytes of the whole package. */
  total: number;
}

/**
 * Verifies the beginning of a package, up to the end of its signed manifest, before the rest arrives: that one of
 * `publicKeys` signed it, and that it belongs to a package of this sequence and size. Throws `PKG_FORMAT`, `CBOR`,
 * `COSE`, `SUIT`, `PKG_SEQUENCE`, `OTA_FORMAT`, `PKG_KEY`, `PKG_SIGNATURE`. What costs little is checked first.
 */
export function verifyHead(bytes: Uint8Array, offered: Offered, publicKeys: readonly KeyObject[]): void {
  const none = () => sentenceError('pkg_head', PackageConstant.headBytes);
  const head = parseEnvelopeHead(bytes.subarray(0, PackageConstant.headBytes), none);
  checkSequence(head.sequence);
  const images = readImages(head.manifest);
  const own = images.length === PAYLOADS.length && head.members === PAYLOADS.length + 2;
  if (!own || Buffer.compare(encodeManifest(head.sequence, images), head.manifest) !== 0) throw none();
  const signer = signerOf(head);
  if (head.sequence !== offered.sequence) throw sentenceError('pkg_offered', head.sequence, offered.sequence);
  const total = images.reduce((sum, { bytes: size }, i) => sum + memberBytes(PAYLOADS[i]!, size), head.bytes);
  if (total !== offered.total) throw sentenceError('ota_size', total, offered.total);
  checkSignature(head, signer, publicKeys);
}

/** The bytes of a payload of `size` bytes with its name. */
function memberBytes(name: string, size: number): number {
  const lengthBytes = size < 24 ? 0 : size < 0x100 ? 1 : size < 0x1_0000 ? 2 : 4;
  return encodeCbor(name).length + 1 + lengthBytes + size;
}

export interface HostLimits {
  /** ABI of the host, major x 65536 + minor. */
  abi: number;
  /** Linear memory that it can give a module, in bytes. */
  memoryBytes: number;
  /** Highest sequence confirmed on it, 0 for none. */
  sequence: number;
  /** Its product class, empty for none. */
  product: string;
  /** Its name. */
  node: string;
  /** Its group, empty for none. */
  group: string;
}

/** What a package may be for; undefined: not known, and not compared. */
export type Target = Partial<Pick<HostLimits, 'product' | 'node' | 'group'>>;

/** Throws `PKG_TARGET` if the package isn't for such a host. */
export function checkTarget({ product, node, group }: Metadata, host: Target): void {
  if (host.product !== undefined && product !== host.product) throw sentenceError('pkg_target', 'product', product);
  if (host.node !== undefined && node !== '' && node !== host.node) throw sentenceError('pkg_target', 'node', node);
  if (host.group !== undefined && group !== '' && group !== host.group)
    throw sentenceError('pkg_target', 'group', group);
}

/** Throws `PKG_TARGET`, `PKG_ABI`, `PKG_MEMORY` or `PKG_SEQUENCE` if a host can't or may not run the package. */
export function checkPackage(pkg: Package, host: HostLimits): void {
  const { abi, memoryBytes, name, maxStep } = pkg.metadata;
  checkTarget(pkg.metadata, host);
  const version = (number: number) => [number >>> 16, number & 0xffff];
  if (abi >>> 16 !== host.abi >>> 16 || (abi & 0xffff) > (host.abi & 0xffff))
    throw sentenceError('pkg_abi', name, ...version(abi), ...version(host.abi));
  if (memoryBytes > host.memoryBytes) throw sentenceError('pkg_memory', name, memoryBytes, host.memoryBytes);
  if (pkg.sequence <= host.sequence) throw sentenceError('pkg_sequence', name, pkg.sequence, host.sequence);
  if (pkg.sequence - host.sequence > maxStep)
    throw sentenceError('pkg_step', name, pkg.sequence, maxStep, host.sequence);
}

function readPackage(bytes: Uint8Array): { pkg: Package; envelope: Envelope } {
  const envelope = parseEnvelope(bytes);
  const { sequence, payloads } = envelope;
  checkSequence(sequence);
  const [wasm, padded, meta] = PAYLOADS.map((name) => payloads.get(name));
  if (!wasm || !padded || !meta || payloads.size !== PAYLOADS.length || envelope.severed.size > 0)
    throw sentenceError('pkg_parts');
  if (Buffer.compare(manifestOf(sequence, payloads), envelope.manifest) !== 0) throw sentenceError('pkg_digest');
  const signer = signerOf(envelope);
  const rom = readRom(padded, romPadding(bytes.length, padded.length, meta, wasm));
  const metadata = parseMetadata(meta);
  const sha256 = new Uint8Array(createHash('sha256').update(bytes).digest());
  return { pkg: { sequence, metadata, wasm, rom, sha256, keyId: signer }, envelope };
}

/** Returns the id of the key that made the one signature. */
function signerOf(envelope: Pick<Envelope, 'signatures'>): Uint8Array {
  const [signature, ...more] = envelopeSignatures(envelope);
  const signer = signature?.keyId;
  if (!signer || !signature.plain || more.length > 0) throw sentenceError('pkg_signatures');
  return signer;
}

/**
 * Returns the number of zeros before the rom in its payload, which align it to a multiple of 16 in the package. Zeros
 * behind the rom fill up to 15 in total. The payload's length, on which its place depends, is therefore independent of
 * the padding, and there is one encoding.
 */
function romPadding(packageBytes: number, payloadBytes: number, meta: Uint8Array, wasm: Uint8Array): number {
  const behind = ['#meta', meta, '#wasm', wasm].reduce((bytes, item) => bytes + encodeCbor(item).length, 0);
  return -(packageBytes - behind - payloadBytes) & (ROM_ALIGNMENT - 1);
}

function readRom(padded: Uint8Array, before: number): Uint8Array {
  if (padded.length === 0) return padded;
  const end = padded.length - (ROM_ALIGNMENT - 1) + before;
  const zeros = [...padded.subarray(0, before), ...padded.subarray(end)];
  if (end <= before || zeros.some((byte) => byte !== 0)) throw sentenceError('pkg_rom');
  return padded.subarray(before, end);
}

/** A payload as the manifest has it. */
interface Image {
  /** SUIT_Digest of the payload. */
  digest: Uint8Array;
  bytes: number;
}

/** Returns the one manifest for these payloads. */
function manifestOf(sequence: number, payloads: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const images = PAYLOADS.map((name) => payloads.get(name)!);
  return encodeManifest(
    sequence,
    images.map((bytes) => ({ digest: suitDigest(bytes), bytes: bytes.length })),
  );
}

/** Finds the digests and sizes in a manifest; what else it contains is not checked. */
function readImages(manifest: Uint8Array): Image[] {
  const decoded = (bytes: CborValue | undefined) => (bytes instanceof Uint8Array ? decodeCbor(bytes) : undefined);
  const member = (map: CborValue | undefined, key: number) => (map instanceof Map ? map.get(key) : undefined);
  const shared = decoded(member(decoded(member(decodeCbor(manifest), Suit.common)), Suit.sharedSequence));
  const images: Image[] = [];
  for (const item of Array.isArray(shared) ? shared : []) {
    const digest = member(item, Suit.parameterDigest);
    const bytes = member(item, Suit.parameterSize);
    if (digest instanceof Uint8Array && isSuitDigest(digest) && isUint32(bytes)) images.push({ digest, bytes });
  }
  return images;
}

/** Encodes the manifest: every command is fixed, only sequence, digests and sizes vary. */
function encodeManifest(sequence: number, images: readonly Image[]): Uint8Array {
  const identity = new Map<CborKey, CborValue>([
    [Suit.parameterVendor, VENDOR_ID],
    [Suit.parameterClass, CLASS_ID],
  ]);
  const shared: CborValue[] = [Suit.setComponentIndex, true, Suit.overrideParameters, identity];
  shared.push(Suit.conditionVendor, REPORT_ALL, Suit.conditionClass, REPORT_ALL);
  const install: CborValue[] = [];
  for (const [index, name] of PAYLOADS.entries()) {
    const { digest, bytes } = images[index]!;
    const image = new Map<CborKey, CborValue>([
      [Suit.parameterDigest, digest],
      [Suit.parameterSize, bytes],
    ]);
    shared.push(Suit.setComponentIndex, index, Suit.overrideParameters, image);
    install.push(Suit.setComponentIndex, index, Suit.overrideParameters, new Map([[Suit.parameterUri, name]]));
    install.push(Suit.fetch, REPORT_FAILURE, Suit.conditionImage, REPORT_ALL);
  }
  const validate = [Suit.setComponentIndex, true, Suit.conditionImage, REPORT_ALL];
  const invoke = [Suit.setComponentIndex, 0, Suit.invoke, REPORT_FAILURE];
  const common = new Map<CborKey, CborValue>([
    [Suit.components, PAYLOADS.map((name) => [new Uint8Array(Buffer.from(name.slice(1)))])],
    [Suit.sharedSequence, encodeCbor(shared)],
  ]);
  return encodeCbor(
    new Map<CborKey, CborValue>([
      [Suit.version, 1],
      [Suit.sequence, sequence],
      [Suit.common, encodeCbor(common)],
      [Suit.validate, encodeCbor(validate)],
      [Suit.invokeSequence, encodeCbor(invoke)],
      [Suit.install, encodeCbor(install)],
    ]),
  );
}

function isUint32(value: CborValue | undefined): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_UINT32;
}

function checkSequence(sequence: number): void {
  if (!isUint32(sequence) || sequence < 1) throw sentenceError('pkg_range');
}

/** UUID version 5 (RFC 9562, section 5.5). */
function uuid5(namespace: Uint8Array, name: string): Uint8Array {
  const uuid = new Uint8Array(createHash('sha1').update(namespace).update(name).digest().subarray(0, 16));
  uuid[6] = (uuid[6]! & 0x0f) | 0x50;
  uuid[8] = (uuid[8]! & 0x3f) | 0x80;
  return uuid;
}
