/** Store and forward of messages to another broker. */
export { publicUrl } from '../mqtt/index.ts';
export { Forward, type ForwardStats } from './forward.ts';
export type { BrokerAccess, ForwardOptions } from './options.ts';
