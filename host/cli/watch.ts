/** What nodes say on a broker, told channel by channel. */
import { randomBytes } from 'node:crypto';
import { MoteError } from '../base/index.ts';
import type { Log, MetricInfo, OtaStatus, Telemetry } from '../device/link/index.ts';
import { MqttClient, type Received } from '../messaging/mqtt/index.ts';
import {
  decodeEvent,
  decodeLog,
  decodeOta,
  decodeState,
  decodeTelemetry,
  type NodeState,
} from '../messaging/topics/index.ts';
import { otaText } from './push.ts';
import type { Printer } from './report.ts';
import type { Terminal } from './terminal.ts';

export interface WatchOptions {
  brokerUrl: string;
  ns: string;
  /** A node's id, or `+` for all. */
  node: string;
  username?: string;
  password?: string;
  onState?(state: NodeState, node: string): void;
  /** `metric` is undefined before the node's birth was seen. */
  onTelemetry?(frame: Telemetry, metric: MetricInfo | undefined, node: string): void;
  onEvent?(event: ReturnType<typeof decodeEvent>, node: string): void;
  onLog?(line: Log, node: string): void;
  onOta?(status: OtaStatus, node: string): void;
  /** A payload that isn't in our format. */
  onProblem?(error: MoteError, node: string): void;
  /** Every message, before it is told above. */
  onMessage?(message: Received, node: string): void;
}

/** Resolves when it listens, with what ends it. Rejects with `MQTT_...` when the broker can't be reached. */
export async function watchNodes(options: WatchOptions): Promise<() => void> {
  const { brokerUrl, ns, node, username, password } = options;
  const metrics = new Map<string, MetricInfo[]>();
  const states = new Map<string, Uint8Array>();
  const channels: Record<string, (payload: Uint8Array, from: string) => void> = {
    s(payload, from) {
      // A gateway says it again when it can't know that it was heard.
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
      // The answer to somebody's command is no event.
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

/** A node's state in one line. */
export function stateLine({ online, boot, birth }: NodeState): string {
  if (!online) return 'offline';
  if (birth === null) return 'online';
  const { firmware, module } = birth;
  const running = module === null ? 'no module' : `${module.name} ${module.version} ${module.state}`;
  return `online: ${running}${module === null ? '' : `, slot ${'AB'[module.slot] ?? module.slot}`}; ${firmware.name} ${firmware.version}, start ${boot}`;
}

/** Times as a printer wants them: seconds of a message's UTC milliseconds, and now. */
export interface PrintedTimes {
  of(tMs: number): number;
  now(): number;
}

type Handlers = Required<Pick<WatchOptions, 'onState' | 'onTelemetry' | 'onEvent' | 'onLog' | 'onOta' | 'onProblem'>>;

/** Handlers that print what is heard. */
export function printing(terminal: Terminal, printer: Printer, times: PrintedTimes): Handlers {
  return {
    onState: (state) => printer.state(times.now(), 'node', { ...state }, stateLine(state)),
    onTelemetry({ metric, t0Ms, dtUs, values, exponent, quality, seq }, info) {
      const { name, unit } = info ?? { name: `metric ${metric}`, unit: '?' };
      printer.telemetry({ t: times.of(t0Ms), dt: dtUs / 1e6, name, unit, exponent, values, quality, seq });
    },
    onEvent: ({ name, tMs, seq, body }) => printer.event({ t: times.of(tMs), name, seq, body }),
    onLog: ({ level, tMs, text }) => printer.log({ t: times.of(tMs), level, text }),
    onOta(status) {
      const passing = status.state === 'receiving' && terminal.live;
      if (passing) terminal.progress(otaText(status));
      printer.state(times.now(), 'ota', { status }, passing ? null : `update ${otaText(status)}`);
    },
    onProblem: (error) => tellProblem(terminal, error),
  };
}

/** What an operator should know, and nothing ends for. */
export function tellProblem(terminal: Terminal, { code, message }: MoteError): void {
  terminal.data({ type: 'problem', code, message });
  terminal.line(`${terminal.paint('yellow', message)} [${code}]`);
}
