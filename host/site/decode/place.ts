/** Reads the texts that a description places: devices, names, units. */
import type { RawMessage } from '../model/index.ts';
import type { Place } from './description.ts';

/** Reads a value of the record at a place of its format; undefined if there is none. */
export type Read = (at: string) => unknown;

/** Returns the text at a place. A number in a message is its decimal text. Empty: there is none. */
export function textAt(place: Place, message: RawMessage, read: Read, readRoot: Read): string {
  if (typeof place === 'string') return place;
  if ('topic' in place) return levels(message.topic, place.topic);
  const value = 'at' in place ? read(place.at) : readRoot(place.root);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  // Ids such as MAC addresses may be integers beyond 2^53, which JSON yields as exact decimals.
  if (typeof value === 'object' && value !== null && 'digits' in value && 'exponent' in value)
    return value.exponent === 0 ? String(value.digits) : '';
  return typeof value === 'bigint' ? String(value) : '';
}

/** Levels of a topic, joined by `/`; empty if the topic lacks one. */
export function levels(topic: string, wanted: number | readonly number[]): string {
  const all = topic.split('/');
  const chosen = (typeof wanted === 'number' ? [wanted] : wanted).map((level) => all.at(level));
  return chosen.some((level) => level === undefined) ? '' : chosen.join('/');
}
