/** An MQTT 5 client and its queues. */
export { type ClientState, type ClientStats, MqttClient, type PublishOptions } from './client.ts';
export { Framer } from './framer.ts';
export { guard } from './guard.ts';
export type { ClientOptions } from './options.ts';
export { MemoryOutbox, type Outbox, type OutboxStats } from './outbox.ts';
export { DiskQueue, type QueueOptions, type QueueStats } from './queue.ts';
export { encodeRecord, PUT, parseSegment, syncFolder } from './segment.ts';
export { decodeStored, encodeStored, type Stored } from './stored.ts';
export { openStream, parseBrokerUrl } from './stream.ts';
export type { Message, MessageProperties, Received, ServerLimits, Subscription, Will } from './types.ts';
