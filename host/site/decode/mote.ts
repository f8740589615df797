/**
 * moteware's own messages (docs/spec/mqtt.md). A telemetry frame names its metric by the index in the node's birth, so
 * the decoder keeps the metrics of the last birth of each node.
 */
import { isObject, MoteError } from '../../base/index.ts';
import { decodeEvent, decodeState, decodeTelemetry } from '../../messaging/topics/index.ts';
import type { PointRun, RawMessage } from '../model/index.ts';
import type { Decoder, Outcome } from './decoder.ts';
import { type Description, timeBounds } from './description.ts';
import { MAX_METRICS, MAX_PAYLOAD_BYTES } from './limits.ts';
import { Collector, type Reason, seriesFault, type TimeBounds } from './result.ts';

/** Name, unit and exponent of each metric of the last birth, by index. */
export type MoteState = readonly (readonly [name: string, unit: string, exponent: number])[];

/** An earlier time means that the node's clock wasn't set (docs/spec/mqtt.md, "Properties"). */
const CLOCK_SET = '2020-01-01T00:00:00Z';
const ANSWER_TYPE = 'moteware.result.v1';

export function moteDecoder(description: Extract<Description, { kind: 'mote' }>): Decoder<MoteState> {
  const { options } = description;
  const bounds = timeBounds(options, CLOCK_SET);
  const prefix = `${options.namespace ?? 'mote'}/d/`;

  /** Node and channel; null: the topic is none of a node. */
  function place(topic: string): [node: string, channel: string] | null {
    if (!topic.startsWith(prefix)) return null;
    const end = topic.indexOf('/', prefix.length);
    if (end <= prefix.length || topic.indexOf('/', end + 1) >= 0) return null;
    return [topic.slice(prefix.length, end), topic.slice(end + 1)];
  }

  return {
    description,
    keepsState: true,
    sender: (message) => place(message.topic)?.[0] ?? null,
    decode(message, state) {
      const collector = new Collector(message, bounds);
      const found = place(message.topic);
      if (found === null) return { decoding: collector.refused('topic'), state };
      if (message.payload.length > MAX_PAYLOAD_BYTES) return { decoding: collector.refused('too_large'), state };
      const [node, channel] = found;
      try {
        if (channel === 't') return telemetry(message, node, state, collector, bounds);
        if (channel === 's') return birth(message, state, collector);
        if (channel === 'e') return event(message, node, state, collector, bounds);
        return { decoding: collector.result(), state };
      } catch (error) {
        if (error instanceof MoteError) return { decoding: collector.refused('malformed'), state };
        throw error;
      }
    },
    readState,
  };
}

function readState(value: unknown): MoteState | undefined {
  if (!Array.isArray(value) || value.length > MAX_METRICS) return undefined;
  return value.every((metric) => Array.isArray(metric) && metricFault(metric) === null) ? value : undefined;
}

function metricFault([name, unit, exponent]: readonly unknown[]): Reason | null {
  if (typeof name !== 'string') return 'name';
  if (typeof unit !== 'string') return 'unit';
  if (typeof exponent !== 'number' || !isExponent(exponent)) return 'out_of_range';
  return seriesFault('-', name, unit);
}

function isExponent(value: number): boolean {
  return Number.isInteger(value) && value >= -18 && value <= 18;
}

function birth(message: RawMessage, state: MoteState | undefined, collector: Collector): Outcome<MoteState> {
  const { birth } = decodeState(message.payload);
  // The will has no birth; the metrics stay those of the last one.
  if (birth === null) return { decoding: collector.result(), state };
  if (birth.metrics.length > MAX_METRICS) return { decoding: collector.refused('malformed'), state };
  const metrics = birth.metrics.map(({ name, unit, exponent }) => [name.normalize('NFC'), unit, exponent] as const);
  for (const metric of metrics) {
    const fault = metricFault(metric);
    if (fault !== null) collector.refuse(fault);
  }
  return { decoding: collector.result(), state: metrics };
}

function telemetry(
  message: RawMessage,
  device: string,
  state: MoteState | undefined,
  collector: Collector,
  { earliestUs, aheadUs }: TimeBounds,
): Outcome<MoteState> {
  const refuse = (reason: Reason) => ({ decoding: collector.refused(reason), state });
  if (state === undefined) return refuse('no_birth');
  const { metric, t0Ms, dtUs, values, exponent, quality } = decodeTelemetry(message.payload);
  const series = state[metric];
  if (series === undefined || metricFault(series) !== null) return refuse('birth_mismatch');
  const [name, unit] = series;
  const subject = message.properties.userProperties?.subject;
  if (typeof subject === 'string' && subject !== name) return refuse('birth_mismatch');
  const count = values.length;
  const startUs = t0Ms * 1000;
  const endUs = startUs + dtUs * Math.max(0, count - 1);
  if (!isExponent(exponent) || dtUs < 0 || quality < 0 || quality > 255) return refuse('malformed');
  if (startUs < earliestUs) return refuse('time_past');
  if (endUs > message.receivedUs + aheadUs) return refuse('time_future');
  if (count > 0) {
    const timesUs = new Array<number>(count);
    for (let i = 0; i < count; i++) timesUs[i] = startUs + i * dtUs;
    const run: PointRun = { device, name, unit, exponent, quality, timesUs, values };
    const fault = seriesFault(device, name, unit);
    if (fault !== null) return refuse(fault);
    collector.run(run);
  }
  return { decoding: collector.result(), state };
}

function event(
  message: RawMessage,
  device: string,
  state: MoteState | undefined,
  collector: Collector,
  { earliestUs }: TimeBounds,
): Outcome<MoteState> {
  const { userProperties } = message.properties;
  // The answer to a command that named no response topic is no event of the node.
  if (userProperties?.type === ANSWER_TYPE) return { decoding: collector.result(), state };
  const { name, tMs, body } = decodeEvent(message.payload);
  // An event of a node whose clock wasn't set is kept: it gets the time of its receipt.
  const timeUs = tMs * 1000 >= earliestUs ? tMs * 1000 : message.receivedUs;
  const id = isObject(userProperties) && typeof userProperties.id === 'string' ? userProperties.id : undefined;
  collector.event(device, name.normalize('NFC'), timeUs, body, id);
  return { decoding: collector.result(), state };
}
