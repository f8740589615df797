/** Decodes the messages of nodes on a broker and passes them on, channel by channel. */
import { randomBytes } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
import type { MetricInfo, OtaStatus, Telemetry } from '../../device/link/index.ts';
import { MqttClient, type Received } from '../mqtt/index.ts';
import {
  decodeEvent,
  decodeLog,
  decodeOta,
  decodeState,
  decodeTelemetry,
  type NodeLog,
  type NodeState,
} from '../topics/index.ts';

/** Receives what nodes publish. */
export interface NodeObserver {
  onState?(state: NodeState, node: string): void;
  /** `metric` is undefined before the node's birth message was seen. */
  onTelemetry?(frame: Telemetry, metric: MetricInfo | undefined, node: string): void;
  onEvent?(event: ReturnType<typeof decodeEvent>, node: string): void;
  onLog?(line: NodeLog, node: string): void;
  onOta?(status: OtaStatus, node: string): void;
  /** A payload that is not in moteware's format. */
  onProblem?(error: MoteError, node?: string): void;
  /** Every message, before it is decoded. */
  onMessage?(message: Received, node: string): void;
}

export interface WatchOptions extends NodeObserver {
  brokerUrl: string;
  ns: string;
  /** A node's id, or `+` for all. */
  node: string;
  username?: string;
  password?: string;
}

/** Resolves when it listens, with a function that ends it. Rejects with `MQTT_...` when the broker can't be reached. */
export async function watchNodes(options: WatchOptions): Promise<() => void> {
  const { brokerUrl, ns, node, username, password } = options;
  const metrics = new Map<string, MetricInfo[]>();
  const states = new Map<string, Uint8Array>();
  const channels: Record<string, (payload: Uint8Array, from: string) => void> = {
    s(payload, from) {
      // A gateway repeats a state when it can't know that the broker received it.
      const before = states.get(from);
      if (before !== undefined && Buffer.from(payload).equals(before)) return;
      states.set(from, payload);
      const state = decodeState(payload);
      if (state.birth !== null) metrics.set(from, state.birth.metrics);
      options.onState?.(state, from);
    },
    t(payload, from) {
      const frame = decodeTelemetry(payload);
      options.onTelemetry?.(frame, metrics.get(from)?.[frame.metric], from);
    },
    e: (payload, from) => options.onEvent?.(decodeEvent(payload), from),
    log: (payload, from) => options.onLog?.(decodeLog(payload), from),
    ota: (payload, from) => options.onOta?.(decodeOta(payload), from),
  };
  const client = new MqttClient({
    url: brokerUrl,
    clientId: `mote-watch-${randomBytes(6).toString('hex')}`,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  });
  try {
    await client.connect({ retry: false });
    await client.subscribe({ filter: `${ns}/d/${node}/#`, qos: 1 }, (message) => {
      const [from = '', channel = ''] = message.topic.slice(ns.length + 3).split('/');
      options.onMessage?.(message, from);
      // The answer to a command is not an event.
      const result = message.properties.userProperties?.type === 'moteware.result.v1';
      if (result || !Object.hasOwn(channels, channel)) return;
      try {
        channels[channel]!(message.payload, from);
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
        options.onProblem?.(error, from);
      }
    });
  } catch (error) {
    client.close();
    throw error;
  }
  return () => client.close();
}
