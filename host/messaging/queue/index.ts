/** Messages that wait for a broker: in memory, or in a durable log on disk. */
export { DurableLog } from './durable-log.ts';
export { diskFolder, type LogFolder, syncFolder } from './folder.ts';
export { importQueues } from './import-queues.ts';
export { queueIo } from './io.ts';
export type { LogOptions, LogStats } from './log-options.ts';
export type { Message, MessageProperties, Qos } from './message.ts';
export { MemoryOutbox, type Outbox, type OutboxStats, type Pending } from './outbox.ts';
export { encodeRecord, MESSAGE, PUT, parseRecords, recordBytes } from './record.ts';
export { type Place, Segments } from './segments.ts';
export { decodeStored, encodeStored, type Stored } from './stored.ts';
