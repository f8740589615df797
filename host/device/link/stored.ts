/**
 * The memory that a message takes on a node while it is queued or unacknowledged. A node on a board has one block for
 * all of them. A node in this process counts the same bytes, so its queue is full at the same message.
 */
import type { Message } from './messages.ts';

/** Overhead of each message in bytes. */
const ITEM_BYTES = 8;
/** Space for a time in its longest form: UTC is inserted only when the message is sent. */
const TIME_BYTES = 9;

/** Returns the bytes that `message` takes in a node's memory. `length`: bytes of the encoded message. */
export function storedBytes(message: Message, length: number): number {
  const ms = 't0Ms' in message ? message.t0Ms : 'tMs' in message ? message.tMs : null;
  return ITEM_BYTES + length + (ms === null ? 0 : TIME_BYTES - integerBytes(ms));
}

/** Bytes of an integer in its shortest form (RFC 8949, section 3). */
function integerBytes(value: number): number {
  const argument = value < 0 ? -1 - value : value;
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  if (argument < 0x1_0000) return 3;
  return argument < 0x1_0000_0000 ? 5 : TIME_BYTES;
}
