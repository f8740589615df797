/** Collects what a decoder reads from one message, within the limits, and counts what is refused. */
import { isWireText } from '../../base/index.ts';
import type { Decoded, DecodedEvent, PointRun, RawMessage } from '../model/index.ts';
import { type Numeric, type ScaleFault, scale } from './decimal.ts';
import { eventId, jsonBody } from './event.ts';
import { MAX_EVENTS, MAX_NAME, MAX_POINTS, MAX_SERIES, MAX_UNIT } from './limits.ts';

/** Why a message or a part of it gave no point, each with its meaning. A closed list, so that each can be a counter. */
export const REASONS = {
  topic: 'the topic is none of this decoder',
  too_large: 'the payload is longer than 4 MiB',
  malformed: 'the payload is not in its format, or exceeds the limits of nesting and items',
  version: 'the payload has a version that this decoder does not know',
  no_match: 'no field of the description is in the message',
  no_birth: 'the birth that names the metrics has not been seen',
  birth_mismatch: 'the message is of another birth than the last one seen',
  too_many_senders: 'births of more than 100,000 senders',
  too_many_points: 'more than 100,000 points in one message',
  too_many_series: 'more than 1,000 series in one message',
  too_many_events: 'more than 1,000 events in one message',
  device: 'no device is named, or its name is not text of 1 to 256 characters',
  name: 'the name of a series or an event is not text of 1 to 256 characters',
  unit: 'the unit is not text of at most 64 characters',
  time_invalid: 'the time is not in its format',
  time_past: 'the time is before the earliest that is accepted',
  time_future: 'the time is too far ahead of the time of receipt',
  not_a_number: 'the value is NaN or infinite',
  out_of_range: 'the value does not fit 64 bits at its exponent',
  null: 'the value is null',
  text: 'the value is a text, and the description declares no event there',
  type: 'the value has a type that this decoder does not take',
  body: 'the body of an event is not JSON of at most 64 KiB',
  rounded: 'the value has more decimals than its exponent; the point is kept, rounded half to even',
} as const;
export type Reason = keyof typeof REASONS;

/** How often each reason occurred. */
export type Counts = { readonly [reason in Reason]?: number };

/** What a decoder makes of one message, and what it refused of it. */
export interface Decoding extends Decoded {
  /** Values and times that were refused, by reason; `rounded` alone counts points that were kept. */
  readonly counts: Counts;
}

/** Which times are accepted. */
export interface TimeBounds {
  /** UTC microseconds. */
  readonly earliestUs: number;
  /** How far beyond the time of receipt, in microseconds. */
  readonly aheadUs: number;
}

interface Run extends PointRun {
  readonly timesUs: number[];
  readonly values: (number | bigint)[];
}

export class Collector {
  readonly message: RawMessage;
  readonly #earliestUs: number;
  readonly #latestUs: number;
  readonly #runs: Run[] = [];
  readonly #events: DecodedEvent[] = [];
  readonly #eventIds = new Set<string>();
  readonly #series = new Map<string, Run>();
  readonly #counts: { [reason in Reason]?: number } = {};
  #last: Run | null = null;
  #points = 0;

  constructor(message: RawMessage, { earliestUs, aheadUs }: TimeBounds) {
    this.message = message;
    this.#earliestUs = earliestUs;
    this.#latestUs = message.receivedUs + aheadUs;
  }

  /** True while nothing was read or refused. */
  get empty(): boolean {
    return this.#points === 0 && this.#events.length === 0 && Object.keys(this.#counts).length === 0;
  }

  /** True when the message may give no more points, so that a decoder can stop. */
  get full(): boolean {
    return this.#points >= MAX_POINTS;
  }

  refuse(reason: Reason, count = 1): void {
    if (count > 0) this.#counts[reason] = (this.#counts[reason] ?? 0) + count;
  }

  /** The result when all of the message is refused. */
  refused(reason: Reason): Decoding {
    this.refuse(reason);
    return this.result();
  }

