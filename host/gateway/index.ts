/** The gateway: a broker, a client, and the shim between links and topics. Formats: docs/spec/mqtt.md; brokers: docs/brokers.md. */
export { type Broker, type EmbeddedBrokerOptions, startEmbeddedBroker } from './broker.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  type ClientState,
  type ClientStats,
  MqttClient,
  type PublishOptions,
} from './mqtt/client.ts';
export type { ClientOptions } from './mqtt/options.ts';
export { MemoryOutbox, type Outbox, type OutboxStats } from './mqtt/outbox.ts';
export { DiskQueue, type QueueOptions, type QueueStats } from './mqtt/queue.ts';
export { openStream } from './mqtt/stream.ts';
export type { Message, MessageProperties, Received, ServerLimits, Subscription, Will } from './mqtt/types.ts';
export {
  decodeEvent,
  decodeLog,
  decodeOta,
  decodeState,
  decodeTelemetry,
  type NodeState,
} from './payloads.ts';
export { NEVER_SEEN, type PushOptions, type PushResult, pushPackage } from './push.ts';
export { type NodeInfo, Shim, type ShimPort, type ShimStats } from './shim.ts';
export type { ShimOptions } from './shim-options.ts';
export { type Channel, checkNodeId, DEFAULT_NAMESPACE, isNodeId, topicOf } from './topics.ts';
