/** The options of a shim and their defaults. */

import { randomBytes } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { GatewayConstant } from '../../base/abi/index.ts';
import { backgroundClock, type Clock, type MoteError, systemClock } from '../../base/index.ts';
import { type ClientOptions, openStream, parseBrokerUrl } from '../mqtt/index.ts';
import { checkNamespace, DEFAULT_NAMESPACE } from '../topics/index.ts';

export interface ShimOptions {
  /** `mqtt://[user:password@]host[:port]` or `mqtts://...` */
  brokerUrl: string;
  /** Default `mote`. */
  ns?: string;
  /** User and password of a node; default: those of the address, for all nodes. */
  credentials?: (node: string) => { username: string; password: string } | undefined;
  /** User and password of the gateway itself, which with `json` has a connection of its own; default: those of the address. */
  gatewayCredentials?: { username: string; password: string };
  tls?: ConnectionOptions;
  /** Prefix of client ids, before the node's id; default `mote-`. */
  clientPrefix?: string;
  /**
   * Folder of the durable log of all nodes. A node's message is acknowledged once it is there, and stays until the broker
   * has it. Without it, messages wait in memory and are lost with the process.
   */
  queueDir?: string;
  /**
   * Folder for messages that the broker refused for good, and for messages from the broker that can't be handled. Without
   * it they are only counted.
   */
  deadLetterDir?: string;
  /** For each node; default 64 MiB. */
  queueMaxBytes?: number;
  /** For all nodes; default 1 GiB. Only for a log on disk. */
  queueTotalBytes?: number;
  /** See `DurableLog`; default `fsync`. */
  queueSync?: 'fsync' | 'os';
  /** While the broker is unreachable: 1 (default) queues telemetry and drops the oldest when full; 0 drops it, and uses no disk. */
  telemetryQos?: 0 | 1;
  /** Also publish states, telemetry and events as JSON, and with `discovery` what Home Assistant needs below that topic. */
  json?: { discovery?: string };
  /** Default one day. */
  telemetryExpirySeconds?: number;
  /** A node, or this gateway, that reconnects within this time is not reported as offline; default 5. */
  graceSeconds?: number;
  /** How long the broker keeps commands for a gateway that is disconnected; default one hour. */
  sessionExpirySeconds?: number;
  keepAliveSeconds?: number;
  /** The maximum number of nodes; default 10,000. */
  maxNodes?: number;
  /** The maximum number of names that one address of another machine may bring; default 1000. Not with `allowNode`. */
  maxAddressNodes?: number;
  /** Returns whether a node of this name may connect. Default: yes. */
  allowNode?: (node: string) => boolean;
  link?: { window?: number; queueLimit?: number; resendMs?: number; keepAliveMs?: number };
  /** Time of the connections to the broker and their timeouts; default: that of this machine. */
  clock?: Clock;
  /** Time of the nodes: of their links and of time stamps; default: that of this machine. */
  nodeClock?: Clock;
  random?: () => number;
  newSessionId?: () => number;
  backoff?: ClientOptions['backoff'];
  onNode?(node: string, state: 'online' | 'offline'): void;
  /** Reports a problem that an operator should know. None stops the shim. */
  onProblem?(error: MoteError, node: string | undefined): void;
}

export interface ShimSettings {
  ns: string;
  brokerUrl: string;
  clientPrefix: string;
  queueDir: string | undefined;
  deadLetterDir: string | undefined;
  queueMaxBytes: number;
  queueTotalBytes: number;
  queueSync: 'fsync' | 'os';
  /** Above this many bytes of events the node's link is paused. */
  pauseBytes: number;
  telemetryQos: 0 | 1;
  json: { discovery: string | undefined } | undefined;
  telemetryExpirySeconds: number;
  graceSeconds: number;
  sessionExpirySeconds: number;
  maxNodes: number;
  /** Infinity with a list. */
  maxAddressNodes: number;
  allowNode: (node: string) => boolean;
  clock: Clock;
  nodeClock: Clock;
  newSessionId: () => number;
  link: NonNullable<ShimOptions['link']>;
  /** Options of each MQTT client. */
  mqtt: Partial<ClientOptions>;
  credentials?: ShimOptions['credentials'];
  gatewayCredentials?: ShimOptions['gatewayCredentials'];
  onNode?: ShimOptions['onNode'];
  onProblem?: ShimOptions['onProblem'];
}

/** Throws `NAMESPACE` and `MQTT_URL`. */
export function shimSettings(options: ShimOptions): ShimSettings {
  const {
    ns = DEFAULT_NAMESPACE,
    queueMaxBytes = GatewayConstant.queueBytes,
    random,
    tls,
    backoff,
    keepAliveSeconds,
  } = options;
  checkNamespace(ns);
  if (options.json?.discovery !== undefined) checkNamespace(options.json.discovery);
  parseBrokerUrl(options.brokerUrl);
  return {
    ns,
    brokerUrl: options.brokerUrl,
    clientPrefix: options.clientPrefix ?? 'mote-',
    queueDir: options.queueDir,
    deadLetterDir: options.deadLetterDir,
    queueMaxBytes,
    queueTotalBytes: options.queueTotalBytes ?? GatewayConstant.queueTotalBytes,
    queueSync: options.queueSync ?? 'fsync',
    pauseBytes: Math.floor(queueMaxBytes * 0.75),
    telemetryQos: options.telemetryQos ?? 1,
    json: options.json && { discovery: options.json.discovery },
    telemetryExpirySeconds: options.telemetryExpirySeconds ?? 86_400,
    graceSeconds: options.graceSeconds ?? 5,
    sessionExpirySeconds: options.sessionExpirySeconds ?? 3600,
    maxNodes: options.maxNodes ?? GatewayConstant.nodes,
    maxAddressNodes:
      options.allowNode === undefined
        ? (options.maxAddressNodes ?? GatewayConstant.addressNames)
        : Number.POSITIVE_INFINITY,
    allowNode: options.allowNode ?? (() => true),
    clock: options.clock ?? systemClock,
    nodeClock: options.nodeClock ?? backgroundClock,
    newSessionId: options.newSessionId ?? (() => randomBytes(4).readUInt32LE()),
    link: options.link ?? {},
    mqtt: {
      open: openStream(tls),
      ...(random && { random }),
      ...(backoff && { backoff }),
      ...(keepAliveSeconds !== undefined && { keepAliveSeconds }),
    },
    ...(options.credentials && { credentials: options.credentials }),
    ...(options.gatewayCredentials && { gatewayCredentials: options.gatewayCredentials }),
    ...(options.onNode && { onNode: options.onNode }),
    ...(options.onProblem && { onProblem: options.onProblem }),
  };
}
