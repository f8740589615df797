/** Values of OPC UA as JSON, and times. */
import type { DataValue, Variant } from 'node-opcua-client';

/** What a message of a connection has of one value: docs/opcua.md. */
export interface SentValue {
  readonly node: string;
  readonly value: unknown;
  /** Name of the built-in type. */
  readonly type: string;
  /** RFC 3339 in UTC with microseconds, of the source; without one that of the server, or none. */
  readonly time?: string;
  /** Status code, an unsigned integer of 32 bits. */
  readonly status: number;
}

const MAX_ITEMS = 1000;
const MAX_TEXT = 16 * 1024;
/** Numbers of the built-in types (OPC 10000-6, 5.1.2). */
const TYPE = { boolean: 1, int64: 8, uint64: 9, float: 10, double: 11, dateTime: 13, bytes: 15 } as const;

/** `names`: of the types by their number. */
export function sentValue(node: string, data: DataValue, names: Readonly<Record<number, string>>): SentValue {
  const { value: variant, statusCode } = data;
  const type = variant === undefined || variant === null ? 0 : (variant.dataType as number);
  const time = data.sourceTimestamp ?? data.serverTimestamp;
  const pico = data.sourceTimestamp ? data.sourcePicoseconds : data.serverPicoseconds;
  return {
    node,
    value: type === 0 ? null : jsonOf(variant),
    type: names[type] ?? 'Null',
    ...(time && !Number.isNaN(time.getTime()) && { time: timeText(time, pico) }),
    status: statusCode.value,
  };
}

/** `pico`: picoseconds since the millisecond of the date. */
function timeText(date: Date, pico: number): string {
  const micros = Math.min(999, Math.max(0, Math.floor(pico / 1e6)));
  return date.toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}

function jsonOf(variant: Variant): unknown {
  const type = variant.dataType as number;
  const { value } = variant;
  if (variant.arrayType === 0) return scalar(value, type);
  const list = Array.from(value as ArrayLike<unknown>);
  return list.slice(0, MAX_ITEMS).map((item) => scalar(item, type));
}

function scalar(value: unknown, type: number): unknown {
  switch (type) {
    case TYPE.int64:
    case TYPE.uint64:
      return integer(value, type === TYPE.int64);
    case TYPE.float:
      return shortest(Number(value));
    case TYPE.dateTime:
      return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : null;
    case TYPE.bytes:
      return value instanceof Uint8Array ? Buffer.from(value).subarray(0, MAX_TEXT).toString('hex') : null;
  }
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return finite(value);
  if (typeof value === 'string') return value.slice(0, MAX_TEXT);
  // A localized text is its text, a qualified name its name; structures stay on their server.
  const { text, name } = (value ?? {}) as { text?: unknown; name?: unknown };
  if (typeof text === 'string') return text.slice(0, MAX_TEXT);
  if (typeof name === 'string' && type === 20) return name.slice(0, MAX_TEXT);
  return type === 17 || type === 18 ? String(value).slice(0, MAX_TEXT) : null;
}

/** JSON has no 64 bits, NaN and infinities: they are texts. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** node-opcua has integers of 64 bits as two halves. */
function integer(value: unknown, signed: boolean): number | string | null {
  if (!Array.isArray(value) && !(value instanceof Uint32Array)) return typeof value === 'number' ? value : null;
  const [high = 0, low = 0] = value as ArrayLike<number> & Iterable<number>;
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  const whole = signed ? BigInt.asIntN(64, bits) : bits;
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole.toString();
}

/** The shortest decimal that reads back as the same float of 32 bits: 21.53 in place of 21.530000686645508. */
function shortest(value: number): number | string {
  if (!Number.isFinite(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return value;
}
