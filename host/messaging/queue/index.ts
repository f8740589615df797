/** Messages that wait for a broker: in memory, or in a durable log on disk. */
export { DurableLog, type LogOptions, type LogStats } from './durable-log.ts';
export { importQueues } from './import-queues.ts';
export type { Message, MessageProperties, Qos } from './message.ts';
export { MemoryOutbox, type Outbox, type OutboxStats, type Pending } from './outbox.ts';
export { encodeRecord, PUT, parseRecords, syncFolder } from './record.ts';
export { decodeStored, encodeStored, type Stored } from './stored.ts';
