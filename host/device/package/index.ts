/** Signed packages: SUIT envelopes, COSE signatures, keys and metadata. Format: docs/spec/package.md. */
export { generateKeyPair, type KeyPair, keyId, loadPrivateKey, loadPublicKey, saveKeyPair } from './keys.ts';
export type { Metadata } from './metadata.ts';
export { encodeMetadata, parseMetadata } from './metadata-codec.ts';
export {
  buildPackage,
  checkPackage,
  type HostLimits,
  openPackage,
  type Package,
  type PackageInput,
  parsePackage,
} from './package.ts';
export { encodeTrustedKeys, parseTrustedKeys } from './trusted-keys.ts';
