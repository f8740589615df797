/** Publishes a package as the desired one of a node and follows it to the verdict, as `mote push` does. */
import { createHash, randomBytes } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { type Clock, guard, MoteError, systemClock } from '../../base/index.ts';
import type { OtaStatus } from '../../device/link/index.ts';
import { MqttClient, openStream, type Received } from '../mqtt/index.ts';
import {
  checkNamespace,
  checkNodeId,
  cloudEventProperties,
  DEFAULT_NAMESPACE,
  decodeOta,
  decodeState,
  type NodeState,
  PACKAGE_TYPE,
  topicOf,
} from '../topics/index.ts';
import { isVerdict } from './desired.ts';

export interface PushOptions {
  brokerUrl: string;
  /** Default `mote`. */
  ns?: string;
  node: string;
  /** A whole `.mote` package, or what makes one once the broker is there. */
  bytes: Uint8Array | (() => Promise<Uint8Array>);
  username?: string;
  password?: string;
  tls?: ConnectionOptions;
  /** Receives each status of the node about this package, in order. */
  onStatus?: (status: OtaStatus) => void;
  /** Receives the node's state on the broker, at first and at each change. */
  onState?: (state: NodeState) => void;
  /** Default 120 s. */
  timeoutMs?: number;
  clock?: Clock;
}

export interface PushResult {
  state: 'confirmed' | 'rolledback' | 'refused';
  status: OtaStatus;
}

/**
 * Resolves with the node's verdict. Rejects with `PUSH_TIMEOUT` when none arrives; then the package stays the desired one, and the node gets
 * it when it connects. Rejects with `NODE_ID`, `NAMESPACE`, `MQTT_...` when the package could not be published.
 */
export async function pushPackage(options: PushOptions): Promise<PushResult> {
  const { brokerUrl, ns = DEFAULT_NAMESPACE, node, username, password, timeoutMs = 120_000 } = options;
  const { clock = systemClock } = options;
  checkNamespace(ns);
  checkNodeId(node);
  const client = new MqttClient({
    url: brokerUrl,
    clientId: `mote-push-${randomBytes(6).toString('hex')}`,
    clock,
    open: openStream(options.tls),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  });
  let online: boolean | undefined;
  let cancel = () => {};
  try {
    await client.connect({ retry: false });
    const bytes = typeof options.bytes === 'function' ? await options.bytes() : options.bytes;
    const sha256 = createHash('sha256').update(bytes).digest();
    const verdict = new Promise<PushResult>((resolve, reject) => {
      const heard = (message: Received) => {
        const status = decodeOta(message.payload);
        if (!sha256.equals(status.sha256)) return;
        options.onStatus?.(status);
        const { state } = status;
        if (isVerdict(status)) resolve({ state: state as PushResult['state'], status });
      };
      const state = (message: Received) => {
        const known = decodeState(message.payload);
        online = known.online;
        options.onState?.(known);
      };
      // Ignore payloads in another format.
      const listen = (channel: 'ota' | 's', handler: (message: Received) => void) =>
        client.subscribe({ filter: topicOf(ns, node, channel), qos: 1 }, (message) => {
          guard(
            () => handler(message),
            () => {},
          );
        });
      cancel = clock.after(timeoutMs, () => reject(timedOut(node, timeoutMs, online)));
      Promise.all([listen('ota', heard), listen('s', state)])
        .then(() => publish(client, { ns, node, bytes, sha256, nowMs: clock.utcMs() }))
        .catch(reject);
    });
    return await verdict;
  } finally {
    cancel();
    client.close();
  }
}

interface Desired {
  ns: string;
  node: string;
  bytes: Uint8Array;
  sha256: Buffer;
  nowMs: number;
}

function publish(client: MqttClient, { ns, node, bytes, sha256, nowMs }: Desired): Promise<void> {
  const attributes = { id: sha256.toString('hex'), source: '/mote/push', type: 'moteware.package.v1', timeMs: nowMs };
  return client.publish(topicOf(ns, node, 'desired'), bytes, {
    qos: 1,
    retain: true,
    properties: cloudEventProperties(attributes, PACKAGE_TYPE),
  });
}

/** Part of the sentence about a node whose state the broker doesn't have. */
export const NEVER_SEEN = 'has never been seen on this broker';

function timedOut(node: string, timeoutMs: number, online: boolean | undefined): MoteError {
  const where = online ? 'is online but reported no verdict' : online === false ? 'is offline' : NEVER_SEEN;
  return new MoteError(
    'PUSH_TIMEOUT',
    `Node ${node} ${where} within ${timeoutMs / 1000} s; the package stays desired, and the node gets it as soon as possible.`,
  );
}
