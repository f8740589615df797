/** Publishes a package as the desired one of a node and follows it to the verdict, as `mote push` does. */
import { createHash } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
import type { OtaStatus } from '../../device/link/index.ts';
import type { Received } from '../mqtt/index.ts';
import { cloudEventProperties, decodeOta, decodeState, type NodeState, PACKAGE_TYPE } from '../topics/index.ts';
import { isVerdict } from './desired.ts';
import { type NodeAddress, type NodeClient, openNodeClient } from './node-client.ts';

export interface PushOptions extends NodeAddress {
  /** A whole `.mote` package, or what makes one once the broker is there. */
  bytes: Uint8Array | (() => Promise<Uint8Array>);
  /** Receives each status of the node about this package, in order. */
  onStatus?: (status: OtaStatus) => void;
  /** Receives the node's state on the broker, at first and at each change. */
  onState?: (state: NodeState) => void;
  /** Default 120 s. */
  timeoutMs?: number;
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
  const { node, timeoutMs = 120_000 } = options;
  const client = await openNodeClient(options, 'push');
  const { clock } = client;
  let online: boolean | undefined;
  let cancel = () => {};
  try {
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
      cancel = clock.after(timeoutMs, () => reject(timedOut(node, timeoutMs, online)));
      Promise.all([client.listen(client.topic('ota'), heard), client.listen(client.topic('s'), state)])
        .then(() => publish(client, bytes, sha256))
        .catch(reject);
    });
    return await verdict;
  } finally {
    cancel();
    client.close();
  }
}

function publish({ mqtt, clock, topic }: NodeClient, bytes: Uint8Array, sha256: Buffer): Promise<void> {
  const timeMs = clock.utcMs();
  const attributes = { id: sha256.toString('hex'), source: '/mote/push', type: 'moteware.package.v1', timeMs };
  return mqtt.publish(topic('desired'), bytes, {
    qos: 1,
    retain: true,
    properties: cloudEventProperties(attributes, PACKAGE_TYPE),
  });
}

/** Part of the sentence about a node whose state the broker doesn't have. */
export const NEVER_SEEN = 'has never been seen on this broker';

/** Why a node gave no answer, by its state on the broker; undefined: the broker has none. */
export function whereabouts(online: boolean | undefined, missing: string): string {
  if (online === undefined) return NEVER_SEEN;
  return online ? `is online but ${missing}` : 'is offline';
}

function timedOut(node: string, timeoutMs: number, online: boolean | undefined): MoteError {
  const where = whereabouts(online, 'reported no verdict');
  return new MoteError(
    'PUSH_TIMEOUT',
    `Node ${node} ${where} within ${timeoutMs / 1000} s; the package stays desired, and the node gets it as soon as possible.`,
  );
}
