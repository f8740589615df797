/** What the clients of one node share: a connection to its broker, and the retained messages of the node. */
import { randomBytes } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { type Clock, guard, systemClock } from '../../base/index.ts';
import { MqttClient, openStream, type Received } from '../mqtt/index.ts';
import {
  type Channel,
  checkNamespace,
  checkNodeId,
  DEFAULT_NAMESPACE,
  decodeState,
  type NodeState,
  topicOf,
} from '../topics/index.ts';

/** A node as a client of the broker finds it. */
export interface NodeAddress {
  brokerUrl: string;
  /** Default `mote`. */
  ns?: string;
  node: string;
  username?: string;
  password?: string;
  tls?: ConnectionOptions;
  clock?: Clock;
}

export interface NodeClient {
  readonly mqtt: MqttClient;
  readonly clock: Clock;
  readonly ns: string;
  topic(channel: Channel): string;
  /** Resolves when the broker has granted the subscription. Ignores payloads in another format. */
  listen(topic: string, handler: (message: Received) => void): Promise<void>;
  close(): void;
}

/** A broker delivers retained messages with its answer to the subscription; this is for a slow one. */
const RETAINED_MS = 1000;

/**
 * Connects for one purpose, which is part of the client id. Rejects with `NODE_ID`, `NAMESPACE`, and with `MQTT_...` when
 * the broker can't be reached.
 */
export async function openNodeClient(address: NodeAddress, purpose: string): Promise<NodeClient> {
  const { brokerUrl, ns = DEFAULT_NAMESPACE, node, username, password, tls, clock = systemClock } = address;
  checkNamespace(ns);
  checkNodeId(node);
  const mqtt = new MqttClient({
    url: brokerUrl,
    clientId: `mote-${purpose}-${randomBytes(6).toString('hex')}`,
    clock,
    open: openStream(tls),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  });
  try {
    await mqtt.connect({ retry: false });
  } catch (error) {
    mqtt.close();
    throw error;
  }
  return {
    mqtt,
    clock,
    ns,
    topic: (channel) => topicOf(ns, node, channel),
    listen: (filter, handler) =>
      mqtt.subscribe({ filter, qos: 1 }, (message) => {
        guard(
          () => handler(message),
          () => {},
        );
      }),
    close: () => mqtt.close(),
  };
}

/** The retained message of a channel, or null when the broker has none. */
export function retained(client: NodeClient, channel: Channel): Promise<Received | null> {
  return new Promise((resolve, reject) => {
    const cancel = client.clock.after(RETAINED_MS, () => resolve(null));
    const found = (message: Received) => {
      cancel();
      resolve(message);
    };
    client.listen(client.topic(channel), found).catch((error: unknown) => {
      cancel();
      reject(error);
    });
  });
}

/** The state of a node as its gateway published it last, or null when the broker has none. */
export async function readNodeState(address: NodeAddress): Promise<NodeState | null> {
  const client = await openNodeClient(address, 'state');
  try {
    const message = await retained(client, 's');
    return message === null ? null : decodeState(message.payload);
  } finally {
    client.close();
  }
}
