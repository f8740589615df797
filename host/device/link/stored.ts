/**
 * What a message takes in a node's memory while it waits or isn't acknowledged. A node on a board has a block of so many bytes for
 * all of them; counted the same here, a node in this process runs out of room at the same message.
 */
import type { Message } from './messages.ts';

/** Of each message besides its own bytes. */
const ITEM_BYTES = 8;
/** A time's place, as large as its longest form: UTC is put in only when it is sent. */
const TIME_BYTES = 9;

/** `length`: bytes of the encoded message. */
export function storedBytes(message: Message, length: number): number {
  const ms = 't0Ms' in message ? message.t0Ms : 'tMs' in message ? message.tMs : null;
  return ITEM_BYTES + length + (ms === null ? 0 : TIME_BYTES - integerBytes(ms));
}

/** In its shortest form (RFC 8949, section 3). */
function integerBytes(value: number): number {
  const argument = value < 0 ? -1 - value : value;
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  if (argument < 0x1_0000) return 3;
  return argument < 0x1_0000_0000 ? 5 : TIME_BYTES;
}
