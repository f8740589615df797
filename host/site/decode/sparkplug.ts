/**
 * Sparkplug B (Eclipse Sparkplug 3.0.0). Births name the metrics of an edge node and its devices; data may refer to
 * them by alias and without data type, so the decoder keeps the births of each edge node.
 */
import type { RawMessage } from '../model/index.ts';
import { unitOf } from '../units/index.ts';
import { type Numeric, shortestFloat32 } from './decimal.ts';
import type { Decoder } from './decoder.ts';
import { type Description, timeBounds } from './description.ts';
import { MAX_METRICS, MAX_PAYLOAD_BYTES } from './limits.ts';
import { namedSeries } from './named.ts';
import { Collector, type Reason, seriesFault } from './result.ts';
import { readSparkplug, type SparkplugMetric, type SparkplugPayload, type WireValue } from './sparkplug-payload.ts';

/** One metric of a birth. */
export interface BornMetric {
  /** Empty: the edge node itself. */
  readonly device: string;
  readonly name: string;
  /** In decimal; null: it has none. */
  readonly alias: string | null;
  readonly datatype: number;
  readonly unit: string;
}
/** All metrics of the births in force of an edge node. */
export type SparkplugState = readonly BornMetric[];

interface Place {
  readonly group: string;
  readonly type: string;
  readonly edge: string;
  readonly device: string;
}

/** Data types (section 6.4.16). */
const TYPES = {
  int8: 1,
  int16: 2,
  int32: 3,
  int64: 4,
  uint8: 5,
  uint64: 8,
  float: 9,
  double: 10,
  boolean: 11,
} as const;
const [TEXT_TYPES, DATE_TIME] = [new Set([12, 14, 15]), 13];
const INTEGERS = new Set([1, 2, 3, 4, 5, 6, 7, 8, 11, DATE_TIME]);
/** Properties in which products send the unit; `engUnit` is that of Ignition. */
const UNIT_KEYS = ['engUnit', 'engUnits', 'Engineering Units', 'units', 'unit'];
/** Session and control metrics (sections 6.4.19 and 6.4.20), which are no measurements. */
const CONTROL = /^(?:bdSeq$|(?:Node|Device) Control\/)/;
/** Values of the property `Quality` (section 6.4.18): 192 is good, 0 bad, 500 stale. */
const QUALITIES = new Map([
  [192, 0],
  [0, 1],
  [500, 2],
]);

/** `spBv1.0/GROUP/TYPE/EDGE` or with `/DEVICE` behind it; null for other topics. */
export function sparkplugPlace(topic: string): Place | null {
  const [namespace, group, type, edge, device = '', ...rest] = topic.split('/');
  if (namespace !== 'spBv1.0' || rest.length > 0 || !group || !edge) return null;
  const ofDevice = type === 'DBIRTH' || type === 'DDATA' || type === 'DDEATH';
  const ofNode = type === 'NBIRTH' || type === 'NDATA' || type === 'NDEATH';
  if ((!ofDevice && !ofNode) || ofDevice === (device === '')) return null;
  return { group, type: type!, edge, device };
}

export function sparkplugDecoder(description: Extract<Description, { kind: 'sparkplug' }>): Decoder<SparkplugState> {
  const { options } = description;
  const bounds = timeBounds(options);
  const seriesOf = namedSeries(options);
  return {
    description,
    keepsState: true,
    sender(message) {
      const place = sparkplugPlace(message.topic);
      return place && `${place.group}/${place.edge}`;
    },
    decode(message, state) {
      const collector = new Collector(message, bounds);
      const place = sparkplugPlace(message.topic);
      const refuse = (reason: Reason) => ({ decoding: collector.refused(reason), state });
      if (place === null) return refuse('topic');
      if (message.payload.length > MAX_PAYLOAD_BYTES) return refuse('too_large');
      const payload = read(message);
      if (payload === undefined) return refuse('malformed');
      const next = transition(place, payload, state, collector);
      if (next === undefined) return refuse('no_birth');
      // A death carries no measurement.
      if (!place.type.endsWith('DEATH')) {
        for (const metric of payload.metrics) {
          addMetric(metric, place, payload, next, seriesOf, collector);
        }
      }
      return { decoding: collector.result(), state: next };
    },
    readState,
  };
}

function read({ payload }: RawMessage): SparkplugPayload | undefined {
  try {
    return readSparkplug(payload);
  } catch {
    // The reader of protocol buffers throws errors of several types.
    return undefined;
  }
}

/** The births in force behind a message; undefined: none is known. */
function transition(
  { type, device }: Place,
  { metrics }: SparkplugPayload,
  state: SparkplugState | undefined,
  collector: Collector,
): SparkplugState | undefined {
  if (type === 'NDEATH') return [];
  // The birth of the edge node ends those of its devices.
  if (type === 'NBIRTH') return born(metrics, '', [], collector);
  if (state === undefined || state.length === 0) return undefined;
  if (type === 'NDATA' || type === 'DDATA') return state;
  const others = state.filter((metric) => metric.device !== device);
  return type === 'DBIRTH' ? born(metrics, device, others, collector) : others;
}

