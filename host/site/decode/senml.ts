/** SenML (RFC 8428) in JSON and CBOR, resolved as in section 4. */
import { CborTag, decodePlain } from '../../base/cbor/index.ts';
import { isObject, MoteError } from '../../base/index.ts';
import { unitOf } from '../units/index.ts';
import { addDecimals, type Decimal, type Numeric, toDecimal } from './decimal.ts';
import { type Decoder, stateless } from './decoder.ts';
import { type Description, type SenmlOptions, timeBounds } from './description.ts';
import { parseJson } from './json-text.ts';
import { MAX_NAME, MAX_PAYLOAD_BYTES } from './limits.ts';
import { namedSeries } from './named.ts';
import { textAt } from './place.ts';
import type { Collector, Reason } from './result.ts';
import { shortest } from './shortest.ts';
import { numberUs } from './time.ts';

/** RFC 8428, section 4.4. */
const VERSION = 10;
/** Times below it are relative to now (section 4.5.3). */
const RELATIVE = 2 ** 28;
/** Labels of CBOR (section 6, table 4). */
const LABELS: { readonly [label: string]: string } = {
  '-1': 'bver',
  '-2': 'bn',
  '-3': 'bt',
  '-4': 'bu',
  '-5': 'bv',
  '-6': 'bs',
  '0': 'n',
  '1': 'u',
  '2': 'v',
  '3': 'vs',
  '4': 'vb',
  '5': 's',
  '6': 't',
  '7': 'ut',
  '8': 'vd',
};

/** A record with its base values applied. */
export interface ResolvedRecord {
  readonly name: string;
  readonly unit: string;
  /** UTC microseconds. */
  readonly timeUs: number;
  readonly value?: Numeric | boolean | string;
  /** `vd` is binary data, which is no value here. */
  readonly data?: true;
  readonly sum?: Numeric;
}

/** Records of a pack in JSON or CBOR; undefined if it is neither. */
export function parsePack(payload: Uint8Array): Record<string, unknown>[] | undefined {
  // An array in CBOR begins with 0x80 to 0x9f, which begins no text in UTF-8.
  const cbor = (payload[0] ?? 0) >= 0x80;
  const pack = cbor ? cborPack(payload) : parseJson(payload)?.value;
  return Array.isArray(pack) && pack.every(isObject) ? pack : undefined;
}

function cborPack(payload: Uint8Array): unknown {
  try {
    const pack = decodePlain(payload, { bytes: MAX_PAYLOAD_BYTES, items: 1_000_000 });
    if (!Array.isArray(pack)) return undefined;
    return pack.map((record) => {
      if (!isObject(record) || record instanceof CborTag) return undefined;
      return Object.fromEntries(Object.entries(record).map(([label, value]) => [LABELS[label] ?? label, value]));
    });
  } catch (error) {
    if (error instanceof MoteError) return undefined;
    throw error;
  }
}

/** Resolves the records (section 4.6), or returns why the whole pack is refused. */
export function resolvePack(pack: readonly Record<string, unknown>[], nowUs: number): ResolvedRecord[] | Reason {
  const base: Base = { name: '', unit: '', time: ZERO };
  let version = VERSION;
  const resolved: ResolvedRecord[] = [];
  for (const [i, record] of pack.entries()) {
    // Fields that end with an underscore must be understood (section 4.4).
    if (Object.keys(record).some((label) => label.endsWith('_'))) return 'version';
    const { bver = version } = record;
    if (typeof bver !== 'number' || !(bver >= 1 && bver <= VERSION) || (i > 0 && bver !== version)) return 'version';
    version = bver;
    const [bt, bv, bs] = [decimalIn(record.bt), decimalIn(record.bv), decimalIn(record.bs)];
    const [t, v, s] = [decimalIn(record.t), decimalIn(record.v), decimalIn(record.s)];
    if (![bt, bv, bs, t].every((value) => value === undefined || isDecimal(value))) return 'malformed';
    const { bn, bu, n, u, vs, vb, vd } = record;
    if (![bn, bu, n, u, vs].every((value) => value === undefined || typeof value === 'string')) return 'malformed';
    if (vb !== undefined && typeof vb !== 'boolean') return 'malformed';
    if (typeof bn === 'string') base.name = bn;
    if (typeof bu === 'string') base.unit = bu;
    if (isDecimal(bt)) base.time = bt;
    if (isDecimal(bv)) base.value = bv;
    if (isDecimal(bs)) base.sum = bs;
    const name = base.name + (typeof n === 'string' ? n : '');
    const values = [v, vs, vb, vd].filter((value) => value !== undefined).length;
    if (values > 1) return 'malformed';
    // A record with base fields only sets them for those behind it.
    const isBase = [bn, bt, bu, bv, bs, record.bver].some((value) => value !== undefined);
    if (isBase && [n, u, t, s, record.ut].every((value) => value === undefined) && values === 0) continue;
    // Of a base value and a value, and of a base sum and a sum, one that is missing is 0 (section 4.5.4).
    const sum = s ?? (base.sum === undefined || (v === undefined && values > 0) ? undefined : ZERO);
    const value = v ?? (base.value === undefined || values > 0 || s !== undefined ? undefined : ZERO);
    const time = addDecimals(base.time, isDecimal(t) ? t : ZERO);
    resolved.push({
      name,
      unit: typeof u === 'string' ? u : base.unit,
      timeUs: time === null ? Number.NaN : absoluteUs(time, nowUs),
      ...(value !== undefined && { value: plus(base.value ?? ZERO, value) }),
      ...(typeof vs === 'string' && { value: vs }),
      ...(typeof vb === 'boolean' && { value: vb }),
      ...(vd !== undefined && { data: true as const }),
      ...(sum !== undefined && { sum: plus(base.sum ?? ZERO, sum) }),
    });
  }
  return resolved;
}

