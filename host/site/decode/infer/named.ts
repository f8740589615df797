/** Infers descriptions of formats that name their series: SenML, Sparkplug B, line protocol. */
import type { RawMessage } from '../../model/index.ts';
import type { Description, LineOptions, SeriesOption } from '../description.ts';
import { createDecoder, DecoderFold } from '../fold.ts';
import { FINEST_EXPONENT, MAX_NAME } from '../limits.ts';
import { type Line, parseLines } from '../line-text.ts';
import type { Decoding } from '../result.ts';
import { parsePack, resolvePack, splitName } from '../senml.ts';
import { numberUs, type TimeUnit } from '../time.ts';
import { decodeUtf8 } from '../utf8.ts';
import type { Ignored } from './fields.ts';
import type { Draft } from './json.ts';
import { exponentOf, plainName } from './leaves.ts';
import { DEVICE_NAMES, splitUnit } from './names.ts';
import { topicDevice } from './places.ts';
import { moteNamespace } from './sniff.ts';

const NONE: readonly Ignored[] = [];
/** Series that are listed; others of the type get the default exponent. */
const MAX_LISTED = 1_000;

/** Decodes with the finest exponent at which no value is out of range, and lists the exponent that each series needs. */
function seriesOf(messages: readonly RawMessage[], draft: (exponent: number) => Description): SeriesOption[] {
  let decodings: Decoding[] = [];
  for (const exponent of [FINEST_EXPONENT, -6, -3, 0]) {
    const fold = new DecoderFold(createDecoder(draft(exponent)));
    decodings = messages.map((message) => fold.decode(message));
    if (!decodings.some(({ counts }) => counts.out_of_range)) break;
  }
  const needed = new Map<string, number>();
  for (const { name, exponent, values } of decodings.flatMap(({ runs }) => runs)) {
    // Integers, which the format declares, need no entry.
    if (exponent === 0) continue;
    const least = exponentOf(values.map((value) => ({ digits: BigInt(value), exponent })));
    needed.set(name, Math.min(least, needed.get(name) ?? 0));
  }
  const names = [...needed].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MAX_LISTED);
  return names.map(([name, exponent]) => ({ name, exponent }));
}

export function inferMote(messages: readonly RawMessage[]): Draft {
  const count = new Map<string, number>();
  for (const message of messages) {
    const namespace = moteNamespace(message)!;
    count.set(namespace, (count.get(namespace) ?? 0) + 1);
  }
  const [[namespace]] = [...count].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)) as [[string, number]];
  const options = namespace === 'mote' ? {} : { namespace };
  return { description: { kind: 'mote', version: 1, options }, ignored: NONE };
}

export function inferSparkplug(messages: readonly RawMessage[]): Draft {
  const of = (options: { exponent?: number; series?: SeriesOption[] }): Description => {
    return { kind: 'sparkplug', version: 1, options };
  };
  const series = seriesOf(messages, (exponent) => of({ exponent }));
  return { description: of({ series }), ignored: NONE };
}

export function inferSenml(messages: readonly RawMessage[]): Draft {
  const names = messages.flatMap(({ payload, receivedUs }) => {
    const records = resolvePack(parsePack(payload) ?? [], receivedUs);
    return typeof records === 'string' ? [] : records.map((record) => record.name);
  });
  const split = names.every((name) => splitName(name)[0] !== '');
  const device = split ? ({ of: 'name' } as const) : (topicDevice(messages) as string | { topic: number });
  const series = seriesOf(messages, (exponent) => ({ kind: 'senml', version: 1, options: { device, exponent } }));
  return { description: { kind: 'senml', version: 1, options: { device, series } }, ignored: NONE };
}

export function inferLines(messages: readonly RawMessage[]): Draft {
  const lines: { line: Line; receivedUs: number }[] = [];
  for (const { payload, receivedUs } of messages) {
    parseLines(decodeUtf8(payload) ?? '', (line) => {
      if (line !== null) lines.push({ line, receivedUs });
    });
  }
  const device = lineDevice(lines.map(({ line }) => line));
  const precision = linePrecision(lines);
  const of = (options: Partial<LineOptions>): Description => {
    return { kind: 'line-protocol', version: 1, options: { device, ...(precision && { precision }), ...options } };
  };
  const series = seriesOf(messages, (exponent) => of({ exponent })).map((option) => {
    const { unit } = splitUnit(option.name.slice(option.name.lastIndexOf('/') + 1));
    return unit === '' ? option : { ...option, unit };
  });
  return { description: of({ series }), ignored: NONE };
}

/** The tag that names the device: of a known name, else the only one; without tags the measurement. */
function lineDevice(lines: readonly Line[]): LineOptions['device'] {
  const everywhere = [...(lines[0]?.tags.keys() ?? [])].filter(
    (tag) => tag.length <= MAX_NAME && lines.every(({ tags }) => tags.has(tag)),
  );
  const rank = (tag: string) => DEVICE_NAMES.indexOf(plainName(tag));
  const [named] = everywhere.filter((tag) => rank(tag) >= 0).sort((a, b) => rank(a) - rank(b));
  const tag = named ?? (everywhere.length === 1 ? everywhere[0] : undefined);
  return tag === undefined ? { of: 'measurement' } : { at: tag };
}

const EARLIEST_US = 946_684_800_000_000;

/** Undefined: nanoseconds, or no line has a time. */
function linePrecision(lines: readonly { line: Line; receivedUs: number }[]): TimeUnit | undefined {
  const timed = lines.filter(({ line }) => line.time !== undefined);
  const fits = (['ns', 'us', 'ms', 's'] as const).find((unit) =>
    timed.every(({ line, receivedUs }) => {
      const us = numberUs(line.time!, unit);
      return us >= EARLIEST_US && us <= receivedUs + 86_400_000_000;
    }),
  );
  return fits === 'ns' ? undefined : fits;
}
