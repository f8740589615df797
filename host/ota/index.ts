/** Over-the-air updates: packages, keys, slots, and their way to a node. */
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
export type { Reason, SlotIndex } from './slot-journal.ts';
export { type SlotInfo, type SlotLayout, SlotStore, type Transfer } from './slots.ts';
export { PackageSender, type ReceiverOptions, type SenderOptions, UpdateReceiver } from './transfer.ts';
export { encodeTrustedKeys, parseTrustedKeys } from './trusted-keys.ts';
