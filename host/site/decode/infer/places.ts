/** Finds the time and the device among the leaves of records. */

import type { RawMessage } from '../../model/index.ts';
import type { Place, TimePlace } from '../description.ts';
import { isName } from '../result.ts';
import { isTimeUnit, numberUs, TIME_FORMATS, type TimeFormat, textUs } from '../time.ts';
import { isNumeric, type Leaf, leafNames, present } from './leaves.ts';
import { DEVICE_NAMES, GENERIC_LEVELS, TIME_NAMES } from './names.ts';

const EARLIEST_US = 946_684_800_000_000;
const DAY_US = 86_400_000_000;

/** The best rank of a leaf's names in a list; Infinity: it is in none. */
export function rank(leaf: Leaf, names: readonly string[]): number {
  const found = leafNames(leaf)
    .map((name) => names.indexOf(name))
    .filter((i) => i >= 0);
  return Math.min(Number.POSITIVE_INFINITY, ...found);
}

export interface FoundTime {
  readonly time: TimePlace;
  readonly leaves: readonly Leaf[];
}

/** The leaf that holds the times, and their format. */
export function findTime(leaves: readonly Leaf[]): FoundTime | undefined {
  const found: { time: TimePlace; leaves: Leaf[]; rank: number }[] = [];
  for (const leaf of leaves) {
    const named = rank(leaf, TIME_NAMES);
    const texts = present(leaf).every((value) => typeof value === 'string');
    const format = timeFormat(leaf, Number.isFinite(named));
    if (format === undefined) continue;
    if (!Number.isFinite(named) && !(texts && !isTimeUnit(format))) continue;
    const time: TimePlace = leaf.root ? { root: leaf.at, format } : { at: leaf.at, format };
    found.push({ time, leaves: [leaf], rank: Number.isFinite(named) ? named : TIME_NAMES.length });
  }
  found.sort((a, b) => a.rank - b.rank);
  return twoColumns(leaves.filter((leaf) => !leaf.root)) ?? found[0];
}

/** A date in one column and the time of day in another. */
function twoColumns(leaves: readonly Leaf[]): FoundTime | undefined {
  const named = (names: string[]) => leaves.find((leaf) => Number.isFinite(rank(leaf, names)));
  const [date, time] = [named(['date', 'datum', 'day']), named(['time', 'zeit', 'uhrzeit', 'timeofday'])];
  if (date === undefined || time === undefined || date.values.length !== time.values.length) return undefined;
  const values = date.values.map((value, i) => `${value} ${time.values[i]}`);
  const format = timeFormat({ ...date, values }, true);
  return format && { time: { at: [date.at, time.at], format }, leaves: [date, time] };
}

/** The first format in which each value is a plausible time. */
function timeFormat(leaf: Leaf, named: boolean): TimeFormat | undefined {
  const values = leaf.values
    .map((value, i) => [value, leaf.receivedUs[i]!] as const)
    .filter(([value]) => value !== null);
  if (values.length === 0) return undefined;
  const fits = TIME_FORMATS.filter((format) => {
    if (isTimeUnit(format) && !named) return false;
    return values.every(([value, receivedUs]) => {
      const us = timeUs(value, format);
      return us >= EARLIEST_US && us <= receivedUs + DAY_US;
    });
  });
  // Days and months that could be either way round: the one that is nearer to the receipt.
  if (fits.includes('dmy') && fits.includes('mdy')) {
    const away = (format: TimeFormat) => Math.max(...values.map(([value, at]) => Math.abs(at - timeUs(value, format))));
    return away('mdy') < away('dmy') ? 'mdy' : 'dmy';
  }
  return fits[0];
}

function timeUs(value: unknown, format: TimeFormat): number {
  if (typeof value === 'string') return textUs(value, format, 0);
  return isTimeUnit(format) && isNumeric(value) ? numberUs(value, format) : Number.NaN;
}

/** The leaf that names the device. */
export function findDevice(leaves: readonly Leaf[], taken: ReadonlySet<Leaf>): Leaf | undefined {
  const ranked = leaves
    .filter((leaf) => !taken.has(leaf) && Number.isFinite(rank(leaf, DEVICE_NAMES)) && isIdentity(leaf))
    .sort((a, b) => rank(a, DEVICE_NAMES) - rank(b, DEVICE_NAMES));
  return ranked[0];
}

function isIdentity(leaf: Leaf): boolean {
  const values = present(leaf);
  if (values.length === 0 || values.length < leaf.values.length) return false;
  const numbers = leafNames(leaf).some((name) => /id$|serial|^sn$|mac$|eui$/.test(name));
  return values.every((value) => {
    if (typeof value === 'string') return isName(value);
    return numbers && typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  });
}

/** Levels of a topic that a description can join. */
const MAX_LEVELS = 16;

/** The levels of the topics that name the device. */
export function topicDevice(messages: readonly RawMessage[], nameIsLast = false): Place {
  const topics = messages.map(({ topic }) => topic.split('/'));
  const depth = Math.min(...topics.map((levels) => levels.length));
  const same = topics.every((levels) => levels.length === depth);
  const levels = Array.from({ length: Math.min(MAX_LEVELS, nameIsLast ? depth - 1 : depth) }, (_, i) => i);
  if (nameIsLast) return levels.length === 0 ? 'unknown' : { topic: levels.length === 1 ? 0 : levels };
  const distinct = (i: number) => new Set(topics.map((parts) => parts[i])).size;
  const varying = same ? levels.filter((i) => distinct(i) > 1) : [];
  if (varying.length > 0) return { topic: varying.length === 1 ? varying[0]! : varying };
  const last = levels.findLast((i) => {
    const text = topics[0]![i]!;
    return text !== '' && !GENERIC_LEVELS.has(text.toLowerCase());
  });
  return last === undefined ? 'unknown' : { topic: last };
}

/** The narrowest MQTT topic filter of this form that matches all topics. */
export function topicFilter(messages: readonly Pick<RawMessage, 'topic'>[]): string {
  const topics = messages.map(({ topic }) => topic.split('/'));
  const depth = Math.min(...topics.map((levels) => levels.length));
  const parts: string[] = [];
  for (let i = 0; i < depth; i++) {
    const level = topics[0]![i]!;
    parts.push(topics.every((levels) => levels[i] === level) ? level : '+');
  }
  if (topics.some((levels) => levels.length > depth)) parts.push('#');
  return parts.join('/');
}
