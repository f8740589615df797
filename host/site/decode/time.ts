/** Times of messages in UTC microseconds. A function returns NaN for a time that isn't in its format. */
import { type Numeric, parseDecimal, scale } from './decimal.ts';

/** Numbers since 1970-01-01T00:00:00Z in a unit, or texts. */
export const TIME_FORMATS = ['s', 'ms', 'us', 'ns', 'rfc3339', 'iso', 'dmy', 'mdy'] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

/** Exponent of a second; of a microsecond it is 6 more. */
const EXPONENTS = { s: 0, ms: -3, us: -6, ns: -9 } as const;
export type TimeUnit = keyof typeof EXPONENTS;

export function isTimeUnit(format: TimeFormat): format is TimeUnit {
  return format in EXPONENTS;
}

/** A number of a unit since 1970, rounded to microseconds half to even. NaN beyond 2^53 microseconds (year 2255). */
export function numberUs(value: Numeric, unit: TimeUnit): number {
  // x 10^u seconds are x 10^(u + 6) microseconds.
  const scaled = scale(value, -(EXPONENTS[unit] + 6));
  return typeof scaled === 'object' && typeof scaled.value === 'number' ? scaled.value : Number.NaN;
}

const DATE_TIME =
  /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt ,]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?)?\s*([Zz]|UTC|GMT|[+-]\d\d:?\d\d)?$/;
const DAY_FIRST =
  /^(\d\d?)[./-](\d\d?)[./-](\d{4})(?:[T ,]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?)?\s*([AaPp][Mm])?$/;
/** RFC 3339, section 5.6: everything from the year to the offset is there. */
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** `zoneMinutes`: the offset of texts that have none, east positive. */
export function textUs(text: string, format: TimeFormat, zoneMinutes: number): number {
  if (text.length > 48) return Number.NaN;
  if (isTimeUnit(format)) {
    const decimal = parseDecimal(text.trim());
    return decimal === null ? Number.NaN : numberUs(decimal, format);
  }
  const trimmed = text.trim();
  if (format === 'rfc3339' && !RFC3339.test(trimmed)) return Number.NaN;
  if (format === 'rfc3339' || format === 'iso') {
    const match = DATE_TIME.exec(trimmed);
    if (match === null) return Number.NaN;
    const [, year, month, day, hour, minute, second, fraction, zone] = match;
    return civilUs([year, month, day, hour, minute, second, fraction], zone === undefined ? zoneMinutes : offset(zone));
  }
  const match = DAY_FIRST.exec(trimmed);
  if (match === null) return Number.NaN;
  const [, first, second, year, hour, minute, seconds, fraction, half] = match;
  const [day, month] = format === 'dmy' ? [first, second] : [second, first];
  const hours = half === undefined ? hour : hours24(hour, half);
  return civilUs([year, month, day, hours, minute, seconds, fraction], zoneMinutes);
}

/** 12 am is 0, 12 pm is 12. */
function hours24(hour: string | undefined, half: string): string {
  const value = Number(hour);
  if (!(value >= 1 && value <= 12)) return '99';
  return String((value % 12) + (half.toLowerCase() === 'pm' ? 12 : 0));
}

/** Minutes east of UTC; NaN beyond a day. */
export function offset(zone: string): number {
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone);
  if (match === null) return /^(?:[Zz]|UTC|GMT)$/.test(zone) ? 0 : Number.NaN;
  const [, sign, hours, minutes] = match;
  if (Number(hours) > 23 || Number(minutes) > 59) return Number.NaN;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** Year, month, day, hour, minute, second and the digits of its fraction. */
function civilUs(parts: readonly (string | undefined)[], zoneMinutes: number): number {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map((p) => Number(p ?? 0));
  // A leap second is the first second of the next minute (RFC 3339, appendix D, lets a reader choose).
  if (hour > 23 || minute > 59 || second > 60) return Number.NaN;
  const midnight = Date.UTC(year, month - 1, day);
  const date = new Date(midnight);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || date.getUTCFullYear() !== year)
    return Number.NaN;
  const seconds = midnight / 1000 + hour * 3600 + minute * 60 + second - zoneMinutes * 60;
  const fraction = parts[6] === undefined ? 0 : numberUs(parseDecimal(`.${parts[6]}`)!, 's');
  return seconds * 1_000_000 + fraction;
}
