/** Packages to open: random ones from the encoder, and modified ones with correct digests and signatures. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from '../../host/base/cbor/index.ts';
import { clip, MoteError } from '../../host/base/index.ts';
import { sign1 } from '../../host/device/package/cose.ts';
import {
  buildPackage,
  checkPackage,
  encodeTrustedKeys,
  generateKeyPair,
  keyId,
  type Metadata,
  openPackage,
  type Package,
} from '../../host/device/package/index.ts';
import { type Envelope, encodeEnvelope, signedDigest, suitDigest } from '../../host/device/package/suit.ts';
import type { Request } from './driver.ts';

export const pairs = [generateKeyPair(), generateKeyPairSync('ec', { namedCurve: 'P-256' })];
export const trusted = encodeTrustedKeys(pairs.map((pair) => pair.publicKey));
export const LIMITS = {
  abi: 0x00010002,
  memoryBytes: 1 << 20,
  sequence: 2,
  product: 'pump',
  node: 'pump-7',
  group: 'hall-2',
};
export const publicKeys = pairs.map((pair) => pair.publicKey);

export type Random = (below: number) => number;

export function xorshift(seed: number): Random {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random(256));
}

const LETTERS = ['a', 'Z', '_', ' ', 'é', '°', 'µ', '中', '🙂'];

function randomText(random: Random): string {
  return Array.from({ length: 1 + random(16) }, () => LETTERS[random(LETTERS.length)]).join('');
}

function randomList<T>(random: Random, max: number, make: () => T): T[] {
  return Array.from({ length: random(max) }, make);
}

export function randomMetadata(random: Random): Metadata {
  const name = () => randomText(random);
  return {
    name: name(),
    version: '1.2.3',
    abi: 0x00010000 + random(4),
    memoryBytes: random(1 << 21),
    sensors: randomList(random, 4, name),
    metrics: randomList(random, random(20) ? 5 : 256, () => ({
      name: name(),
      unit: random(2) ? '' : name(),
      exponent: random(61) - 30,
    })),
    commands: randomList(random, 4, name),
    models: randomList(random, 3, () => ({ name: name(), sha256: randomBytes(random, 32) })),
    fuel: random(2) ? BigInt(random(1 << 30)) : (1n << 63n) - 1n - BigInt(random(1000)),
    trialMs: random(1 << 20),
    product: random(12) ? LIMITS.product : random(2) ? name() : '',
    node: random(12) ? ['', LIMITS.node][random(2)]! : name(),
    group: random(12) ? ['', LIMITS.group][random(2)]! : name(),
    maxStep: random(4) ? 0xffff_ffff : random(40),
  };
}

export function randomPackage(random: Random): Uint8Array {
  return buildPackage({
    wasm: randomBytes(random, random(400)),
    rom: randomBytes(random, random(3) ? random(400) : 0),
    metadata: randomMetadata(random),
    sequence: random(2) ? 1 + random(30) : 2 ** (1 + random(31)),
    privateKey: pairs[random(2)]!.privateKey,
  });
}

/** Replaces a payload, with a matching manifest and signature, so that only the payload itself is wrong. */
export function withPayload(envelope: Envelope, name: string, payload: Uint8Array): Uint8Array {
  const map = decodeCbor(envelope.manifest) as CborMap;
  const common = decodeCbor(map.get(3) as Uint8Array) as CborMap;
  const shared = decodeCbor(common.get(4) as Uint8Array) as CborValue[];
  const image = shared[8 + 4 * ['#wasm', '#rom', '#meta'].indexOf(name) + 3] as CborMap;
  image.set(3, suitDigest(payload)).set(14, payload.length);
  common.set(4, encodeCbor(shared));
  map.set(3, encodeCbor(common));
  const payloads = new Map([...envelope.payloads, [name, payload]]);
  return signedAgain({ ...envelope, payloads }, encodeCbor(map));
}

export function signedAgain(
  envelope: Envelope,
  manifest: Uint8Array,
  signer: KeyObject = pairs[0]!.privateKey,
): Uint8Array {
  const signatures = [sign1(signedDigest(manifest), signer, { keyId: keyId(signer), detached: true })];
  return encodeEnvelope({ ...envelope, manifest, signatures });
}

export function openRequest(bytes: Uint8Array): Request {
  const limits = new Uint8Array(Uint32Array.of(LIMITS.abi, LIMITS.memoryBytes, LIMITS.sequence).buffer);
  const names = [LIMITS.product, LIMITS.node, LIMITS.group].map((name) => new Uint8Array(Buffer.from(name)));
  return ['o', trusted, bytes, limits, ...names];
}

const hex = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('hex');

function describePackage({ metadata, ...pkg }: Package): string {
  return [
    `ok sequence=${pkg.sequence} abi=${metadata.abi} memory=${metadata.memoryBytes} fuel=${metadata.fuel} trial=${metadata.trialMs} step=${metadata.maxStep}`,
    `name=${hex(metadata.name)} version=${hex(metadata.version)}`,
    `product=${hex(metadata.product)} node=${hex(metadata.node)} group=${hex(metadata.group)}`,
    ...metadata.sensors.map((name) => `sensor=${hex(name)}`),
    ...metadata.metrics.map(({ name, unit, exponent }) => `metric=${hex(name)} unit=${hex(unit)} exponent=${exponent}`),
    ...metadata.commands.map((name) => `command=${hex(name)}`),
    ...metadata.models.map(({ name, sha256 }) => `model=${hex(name)} sha256=${hex(sha256)}`),
    `wasm=${hex(pkg.wasm)} rom=${hex(pkg.rom)} key=${hex(pkg.keyId)} package=${hex(pkg.sha256)}`,
  ].join(' ');
}

/** Codes whose sentences contain numbers or names in TypeScript that C omits; only the codes are compared. */
const LOOSE = ['CBOR', 'COSE', 'SUIT', 'PKG_METADATA'];

/** The verdict of TypeScript on a package, in the format of the driver. */
export function verdict(bytes: Uint8Array): string {
  return verdictOf(() => {
    const pkg = openPackage(bytes, publicKeys);
    checkPackage(pkg, LIMITS);
    return describePackage(pkg);
  });
}

/** What `check` returns, or why it throws, in the format of the driver. */
export function verdictOf(check: () => string): string {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    if (LOOSE.includes(error.code)) return error.code;
    return `${error.code} ${Buffer.from(clip(error.message, 160)).toString('latin1')}`;
  }
}

/** The driver's answer in a form that is comparable with `verdict`. */
export function comparable(answer: string): string {
  const code = answer.split(' ', 1)[0]!;
  return LOOSE.includes(code) ? code : answer;
}
