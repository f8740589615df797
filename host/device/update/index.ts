/**
 * Updates: two slots with their journal, and the transfer of a package. Formats: docs/spec/flash.md, docs/spec/link.md.
 */
export type { Reason } from '../link/index.ts';
export type { SlotIndex } from './slot-journal.ts';
export { type SlotInfo, type SlotLayout, SlotStore, type Transfer } from './slots.ts';
export { PackageSender, type ReceiverOptions, type SenderOptions, UpdateReceiver, wantsHead } from './transfer.ts';
