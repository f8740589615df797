/**
 * The memory that a message takes on a node while it is queued or unacknowledged. A node on a board has one block for
 * all of them. A node in this process counts the same bytes, so its queue is full at the same message.
 */
import { LinkConstant } from '../../base/abi/index.ts';
import type { Message } from './messages.ts';

/** `itemBytes` is the overhead of each message, `timeBytes` the space for a time until UTC is inserted. */
const { itemBytes, timeBytes } = LinkConstant;

/** Returns the bytes that `message` takes in a node's memory. `length`: bytes of the encoded message. */
export function storedBytes(message: Message, length: number): number {
  const ms = 't0Ms' in message ? message.t0Ms : 'tMs' in message ? message.tMs : null;
  return itemBytes + length + (ms === null ? 0 : timeBytes - integerBytes(ms));
}

/** Bytes of an integer in its shortest form (RFC 8949, section 3). */
function integerBytes(value: number): number {
  const argument = value < 0 ? -1 - value : value;
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  if (argument < 0x1_0000) return 3;
  return argument < 0x1_0000_0000 ? 5 : timeBytes;
}
