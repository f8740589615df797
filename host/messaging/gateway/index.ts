/** The gateway: the shim between the links of nodes and MQTT topics, and the client that pushes packages. */

export { parseAddress, parseBroker, parseSerial } from './addresses.ts';
export { type AllowedNodes, type Credentials, parseAllowedNodes } from './allowed-nodes.ts';
export type { CommandAnswer } from './commands.ts';
export { type NodeAddress, readNodeState } from './node-client.ts';
export { NEVER_SEEN, type PushOptions, type PushResult, pushPackage } from './push.ts';
export {
  type Configured,
  type ConfigureOptions,
  configureNode,
  type SendOptions,
  sendCommand,
} from './request.ts';
export { type Gateway, type GatewayOptions, type SerialLine, serveGateway } from './serve.ts';
export { type NodeInfo, Shim, type ShimPort, type ShimStats } from './shim.ts';
export type { ShimOptions } from './shim-options.ts';
