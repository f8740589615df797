/** Signed packages: SUIT envelopes, COSE signatures, keys and metadata. Format: docs/spec/package.md. */
export { generateKeyPair, type KeyPair, keyId, loadPrivateKey, loadPublicKey, saveKeyPair } from './keys.ts';
export type { Metadata } from './metadata.ts';
export { encodeMetadata, parseMetadata } from './metadata-codec.ts';
export {
  buildPackage,
  checkPackage,
  checkTarget,
  type HostLimits,
  type Offered,
  openPackage,
  type Package,
  type PackageInput,
  parsePackage,
  type Target,
  verifyHead,
} from './package.ts';
export { encodeTrustedKeys, parseTrustedKeys } from './trusted-keys.ts';
