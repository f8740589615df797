/** Records with fields, of JSON and CSV: a description compiled once, applied to each record. */
import { unitOf } from '../units/index.ts';
import { type Decimal, type Numeric, parseDecimal } from './decimal.ts';
import type { Field, RecordOptions, TimePlace } from './description.ts';
import { DEFAULT_EXPONENT } from './limits.ts';
import { type Read, textAt } from './place.ts';
import { type Collector, isName } from './result.ts';
import { isTimeUnit, numberUs, offset, textUs } from './time.ts';

/** Values that are looked up in one message. */
const MAX_LOOKUPS = 2_000_000;
const NOT_FINITE = /^[+-]?(?:nan|inf(?:inity)?)$/i;
const TRUE = /^(?:true|on|yes|1)$/i;
const FALSE = /^(?:false|off|no|0)$/i;

export interface RecordFormat {
  /** A decimal text as this format writes it. */
  number(text: string): Decimal | null;
}

export const PLAIN_NUMBERS: RecordFormat = { number: (text) => parseDecimal(text.trim()) };

/**
 * Adds the points and events of records. `read` reads from a record, `root` from the whole document. `records` is
 * iterated once, and not further than the limits allow.
 */
export function decodeRecords<R>(
  options: RecordOptions,
  collector: Collector,
  records: readonly R[],
  read: (record: R, at: string) => unknown,
  root: Read,
  format: RecordFormat,
): void {
  const zone = options.time?.zone === undefined ? 0 : offset(options.time.zone);
  const most = Math.ceil(MAX_LOOKUPS / (options.fields.length + 2));
  let matched = false;
  for (const [i, record] of records.entries()) {
    if (i >= most || collector.full) {
      collector.refuse('too_many_points', (records.length - i) * options.fields.length);
      break;
    }
    const found = decodeRecord(options, collector, (at) => read(record, at), root, zone, format);
    matched = found || matched;
  }
  if (!matched && collector.empty) collector.refuse('no_match');
}

/** Returns whether a field was there. */
function decodeRecord(
  { device: devicePlace, time, quality: qualityPlace, fields }: RecordOptions,
  collector: Collector,
  read: Read,
  root: Read,
  zone: number,
  format: RecordFormat,
): boolean {
  const present: [Field, unknown][] = [];
  for (const field of fields) {
    const value = read(field.at);
    if (value !== undefined) present.push([field, value]);
  }
  if (present.length === 0) return false;
  const { message } = collector;
  const device = textAt(devicePlace, message, read, root);
  if (!isName(device)) {
    collector.refuse('device', present.length);
    return true;
  }
  const timeUs = time === undefined ? message.receivedUs : timeOf(time, read, root, zone);
  const quality = qualityPlace === undefined ? 0 : qualityOf(read(qualityPlace.at), qualityPlace.values);
  for (const [field, value] of present) {
    const name = textAt(field.name, message, read, root);
    if (field.type === 'event') {
      if (value === null) collector.refuse('null');
      else collector.event(device, name, timeUs, value);
      continue;
    }
    const numeric = numericOf(value, field.type === 'boolean', format);
    if (typeof numeric === 'string') {
      collector.refuse(numeric);
      continue;
    }
    const unit = field.unit === undefined ? '' : unitOf(textAt(field.unit, message, read, root));
    const exponent = field.exponent ?? (field.type === 'boolean' ? 0 : DEFAULT_EXPONENT);
    collector.point(device, name, unit, exponent, quality, timeUs, numeric);
  }
  return true;
}

function timeOf(time: TimePlace, read: Read, root: Read, zone: number): number {
  const { at, format } = time;
  const value =
    typeof at === 'object' ? `${read(at[0])} ${read(at[1])}` : at === undefined ? root(time.root!) : read(at);
  if (typeof value === 'string') return textUs(value, format, zone);
  if (!isTimeUnit(format)) return Number.NaN;
  return isNumeric(value) ? numberUs(value, format) : Number.NaN;
}

function isNumeric(value: unknown): value is Numeric {
  if (typeof value === 'number' || typeof value === 'bigint') return true;
  return typeof value === 'object' && value !== null && typeof (value as Decimal).digits === 'bigint';
}

/** A value as a number, or why it is none. */
export function numericOf(
  value: unknown,
  boolean: boolean,
  format: RecordFormat,
): Numeric | 'null' | 'text' | 'type' | 'not_a_number' {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (isNumeric(value)) return value;
  if (value === null) return 'null';
  if (typeof value !== 'string') return 'type';
  if (boolean) return TRUE.test(value) ? 1 : FALSE.test(value) ? 0 : 'text';
  return format.number(value) ?? (NOT_FINITE.test(value.trim()) ? 'not_a_number' : 'text');
}

/** A quality that isn't listed is 1, one that is absent 0. */
export function qualityOf(value: unknown, values: { readonly [value: string]: number }): number {
  if (value === undefined || value === null) return 0;
  const text = typeof value === 'object' ? '' : String(value);
  return Object.hasOwn(values, text) ? values[text]! : 1;
}
