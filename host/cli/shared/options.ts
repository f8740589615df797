/** Options that several commands take, read into what the libraries expect. */
import type { NodeAddress } from '../../messaging/gateway/index.ts';
import { DEFAULT_NAMESPACE } from '../../messaging/topics/index.ts';
import { integer } from './command.ts';

export { parseAddress, parseBroker, parseSerial } from '../../messaging/gateway/index.ts';

export const DEFAULT_BROKER = 'mqtt://127.0.0.1:1883';

/** User and password of the broker, from the environment. */
export function brokerCredentials(): { username?: string; password?: string } {
  const { MOTE_MQTT_USER: username, MOTE_MQTT_PASSWORD: password } = process.env;
  return { ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
}

/** Where a command finds a node: from `BROKER_OPTIONS` and the environment. */
export function nodeAddress({ broker, ns }: { broker: string; ns: string }, node: string): NodeAddress {
  return { brokerUrl: broker, ns, node, ...brokerCredentials() };
}

/** The options of every command that reaches a node through its broker. */
export const BROKER_OPTIONS: [flags: string, description: string, fallback: string][] = [
  [
    '-b, --broker <url>',
    'address of the broker; user and password in it, or in MOTE_MQTT_USER and MOTE_MQTT_PASSWORD',
    DEFAULT_BROKER,
  ],
  ['--ns <name>', 'first part of every topic', DEFAULT_NAMESPACE],
];

/** `--seconds` in microseconds; null: no limit. */
export function limitUs(seconds: string | undefined): number | null {
  return seconds === undefined ? null : integer(seconds, 'seconds', 1, 1e9) * 1e6;
}
