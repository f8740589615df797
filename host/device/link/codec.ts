/**
 * Messages as CBOR arrays: `[type, field, ...]` in the order of docs/spec/link.md. The same limits hold for both
 * directions, so one end can always parse what the other encodes.
 */

import {
  AbiLimit,
  LOG_LEVELS,
  MESSAGES,
  MessageConstant,
  ReasonConstant,
  SLOT_STATES,
  TRANSFER_STATES,
} from '../../base/abi/index.ts';
import { CborReader, CborWriter, type Fault, wellFormed } from '../../base/cbor/index.ts';
import { isWireText, MoteError } from '../../base/index.ts';
import type { Birth, Message, MetricInfo, NodeMessage } from './messages.ts';
import { type Reason, type Report, renderReport, reportLine, reportOf, reportOfLine } from './reason.ts';

/** Limits of messages. Bytes are of UTF-8. */
export const MessageLimit = {
  ...MessageConstant,
  nameBytes: AbiLimit.name,
  /** Values in one telemetry message. */
  values: AbiLimit.samples,
  bodyBytes: AbiLimit.event,
} as const;

const I32_MIN = -0x8000_0000;
const I32_MAX = 0x7fff_ffff;
const U32_MAX = 0xffff_ffff;
const SAFE = Number.MAX_SAFE_INTEGER;
/** Major type of a text. */
const TEXT = 3;
/** Numbers in a reason; more than any sentence of this version has. */
const MAX_NUMBERS = 8;

const malformed: Fault = (what) =>
  new MoteError('LINK_MALFORMED', `A link message is malformed: ${what}; it was dropped.`);

/**
 * How one field is written and read. `put` checks nothing: `encodeMessage` parses what it wrote, so one set of rules
 * serves both directions.
 */
interface Field<T> {
  put(out: CborWriter, value: T): void;
  get(from: CborReader): T;
}

const int = (min: number, max: number): Field<number> => ({
  put: (out, value) => out.int(value),
  get: (from) => from.int(min, max),
});
/** Text on the wire of min..max bytes. */
function textOf(from: CborReader, min: number, max: number): string {
  const value = from.text(min, max);
  if (!isWireText(value)) throw malformed('a text has control characters or non-characters');
  return value;
}
const text = (max: number, min = 0): Field<string> => ({
  put: (out, value) => out.text(value),
  get: (from) => textOf(from, min, max),
});
const bytes = (min: number, max = min): Field<Uint8Array> => ({
  put: (out, value) => out.bytes(value),
  get: (from) => from.bytes(min, max),
});
const bool: Field<boolean> = { put: (out, value) => out.bool(value), get: (from) => from.bool() };
const oneOf = <T extends string>(names: readonly T[]): Field<T> => ({
  put: (out, value) => out.int(names.indexOf(value)),
  get: (from) => names[from.int(0, names.length - 1)]!,
});
const orNull = <T>(field: Field<T>): Field<T | null> => ({
  put: (out, value) => (value === null ? out.null() : field.put(out, value)),
  get: (from) => (from.null() ? null : field.get(from)),
});
const list = <T>(field: Field<T>, max: number): Field<T[]> => ({
  put(out, values) {
    out.array(values.length);
    for (const value of values) field.put(out, value);
  },
  get: (from) => Array.from({ length: from.array(0, max) }, () => field.get(from)),
});
/** A CBOR array with one element for each property, in the given order. */
function record<T extends object>(fields: { [K in keyof T]-?: Field<T[K]> }): Field<T> {
  const entries = Object.entries(fields) as [keyof T, Field<T[keyof T]>][];
  return {
    put(out, value) {
      out.array(entries.length);
      for (const [key, field] of entries) field.put(out, value[key]);
    },
    get(from) {
      from.array(entries.length, entries.length);
      return Object.fromEntries(entries.map(([key, field]) => [key, field.get(from)])) as T;
    },
  };
}

const name = text(MessageLimit.nameBytes, 1);
const exponent = int(-MessageLimit.maxExponent, MessageLimit.maxExponent);
const i32 = int(I32_MIN, I32_MAX);
const u32 = int(0, U32_MAX);
const time = int(-SAFE, SAFE);
const size = int(0, I32_MAX);
const sha256 = bytes(MessageLimit.sha256Bytes);

