/** The embedded MQTT 5 broker. docs/brokers.md compares it with others. */
export { publicUrl } from '../mqtt/index.ts';
export { type Broker, type EmbeddedBrokerOptions, isLoopback, startEmbeddedBroker } from './broker.ts';
export { type BrokerChoice, type OpenBroker, openBroker } from './open.ts';