/** What records inherit. */
interface Base {
  name: string;
  unit: string;
  time: Decimal;
  value?: Decimal;
  sum?: Decimal;
}

const ZERO: Decimal = { digits: 0n, exponent: 0 };

function isDecimal(value: unknown): value is Decimal {
  return isObject(value) && typeof value.digits === 'bigint';
}

/** A number of JSON or CBOR; NaN for what is none. Exact fractions and big integers of CBOR are tags 4, 2 and 3 (RFC 8949). */
function decimalIn(value: unknown): Decimal | number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number') return toDecimal(shortest(value)) ?? value;
  if (typeof value === 'bigint') return { digits: value, exponent: 0 };
  if (isDecimal(value)) return value;
  if (!(value instanceof CborTag)) return Number.NaN;
  if (value.tag === 4 && Array.isArray(value.value)) {
    const [exponent, mantissa] = value.value;
    const digits = integerIn(mantissa);
    if (digits !== null && typeof exponent === 'number' && Math.abs(exponent) <= 400) return { digits, exponent };
  }
  const digits = integerIn(value);
  return digits === null ? Number.NaN : { digits, exponent: 0 };
}

function integerIn(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null;
  if (!(value instanceof CborTag) || !(value.value instanceof Uint8Array) || value.value.length > 64) return null;
  const magnitude = BigInt(`0x0${Buffer.from(value.value).toString('hex')}`);
  return value.tag === 2 ? magnitude : value.tag === 3 ? -1n - magnitude : null;
}

/** The sum; a value that is no number stays NaN, which is then refused alone. */
function plus(base: Decimal, value: Decimal | number): Numeric {
  return isDecimal(value) ? (addDecimals(base, value) ?? Number.NaN) : value;
}

function absoluteUs(time: Decimal, nowUs: number): number {
  const us = numberUs(time, 's');
  return us < RELATIVE * 1e6 ? nowUs + us : us;
}

const URN_DEV = /^(urn:dev:[^:/]+:[^:/_]+)(?:[:/_](.*))?$/;

/** Device and name of a series in a full name: a `urn:dev` and the rest, else what stands before and behind the last separator. */
export function splitName(full: string): [device: string, name: string] {
  const urn = URN_DEV.exec(full);
  if (urn !== null) return [urn[1]!, urn[2] || 'value'];
  const end = Math.max(full.lastIndexOf('/'), full.lastIndexOf(':'));
  return end < 0 ? ['', full] : [full.slice(0, end), full.slice(end + 1) || 'value'];
}

export function senmlDecoder(description: Extract<Description, { kind: 'senml' }>): Decoder<never> {
  const { options } = description;
  const seriesOf = namedSeries(options);
  return stateless(description, timeBounds(options), ({ payload, receivedUs }, collector) => {
    const pack = parsePack(payload);
    if (pack === undefined) return collector.refuse('malformed');
    const records = resolvePack(pack, receivedUs);
    if (typeof records === 'string') return collector.refuse(records);
    for (const record of records) addRecord(record, options, seriesOf, collector);
  });
}

function addRecord(
  { name: full, unit: written, timeUs, value, data, sum }: ResolvedRecord,
  { device: place }: SenmlOptions,
  seriesOf: ReturnType<typeof namedSeries>,
  collector: Collector,
): void {
  // A long base name in front of many names takes no time.
  if (full.length > 2 * MAX_NAME + 1) {
    collector.refuse('name');
    return;
  }
  const none = () => undefined;
  const [device, name] =
    typeof place === 'object' && 'of' in place ? splitName(full) : [textAt(place, collector.message, none, none), full];
  const { unit = unitOf(written), exponent, event } = seriesOf(name, false);
  if (data) collector.refuse('type');
  else if (value === undefined && sum === undefined) collector.refuse('null');
  if (typeof value === 'string') {
    if (event) collector.event(device, name, timeUs, value);
    else collector.refuse('text');
  } else if (value !== undefined) {
    const numeric = typeof value === 'boolean' ? Number(value) : value;
    collector.point(device, name, unit, exponent, 0, timeUs, numeric);
  }
  if (sum === undefined) return;
  // The sum is the integral of the value over time in seconds (section 4.2), which is another series.
  const summed = seriesOf(`${name}/sum`, false);
  const integral = written === '' ? '' : `${unitOf(written)}.s`;
  collector.point(device, `${name}/sum`, summed.unit ?? integral, summed.exponent, 0, timeUs, sum);
}
