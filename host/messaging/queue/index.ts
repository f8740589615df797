/** Messages that wait for a broker: in memory, or in a durable log on disk. */
export { DiskQueue, type QueueOptions, type QueueStats } from './disk-queue.ts';
export type { Message, MessageProperties, Qos } from './message.ts';
export { MemoryOutbox, type Outbox, type OutboxStats, type Pending } from './outbox.ts';
export { encodeRecord, PUT, parseSegment, syncFolder } from './segment.ts';
export { decodeStored, encodeStored, type Stored } from './stored.ts';