/**
 * int32 values: the first as it is, each other one as its difference from the value before, modulo 2^32. Slow signals
 * then take one byte a value.
 */
const deltas: Field<number[]> = {
  put(out, values) {
    out.array(values.length);
    let previous = 0;
    for (const value of values) {
      // A value that isn't int32 is written unchanged, and the parser then rejects it.
      const fits = (value | 0) === value;
      out.int(fits ? (value - previous) | 0 : value);
      previous = value;
    }
  },
  get(from) {
    let previous = 0;
    return Array.from({ length: from.array(1, MessageLimit.values) }, () => {
      previous = (previous + i32.get(from)) | 0;
      return previous;
    });
  },
};

const item: Field<Uint8Array> = {
  put: (out, value) => out.bytes(value),
  get(from) {
    const body = from.bytes(1, MessageLimit.bodyBytes);
    if (!wellFormed(body)) throw malformed('a body is not one CBOR item');
    return body;
  },
};

/** A map of text to int32. Keys are in ascending order of their UTF-16 code units, so there is one encoding. */
const settings: Field<Record<string, number>> = {
  put(out, values) {
    const keys = Object.keys(values).sort();
    out.map(keys.length);
    for (const key of keys) out.text(key).int(values[key]!);
  },
  get(from) {
    const entries: [string, number][] = [];
    const count = from.map(0, MessageLimit.settings);
    for (let i = 0; i < count; i++) {
      const key = name.get(from);
      if (i > 0 && key <= entries[i - 1]![0]) throw malformed('settings are not in order or come twice');
      entries.push([key, i32.get(from)]);
    }
    return Object.fromEntries(entries);
  },
};

const metric = record<MetricInfo>({ name, unit: text(MessageLimit.unitBytes), exponent });
const module = record<NonNullable<Birth['module']>>({
  name,
  version: text(MessageLimit.nameBytes),
  sequence: u32,
  sha256,
  slot: int(0, MessageLimit.slots - 1),
  state: oneOf(SLOT_STATES),
});
/** A reason as the number of its sentence and its arguments; nodes of earlier versions sent code and sentence as texts. */
const reason: Field<Reason> = {
  put: (out, value) => report.put(out, reportOf(value)),
  get: (from) => {
    const items = from.array(2, 3 + MAX_NUMBERS);
    if (from.major() !== TEXT) return renderReport(reportFields(from, items));
    const code = textOf(from, 1, MessageLimit.nameBytes);
    if (items !== 2) throw malformed('a reason of an earlier version has two texts');
    return { code, text: textOf(from, 0, MessageLimit.textBytes) };
  },
};
const report: Field<Report> = {
  put(out, { number, during, numbers, text }) {
    out
      .array(2 + numbers.length + (text === '' ? 0 : 1))
      .int(number)
      .int(during);
    for (const value of numbers) out.int(value);
    if (text !== '') out.text(text);
  },
  get: (from) => reportFields(from, from.array(2, 3 + MAX_NUMBERS)),
};

/** The items of a reason, of which there are `items`. */
function reportFields(from: CborReader, items: number): Report {
  const found: Report = { number: from.int(1, 0xffff), during: from.int(0, 0xff), numbers: [], text: '' };
  for (let left = items - 2; left > 0; left--) {
    if (left === 1 && from.major() === TEXT) found.text = textOf(from, 1, ReasonConstant.textBytes);
    else found.numbers.push(from.int(-SAFE, SAFE));
  }
  if (found.numbers.length > MAX_NUMBERS) throw malformed('a reason has too many numbers');
  return found;
}

/** A line of a log; one that is a sentence of the node itself travels as its number. */
const line: Field<string> = {
  put(out, value) {
    const own = reportOfLine(value);
    if (own === null) out.text(value);
    else report.put(out, own);
  },
  get: (from) => (from.major() === TEXT ? textOf(from, 0, MessageLimit.textBytes) : reportLine(report.get(from))),
};
/** The answer to a command; nodes of earlier versions sent a text, which is empty for nothing. */
const answer: Field<Reason | undefined> = {
  put: (out, value) => (value === undefined ? out.null() : reason.put(out, value)),
  get(from) {
    if (from.null()) return undefined;
    if (from.major() !== TEXT) return renderReport(report.get(from));
    const earlier = textOf(from, 0, MessageLimit.textBytes);
    return earlier === '' ? undefined : { code: '', text: earlier };
  },
};
/** Optional properties are null on the wire. */
const optional = <T>(field: Field<T>): Field<T | undefined> => {
  const inner = orNull(field);
  return { put: (out, value) => inner.put(out, value ?? null), get: (from) => inner.get(from) ?? undefined };
};

