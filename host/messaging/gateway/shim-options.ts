/** What a shim needs to know, and what it takes when it isn't told. */

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
  /** User and password of one node; default: those of the address for all. */
  credentials?: (node: string) => { username: string; password: string };
  tls?: ConnectionOptions;
  /** Client ids are this and the node's id; default `mote-`. */
  clientPrefix?: string;
  /** Folder for what waits while the broker is away, one folder a node in it. Without it, it waits in memory and ends with the process. */
  queueDir?: string;
  /** For each node; default 64 MiB. */
  queueMaxBytes?: number;
  /** See `DiskQueue`; default `fsync`. */
  queueSync?: 'fsync' | 'os';
  /** 1 (default): telemetry waits while the broker is away, the oldest gives way. 0: it is dropped then, and costs no disk. */
  telemetryQos?: 0 | 1;
  /** Default one day. */
  telemetryExpirySeconds?: number;
  /** A node, or this gateway, that is back within this time was never away; default 5. */
  graceSeconds?: number;
  /** How long the broker keeps commands for a gateway that is away; default one hour. */
  sessionExpirySeconds?: number;
  keepAliveSeconds?: number;
  /** Nodes at most; default 10,000. */
  maxNodes?: number;
  /** May a node of this name speak here? Default: yes. */
  allowNode?: (node: string) => boolean;
  link?: { window?: number; queueLimit?: number; resendMs?: number; keepAliveMs?: number };
  /** Time of the connections to the broker, and of what guards them; default: that of this machine. */
  clock?: Clock;
  /** Time of the nodes: of their links, and of what is stamped; default: that of this machine. */
  nodeClock?: Clock;
  random?: () => number;
  newSessionId?: () => number;
  backoff?: ClientOptions['backoff'];
  onNode?(node: string, state: 'online' | 'offline'): void;
  /** What an operator should know; nothing of it stops the shim. */
  onProblem?(error: MoteError, node: string | undefined): void;
}

export interface ShimSettings {
  ns: string;
  brokerUrl: string;
  clientPrefix: string;
  queueDir: string | undefined;
  queueMaxBytes: number;
  queueSync: 'fsync' | 'os';
  /** Above this many bytes of events the node's link is stopped. */
  pauseBytes: number;
  telemetryQos: 0 | 1;
  telemetryExpirySeconds: number;
  graceSeconds: number;
  sessionExpirySeconds: number;
  maxNodes: number;
  allowNode: (node: string) => boolean;
  clock: Clock;
  nodeClock: Clock;
  newSessionId: () => number;
  link: NonNullable<ShimOptions['link']>;
  /** Goes to each client as it is. */
  mqtt: Partial<ClientOptions>;
  credentials?: ShimOptions['credentials'];
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
  parseBrokerUrl(options.brokerUrl);
  return {
    ns,
    brokerUrl: options.brokerUrl,
    clientPrefix: options.clientPrefix ?? 'mote-',
    queueDir: options.queueDir,
    queueMaxBytes,
    queueSync: options.queueSync ?? 'fsync',
    pauseBytes: Math.floor(queueMaxBytes * 0.75),
    telemetryQos: options.telemetryQos ?? 1,
    telemetryExpirySeconds: options.telemetryExpirySeconds ?? 86_400,
    graceSeconds: options.graceSeconds ?? 5,
    sessionExpirySeconds: options.sessionExpirySeconds ?? 3600,
    maxNodes: options.maxNodes ?? GatewayConstant.nodes,
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
    ...(options.onNode && { onNode: options.onNode }),
    ...(options.onProblem && { onProblem: options.onProblem }),
  };
}