function born(
  metrics: readonly SparkplugMetric[],
  device: string,
  others: readonly BornMetric[],
  collector: Collector,
): BornMetric[] {
  const state = [...others];
  for (const { name, alias, datatype = 0, properties } of metrics) {
    if (name === undefined) collector.refuse('name');
    else if (state.length >= MAX_METRICS) collector.refuse('too_many_series');
    else {
      const written = UNIT_KEYS.map((key) => properties?.get(key)).find((unit) => typeof unit === 'string');
      const unit = unitOf(String(written ?? ''));
      state.push({ device, name, alias: alias === undefined ? null : String(alias), datatype, unit });
    }
  }
  return state;
}

/** The metrics of a state by alias, and by device and name: made once a state. */
const indexes = new WeakMap<SparkplugState, ReadonlyMap<string, BornMetric>>();

function indexOf(state: SparkplugState): ReadonlyMap<string, BornMetric> {
  let index = indexes.get(state);
  if (index === undefined) {
    const entries = state.flatMap((metric): [string, BornMetric][] => [
      [nameKey(metric.device, metric.name), metric],
      ...(metric.alias === null ? [] : [[`alias ${metric.alias}`, metric] as [string, BornMetric]]),
    ]);
    index = new Map(entries);
    indexes.set(state, index);
  }
  return index;
}

function nameKey(device: string, name: string): string {
  return `name ${device}/${name}`;
}

function addMetric(
  metric: SparkplugMetric,
  { group, edge, device }: Place,
  payload: SparkplugPayload,
  state: SparkplugState,
  seriesOf: ReturnType<typeof namedSeries>,
  collector: Collector,
) {
  const index = indexOf(state);
  const key = metric.name === undefined ? `alias ${metric.alias}` : nameKey(device, metric.name);
  const birth = index.get(key);
  if (birth === undefined || birth.device !== device) return collector.refuse('birth_mismatch');
  if (CONTROL.test(birth.name)) return;
  const datatype = metric.datatype || birth.datatype;
  if (metric.isNull) return collector.refuse('null');
  if (metric.complex) return collector.refuse('type');
  if (metric.value === undefined) return collector.refuse('null');
  const full = device === '' ? `${group}/${edge}` : `${group}/${edge}/${device}`;
  const timeMs = metric.timestampMs ?? payload.timestampMs;
  const timeUs = timeMs === undefined ? collector.message.receivedUs : Math.round(timeMs * 1000);
  const { unit, exponent, event } = seriesOf(birth.name, INTEGERS.has(datatype));
  if (TEXT_TYPES.has(datatype)) {
    if (!event) collector.refuse('text');
    else if (typeof metric.value !== 'string') collector.refuse('type');
    else collector.event(full, birth.name, timeUs, metric.value);
    return;
  }
  const value = decodedValue(metric.value, datatype);
  if (value === undefined) return collector.refuse('type');
  const own = datatype === DATE_TIME ? 'ms' : birth.unit;
  collector.point(full, birth.name, unit ?? own, exponent, qualityOf(metric), timeUs, value);
}

/** Integers are in the two's complement of their type (section 6.4.16). */
function decodedValue(value: WireValue, datatype: number): Numeric | undefined {
  if (typeof value === 'string') return undefined;
  if (datatype === TYPES.boolean) return Number(value) === 0 ? 0 : 1;
  if (typeof value === 'boolean') return undefined;
  if (datatype === TYPES.float) return shortestFloat32(Number(value));
  if (datatype === TYPES.double) return Number(value);
  if (typeof value === 'number' && !Number.isInteger(value)) return undefined;
  if (datatype === TYPES.int64) return BigInt.asIntN(64, BigInt(value));
  if (datatype === TYPES.int8) return (Number(value) << 24) >> 24;
  if (datatype === TYPES.int16) return (Number(value) << 16) >> 16;
  if (datatype === TYPES.int32) return Number(BigInt.asIntN(32, BigInt(value)));
  const isInteger = (datatype >= TYPES.uint8 && datatype <= TYPES.uint64) || datatype === DATE_TIME;
  return isInteger ? value : undefined;
}

function qualityOf({ properties }: SparkplugMetric): number {
  const quality = properties?.get('Quality');
  return quality === undefined ? 0 : (QUALITIES.get(Number(quality)) ?? 1);
}

function readState(value: unknown): SparkplugState | undefined {
  if (!Array.isArray(value) || value.length > MAX_METRICS) return undefined;
  const good = value.every(({ device, name, alias, datatype, unit }) => {
    if (typeof device !== 'string' || typeof name !== 'string' || typeof unit !== 'string') return false;
    if (alias !== null && (typeof alias !== 'string' || !/^\d{1,20}$/.test(alias))) return false;
    return Number.isInteger(datatype) && seriesFault('-', name, unit) === null;
  });
  return good ? value : undefined;
}