type FieldsOf<M extends Message> = { [K in Exclude<keyof M, 'type'>]-?: Field<M[K]> };
type Schemas = { [T in Message['type']]: FieldsOf<Extract<Message, { type: T }>> };

const schemas: Schemas = {
  birth: {
    node: name,
    boot: u32,
    firmware: record({ name, version: text(MessageLimit.nameBytes) }),
    module: orNull(module),
    metrics: list(metric, MessageLimit.metrics),
    commands: list(name, MessageLimit.commands),
  },
  telemetry: {
    metric: int(0, MessageLimit.metrics - 1),
    t0Ms: time,
    dtUs: size,
    values: deltas,
    exponent,
    quality: int(0, MessageLimit.maxQuality),
    seq: u32,
  },
  event: { name, tMs: time, seq: u32, body: item },
  log: { level: oneOf(LOG_LEVELS), tMs: time, text: line },
  ota: {
    state: oneOf(TRANSFER_STATES),
    sequence: u32,
    sha256,
    received: size,
    total: size,
    swapUs: optional(int(0, SAFE)),
    lost: optional(u32),
    reason: optional(reason),
  },
  'time?': { sentUs: int(0, SAFE) },
  result: { id: u32, ok: bool, reason: answer },
  time: { sentUs: int(0, SAFE), utcMs: int(0, SAFE) },
  command: { id: u32, name, body: bytes(0, AbiLimit.message) },
  config: { values: settings },
  offer: { sha256, sequence: u32, total: int(1, I32_MAX) },
  chunk: { transfer: bytes(MessageLimit.transferBytes), offset: size, bytes: bytes(1, MessageLimit.chunkBytes) },
};

interface Schema {
  number: number;
  type: Message['type'];
  /** In the order of `MESSAGES`. */
  fields: (readonly [string, Field<unknown>])[];
}
const byType = new Map<string, Schema>();
const byNumber = new Map<number, Schema>();
for (const [type, fields] of Object.entries(schemas) as [Message['type'], Record<string, Field<unknown>>][]) {
  const { number, fields: names } = MESSAGES[type];
  const schema = { number, type, fields: names.map((name) => [name, fields[name]!] as const) };
  byType.set(type, schema);
  byNumber.set(number, schema);
}

/** True for a message that a node sends, false for one that a shim sends. */
export function isNodeMessage(message: Message): message is NodeMessage {
  return MESSAGES[message.type].from === 'node';
}

/** Encodes a message as CBOR. Throws `LINK_MESSAGE` if a field exceeds its limits. */
export function encodeMessage(message: Message): Uint8Array {
  const schema = byType.get(message.type)!;
  const out = new CborWriter(malformed).array(schema.fields.length + 1).int(schema.number);
  const values = message as unknown as Record<string, unknown>;
  try {
    for (const [key, field] of schema.fields) field.put(out, values[key]);
    const encoded = out.finish();
    parseMessage(encoded);
    return encoded;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MoteError('LINK_MESSAGE', `This ${message.type} message can't be sent: ${why}`, { cause });
  }
}

/**
 * Decodes the message in `bytes`. Throws `LINK_UNKNOWN` for a type that this version doesn't know, and `LINK_MALFORMED`
 * for everything else that isn't exactly one message in its shortest form and within its limits.
 */
export function parseMessage(bytes: Uint8Array): Message {
  const from = new CborReader(bytes, malformed);
  const length = from.array(1, 64);
  const number = from.int(0, U32_MAX);
  const schema = byNumber.get(number);
  if (schema === undefined) {
    throw new MoteError('LINK_UNKNOWN', `Message type ${number} is unknown to this version; it was dropped.`);
  }
  if (length !== schema.fields.length + 1) throw malformed(`${length - 1} fields in one of type ${schema.type}`);
  const message: Record<string, unknown> = { type: schema.type };
  for (const [key, field] of schema.fields) {
    const value = field.get(from);
    if (value !== undefined) message[key] = value;
  }
  from.end();
  return message as unknown as Message;
}
