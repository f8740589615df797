/** A package (`.mote`). */
import type { KeyObject } from 'node:crypto';
import { MoteError } from '../error.ts';
import type { Metadata } from './metadata.ts';

const unbuilt = (): never => {
  throw new MoteError('UNBUILT', 'Not built yet.');
};

export interface Package {
  sequence: number;
  metadata: Metadata;
  wasm: Uint8Array;
  /** Empty when the module has none. */
  rom: Uint8Array;
  /** SHA-256 of the whole package's bytes. */
  sha256: Uint8Array;
  /** Which key signed it, as `keyId` says; of a parsed but unverified package: who claims to have. */
  keyId: Uint8Array;
}

export interface PackageInput {
  wasm: Uint8Array;
  rom: Uint8Array;
  metadata: Metadata;
  /** 1 to 2^32-1 */
  sequence: number;
  privateKey: KeyObject;
}
export function buildPackage(_input: PackageInput): Uint8Array {
  return unbuilt();
}
/** Verifies all. Throws PKG_FORMAT, PKG_KEY (signed by none of the keys), PKG_SIGNATURE, PKG_DIGEST. */
export function openPackage(_bytes: Uint8Array, _publicKeys: readonly KeyObject[]): Package {
  return unbuilt();
}
/** Everything but the signature. */
export function parsePackage(_bytes: Uint8Array): Package {
  return unbuilt();
}
export interface HostLimits {
  /** ABI of the host, major x 65536 + minor. */
  abi: number;
  memoryBytes: number;
  /** Highest sequence confirmed on it. */
  sequence: number;
}
/** Throws PKG_ABI, PKG_MEMORY, PKG_SEQUENCE. */
export function checkPackage(_pkg: Package, _host: HostLimits): void {
  unbuilt();
}