  result(): Decoding {
    return { runs: this.#runs, events: this.#events, counts: this.#counts };
  }

  /** Checks a time, and counts it if it is refused. */
  takesTime(timeUs: number): boolean {
    if (timeUs >= this.#earliestUs && timeUs <= this.#latestUs) return true;
    this.refuse(Number.isNaN(timeUs) ? 'time_invalid' : timeUs < this.#earliestUs ? 'time_past' : 'time_future');
    return false;
  }

  /** Adds one point, or counts why there is none. `timeUs` is rounded to a microsecond already. */
  point(device: string, name: string, unit: string, exponent: number, quality: number, timeUs: number, value: Numeric) {
    if (!this.takesTime(timeUs)) return;
    const scaled = scale(value, exponent);
    if (typeof scaled === 'string') return this.refuse(scaled satisfies ScaleFault);
    const run = this.#run(device, name, unit, exponent, quality);
    if (run === null) return;
    if (this.#points >= MAX_POINTS) return this.refuse('too_many_points');
    if (!scaled.exact) this.refuse('rounded');
    this.#points++;
    run.timesUs.push(timeUs);
    run.values.push(scaled.value);
  }

  /** Adds a whole run of safe integers whose series was checked before: the short way of our own frames. */
  run(run: PointRun) {
    const count = run.timesUs.length;
    if (this.#points + count > MAX_POINTS) return this.refuse('too_many_points', count);
    this.#points += count;
    this.#runs.push(run as Run);
  }

  /**
   * Adds an event, or counts why there is none. Without an id it gets that of the CloudEvent that the message is, and
   * its number there; else a digest of its content.
   */
  event(device: string, name: string, timeUs: number, body: unknown, id?: string) {
    if (!isName(device)) return this.refuse('device');
    if (!isName(name)) return this.refuse('name');
    if (!this.takesTime(timeUs)) return;
    if (this.#events.length >= MAX_EVENTS) return this.refuse('too_many_events');
    const json = jsonBody(body);
    if (json === undefined) return this.refuse('body');
    const known = id ?? this.#cloudEventId() ?? eventId(name, timeUs, json);
    // The same event twice in one message is one event.
    const key = JSON.stringify([device, known]);
    if (this.#eventIds.has(key)) return;
    this.#eventIds.add(key);
    this.#events.push({ device, name, timeUs, id: known, body: json });
  }

  #cloudEventId(): string | undefined {
    const id = this.message.properties.userProperties?.id;
    return typeof id === 'string' && isName(id) ? `${id}/${this.#events.length}` : undefined;
  }

  #run(device: string, name: string, unit: string, exponent: number, quality: number): Run | null {
    const last = this.#last;
    if (last !== null && last.name === name && last.device === device && last.unit === unit)
      if (last.exponent === exponent && last.quality === quality) return last;
    // Before a key is made, which takes time for a long text.
    if (device.length > MAX_NAME || name.length > MAX_NAME || unit.length > MAX_UNIT) {
      this.refuse(seriesFault(device, name, unit)!);
      return null;
    }
    // A valid name has no line feed, so the key of an invalid one is that of no series.
    const key = `${device}\n${name}\n${unit}\n${exponent}\n${quality}`;
    let run = this.#series.get(key);
    if (run === undefined) {
      const fault = seriesFault(device, name, unit);
      if (fault === null && this.#series.size >= MAX_SERIES) this.refuse('too_many_series');
      else if (fault !== null) this.refuse(fault);
      if (fault !== null || this.#series.size >= MAX_SERIES) return null;
      run = { device, name, unit, exponent, quality, timesUs: [], values: [] };
      this.#series.set(key, run);
      this.#runs.push(run);
    }
    this.#last = run;
    return run;
  }
}

/** Whether a text can name a device or a series. */
export function isName(text: string): boolean {
  return text.length >= 1 && text.length <= MAX_NAME && isWireText(text);
}

/** What is wrong with the texts of a series; null if nothing is. */
export function seriesFault(device: string, name: string, unit: string): 'device' | 'name' | 'unit' | null {
  if (!isName(device)) return 'device';
  if (!isName(name)) return 'name';
  return unit.length <= MAX_UNIT && isWireText(unit) ? null : 'unit';
}

/** The sum of counts. */
export function addCounts(to: { [reason in Reason]?: number }, counts: Counts): void {
  for (const reason of Object.keys(counts) as Reason[]) to[reason] = (to[reason] ?? 0) + counts[reason]!;
}
