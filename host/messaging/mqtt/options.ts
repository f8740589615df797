/** The options of a client and their defaults. */

import { GatewayConstant } from '../../base/abi/index.ts';
import { type Clock, type MoteError, systemClock } from '../../base/index.ts';
import { MemoryOutbox, type Outbox } from '../queue/index.ts';
import type { BackoffOptions } from './backoff.ts';
import { type OpenStream, openStream, parseBrokerUrl } from './stream.ts';
import type { Message, Received, ServerLimits, Will } from './types.ts';

export interface ClientOptions {
  /** `mqtt://host[:port]` or `mqtts://host[:port]`; user and password may be in it. */
  url: string;
  clientId: string;
  username?: string;
  password?: string | Uint8Array;
  /** Delete an earlier session; default true. Only the first connection of this client does so, unless it is `always`. */
  cleanStart?: boolean | 'always';
  /** How long the broker keeps the session while the client is disconnected; default 0. */
  sessionExpirySeconds?: number;
  /** 0 disables it; default 30. The broker may set its own. */
  keepAliveSeconds?: number;
  /** A function is called for each connection. */
  will?: Will | (() => Will);
  /** Messages of QoS 1 that the broker may have in flight to the client; default 64. */
  receiveMaximum?: number;
  /** The largest packet that the client accepts; default 1 MiB. */
  maximumPacketBytes?: number;
  /** The maximum number of topic aliases in each direction; default 16. */
  topicAliasMaximum?: number;
  /** The maximum number of messages of QoS 1 in flight to the broker; default 64. */
  inflightMaximum?: number;
  /** QoS 0 is dropped while this many bytes wait for the network, QoS 1 waits in the outbox; default 1 MiB. */
  highWaterBytes?: number;
  connectTimeoutMs?: number;
  backoff?: BackoffOptions;
  /** A connection of at least this duration resets the backoff; default 5 s. */
  stableMs?: number;
  outbox?: Outbox;
  open?: OpenStream;
  clock?: Clock;
  random?: () => number;
  onOnline?(limits: ServerLimits): void;
  /** The connection ended, or an attempt failed; the next attempt is in `retryMs`, undefined when there is none. */
  onOffline?(error: MoteError, retryMs: number | undefined): void;
  /**
   * The broker will not accept this message of QoS 1, or it ends each connection on which it receives the message. The
   * message leaves the outbox when the promise resolves; if it rejects, the message is sent again later. Without this
   * function, a message leaves at its first refusal. Not called for droppable messages.
   */
  onRefused?(message: Message, error: MoteError): Promise<void>;
  /** The broker does not accept messages for now; the client tries again in `retryMs`. Only with `onRefused`. */
  onDelayed?(error: MoteError, retryMs: number): void;
  /** A message of QoS 1 was not delivered: refused, expired or too large. */
  onLost?(message: Message, error: MoteError): void;
  /** The broker has acknowledged a message of QoS 1; the outbox has free space. */
  onAcknowledged?(): void;
  /** A message that matches no subscription. */
  onUnhandled?(message: Received): void;
  /** A handler threw. The message counts as delivered, because the handler would fail again. */
  onFault?(error: unknown, message: Received): void;
}

export type Settings = Required<Omit<ClientOptions, Optional>> & Pick<ClientOptions, Optional> & { address: URL };
type Optional =
  | 'username'
  | 'password'
  | 'will'
  | 'onOnline'
  | 'onOffline'
  | 'onRefused'
  | 'onDelayed'
  | 'onLost'
  | 'onAcknowledged'
  | 'onUnhandled'
  | 'onFault';

/** Applies the defaults. Throws `MQTT_URL`. */
export function settingsOf(options: ClientOptions): Settings {
  const address = parseBrokerUrl(options.url);
  return {
    ...(address.username && { username: decodeURIComponent(address.username) }),
    ...(address.password && { password: decodeURIComponent(address.password) }),
    cleanStart: true,
    sessionExpirySeconds: 0,
    keepAliveSeconds: 30,
    receiveMaximum: 64,
    maximumPacketBytes: GatewayConstant.mqttPacketBytes,
    topicAliasMaximum: 16,
    inflightMaximum: 64,
    highWaterBytes: 1024 * 1024,
    connectTimeoutMs: 10_000,
    backoff: { baseMs: 500, capMs: 60_000 },
    stableMs: 5000,
    outbox: options.outbox ?? new MemoryOutbox(),
    open: openStream(),
    clock: systemClock,
    random: Math.random,
    ...options,
    address,
  };
}
