/** An MQTT 5 client. */
export { type ClientState, type ClientStats, MqttClient, type PublishOptions } from './client.ts';
export { Framer } from './framer.ts';
export type { ClientOptions } from './options.ts';
export { openStream, parseBrokerUrl, publicUrl } from './stream.ts';
export { isTopicFilter, isTopicName, matches } from './topic.ts';
export type { Message, MessageProperties, Received, ServerLimits, Subscription, Will } from './types.ts';
