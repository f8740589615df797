/**
 * Infers decoders for messages that nobody announced: from a sample, which format they have, where the values are, their
 * types, decimals, units, the time and the device. An offer is a whole description, and can be accepted as it is.
 */
import type { RawMessage } from '../../model/index.ts';
import type { Description, Kind } from '../description.ts';
import { createDecoder, DecoderFold } from '../fold.ts';
import { addCounts, type Counts, type Decoding, type Reason } from '../result.ts';
import type { Ignored } from './fields.ts';
import { type Draft, inferCsv, inferJson } from './json.ts';
import { inferLines, inferMote, inferSenml, inferSparkplug } from './named.ts';
import { topicFilter } from './places.ts';
import { type Sniffed, sniff } from './sniff.ts';

/** Messages and bytes of a sample that are looked at; the rest is left out. */
export const MAX_SAMPLE_MESSAGES = 1_000;
export const MAX_SAMPLE_BYTES = 4 * 1024 * 1024;

export interface OfferedSeries {
  readonly name: string;
  readonly unit: string;
  readonly exponent: number;
  readonly points: number;
  readonly devices: number;
  /** Integers x 10^exponent. */
  readonly min: number | bigint;
  readonly max: number | bigint;
  /** Points a second of the device with the most points; null if it has no two times. */
  readonly rateHz: number | null;
}

export interface Offer {
  readonly description: Description;
  /** An MQTT filter that matches the topics of the sample. */
  readonly topics: string;
  /** 0 to 1: the share of the sample that the description decodes without refusing anything. */
  readonly confidence: number;
  readonly messages: number;
  /** Some of the devices, sorted. */
  readonly devices: readonly string[];
  readonly series: readonly OfferedSeries[];
  readonly ignored: readonly Ignored[];
  readonly counts: Counts;
}

/** Descriptions that fit messages of the sample, the one that fits most of them first. Never throws; may be empty. */
export function inferDecoders(sample: readonly RawMessage[]): Offer[] {
  const messages = bounded(sample);
  const groups = new Map<Kind, [RawMessage, Sniffed][]>();
  for (const message of messages) {
    const sniffed = sniff(message);
    if (sniffed === null) continue;
    const group = groups.get(sniffed.kind) ?? [];
    group.push([message, sniffed]);
    groups.set(sniffed.kind, group);
  }
  const offers: Offer[] = [];
  for (const [kind, group] of groups) {
    const own = group.map(([message]) => message);
    const draft = draftOf(
      kind,
      own,
      group.map(([, { document }]) => document),
    );
    if (draft !== null) offers.push(offerOf(draft, own, messages.length));
  }
  const order = (a: Offer, b: Offer) => (a.description.kind < b.description.kind ? -1 : 1);
  return offers.sort((a, b) => b.confidence - a.confidence || order(a, b));
}

/** The messages in the order of their numbers, within the limits. */
function bounded(sample: readonly RawMessage[]): RawMessage[] {
  const ordered = [...sample].sort((a, b) => a.id - b.id).slice(0, MAX_SAMPLE_MESSAGES);
  let bytes = 0;
  return ordered.filter(({ payload }) => {
    if (bytes + payload.length > MAX_SAMPLE_BYTES) return false;
    bytes += payload.length;
    return true;
  });
}

function draftOf(kind: Kind, messages: readonly RawMessage[], documents: readonly unknown[]): Draft | null {
  switch (kind) {
    case 'mote':
      return inferMote(messages);
    case 'sparkplug':
      return inferSparkplug(messages);
    case 'senml':
      return inferSenml(messages);
    case 'line-protocol':
      return inferLines(messages);
    case 'json':
      return inferJson(messages, documents);
    case 'csv':
      return inferCsv(messages);
    case 'opcua':
    case 'modbus':
      // A node id says nothing, nor does a register; `mote site opcua browse` reads names and units from the server.
      return null;
  }
}

/** Refusals that say nothing against the description: what the sender leaves out, or what is no number. */
const HARMLESS: ReadonlySet<string> = new Set<Reason>(['null', 'text', 'type', 'no_birth', 'not_a_number', 'rounded']);

function offerOf({ description, ignored }: Draft, messages: readonly RawMessage[], sampled: number): Offer {
  const fold = new DecoderFold(createDecoder(description));
  const decodings = messages.map((message) => fold.decode(message));
  const counts: { [reason in Reason]?: number } = {};
  for (const decoding of decodings) addCounts(counts, decoding.counts);
  const good = decodings.filter((decoding) => Object.keys(decoding.counts).every((reason) => HARMLESS.has(reason)));
  const runs = decodings.flatMap((decoding) => decoding.runs);
  const devices = [...new Set(runs.map(({ device }) => device))].sort();
  return {
    description,
    topics: topicFilter(messages),
    confidence: good.length / sampled,
    messages: messages.length,
    devices: devices.slice(0, 10),
    series: offeredSeries(runs),
    ignored,
    counts,
  };
}

function offeredSeries(runs: Decoding['runs']): OfferedSeries[] {
  const bySeries = new Map<string, Decoding['runs'][number][]>();
  for (const run of runs) {
    const key = JSON.stringify([run.name, run.unit, run.exponent]);
    const list = bySeries.get(key);
    if (list === undefined) bySeries.set(key, [run]);
    else list.push(run);
  }
  const all = [...bySeries].sort(([a], [b]) => (a < b ? -1 : 1));
  return all.map(([, list]) => {
    const { name, unit, exponent } = list[0]!;
    const values = list.flatMap((run) => run.values);
    const times = new Map<string, number[]>();
    for (const { device, timesUs } of list) {
      const own = times.get(device);
      if (own === undefined) times.set(device, [...timesUs]);
      else for (const timeUs of timesUs) own.push(timeUs);
    }
    return {
      name,
      unit,
      exponent,
      points: values.length,
      devices: times.size,
      ...extremes(values),
      rateHz: rateOf([...times].sort(([a, t], [b, u]) => u.length - t.length || (a < b ? -1 : 1))[0]![1]),
    };
  });
}

function extremes(values: readonly (number | bigint)[]): Pick<OfferedSeries, 'min' | 'max'> {
  let [min, max] = [values[0]!, values[0]!];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

function rateOf(timesUs: readonly number[]): number | null {
  const distinct = new Set(timesUs).size;
  const sorted = [...timesUs].sort((a, b) => a - b);
  const spanUs = sorted.at(-1)! - sorted[0]!;
  return distinct < 2 ? null : ((distinct - 1) * 1e6) / spanUs;
}
