/** Options that several commands take, read into what the libraries expect. */
import { MoteError } from '../../base/index.ts';
import { DEFAULT_BAUD } from '../../device/link/index.ts';
import type { BrokerChoice } from '../../messaging/broker/index.ts';
import type { NodeAddress, SerialLine } from '../../messaging/gateway/index.ts';
import { DEFAULT_NAMESPACE } from '../../messaging/topics/index.ts';
import { integer } from './command.ts';

export const DEFAULT_BROKER = 'mqtt://127.0.0.1:1883';

/** `embedded` or `embedded:PORT` is a broker that is started here; anything else is the address of one that runs. */
export function parseBroker(text: string): BrokerChoice {
  const embedded = /^embedded(?::(.+))?$/.exec(text);
  if (embedded === null) return { url: text };
  return { embeddedPort: integer(embedded[1] ?? '1883', 'broker embedded:PORT', 0, 65_535) };
}

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

/** `HOST:PORT` or `PORT`, with or without `tcp://`. `option` is the option that the user wrote it after. */
export function parseAddress(text: string, option: string): { host: string; port: number } {
  const match = /^(?:tcp:\/\/)?(?:(\[[0-9a-fA-F:]+\]|[^:/]+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535)
    throw new MoteError('USAGE', `${option} takes HOST:PORT, such as 127.0.0.1:7878; got "${text}".`);
  return { host: (match[1] ?? '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}

/** `PATH` or `PATH:BAUD`. */
export function parseSerial(text: string): SerialLine {
  const [, path, baud = String(DEFAULT_BAUD)] = /^(.+?)(?::(\d+))?$/.exec(text) ?? [];
  if (path !== undefined && Number(baud) >= 300 && Number(baud) <= 4_000_000) return { path, baud: Number(baud) };
  throw new MoteError(
    'USAGE',
    `A serial port is PATH or PATH:BAUD, such as /dev/ttyACM0:115200, at 300 to 4000000 baud; got "${text}".`,
  );
}

/** `--seconds` in microseconds; null: no limit. */
export function limitUs(seconds: string | undefined): number | null {
  return seconds === undefined ? null : integer(seconds, 'seconds', 1, 1e9) * 1e6;
}
