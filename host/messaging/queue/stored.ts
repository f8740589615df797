/**
 * Messages as files store them. A message alone is one CBOR array, so that a later version can append fields. In the log,
 * what is needed to open it stands in front, so that opening a log decodes no CBOR.
 */
import { encode } from 'cbor-x';
import { decodePlain } from '../../base/cbor/index.ts';
import { MoteError } from '../../base/index.ts';
import type { Carried } from './marks.ts';
import type { Message, MessageProperties } from './message.ts';

const VERSION = 1;

export interface Stored {
  message: Message;
  droppable: boolean;
  /** UTC milliseconds, Infinity for never. */
  expiresMs: number;
}

/** Array: version, flags (1 retain, 2 droppable), expiry in UTC ms or null, topic, payload, properties. Always QoS 1. */
export function encodeStored({ message, droppable, expiresMs }: Stored): Uint8Array {
  const flags = (message.retain ? 1 : 0) | (droppable ? 2 : 0);
  const expiry = Number.isFinite(expiresMs) ? expiresMs : null;
  return encode([VERSION, flags, expiry, message.topic, message.payload, message.properties]);
}

export function unknownFormat(): MoteError {
  return new MoteError(
    'QUEUE_FORMAT',
    'The queue was written by another version of moteware; drain it with that version, or delete it.',
  );
}

/** Decodes bytes whose CRC is right. Throws `QUEUE_FORMAT` for another version. */
export function decodeStored(bytes: Uint8Array): Stored {
  const value = decodePlain(bytes, { bytes: bytes.length }, unknownFormat);
  const known = Array.isArray(value) && value[0] === VERSION && typeof value[3] === 'string';
  if (!known || !(value[4] instanceof Uint8Array) || typeof value[5] !== 'object' || value[5] === null) {
    throw unknownFormat();
  }
  const [, flags, expiry, topic, payload, properties] = value as [
    number,
    number,
    number | null,
    string,
    Uint8Array,
    MessageProperties,
  ];
  return {
    message: { topic, payload, qos: 1, retain: (flags & 1) !== 0, properties },
    droppable: (flags & 2) !== 0,
    expiresMs: expiry ?? Number.POSITIVE_INFINITY,
  };
}

/** What is known of a message in the log without decoding it. */
export interface EntryHead {
  /** The node. */
  name: string;
  droppable: boolean;
  expiresMs: number;
  /** See `Outbox.put`. */
  mark: string | undefined;
  /** Length of this head. */
  length: number;
}

const FIXED = 10;
const RETAIN = 1;
const DROPPABLE = 2;
const MARKED = 4;
/** Of UTF-8. */
const MAX_MARK_BYTES = 255;

/**
 * u8 flags (1 retain, 2 droppable, 4 marked), f64 expiry in UTC ms or Infinity, u8 length of the node's name, the name; if
 * it is marked: u8 length of the mark, the mark; CBOR array of topic, payload and properties.
 */
export function encodeEntry(node: string, { message, droppable, expiresMs }: Stored, mark?: string): Uint8Array {
  const name = mark === undefined ? Buffer.from(node) : Buffer.concat([Buffer.from(node), shortText(mark)]);
  const rest = encode([message.topic, message.payload, message.properties]);
  const out = Buffer.allocUnsafe(FIXED + name.length + rest.length);
  const marked = mark === undefined ? 0 : MARKED;
  out.writeUInt8((message.retain ? RETAIN : 0) | (droppable ? DROPPABLE : 0) | marked, 0);
  out.writeDoubleLE(expiresMs, 1);
  out.writeUInt8(Buffer.byteLength(node), 9);
  out.set(name, FIXED);
  out.set(rest, FIXED + name.length);
  return out;
}

/** Throws `QUEUE_FORMAT` for bytes whose CRC is right and that this version doesn't know. */
export function readEntryHead(body: Uint8Array): EntryHead {
  const view = Buffer.from(body.buffer, body.byteOffset, body.length);
  if (view.length < FIXED) throw unknownFormat();
  const name = readText(view, FIXED - 1);
  const marked = (view[0]! & MARKED) !== 0;
  const mark = marked ? readText(view, name.end) : undefined;
  const length = mark?.end ?? name.end;
  const droppable = (view[0]! & DROPPABLE) !== 0;
  return { name: name.text, droppable, expiresMs: view.readDoubleLE(1), mark: mark?.text, length };
}

/** The marks of a stream: u8 length of its name, the name, and the same for each mark, oldest first. */
export function encodeMarks({ name, marks }: Carried): Uint8Array {
  return Buffer.concat([name, ...marks].map(shortText));
}

/** Throws `QUEUE_FORMAT`. */
export function decodeMarks(body: Uint8Array): Carried {
  const view = Buffer.from(body.buffer, body.byteOffset, body.length);
  const name = readText(view, 0);
  const marks: string[] = [];
  for (let at = name.end; at < view.length; ) {
    const { text, end } = readText(view, at);
    marks.push(text);
    at = end;
  }
  return { name: name.text, marks };
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_MARK_BYTES) throw new RangeError(`A name or a mark has ${bytes.length} bytes.`);
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}

function readText(view: Buffer, at: number): { text: string; end: number } {
  const end = at + 1 + (view[at] ?? Number.POSITIVE_INFINITY);
  if (end > view.length) throw unknownFormat();
  return { text: view.toString('utf8', at + 1, end), end };
}

/** Throws `QUEUE_FORMAT`. */
export function decodeEntry(body: Uint8Array): Stored {
  const { droppable, expiresMs, length } = readEntryHead(body);
  const value = decodePlain(body.subarray(length), { bytes: body.length }, unknownFormat);
  if (!Array.isArray(value) || typeof value[0] !== 'string' || !(value[1] instanceof Uint8Array)) throw unknownFormat();
  const [topic, payload, properties] = value as [string, Uint8Array, MessageProperties];
  if (typeof properties !== 'object' || properties === null) throw unknownFormat();
  return { message: { topic, payload, qos: 1, retain: (body[0]! & RETAIN) !== 0, properties }, droppable, expiresMs };
}

/** Numbers as ranges: f64 first, u32 count, for each. */
export function encodeRanges(numbers: readonly number[]): Uint8Array {
  const ranges: { first: number; count: number }[] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last.first + last.count === number) last.count++;
    else ranges.push({ first: number, count: 1 });
  }
  const out = Buffer.alloc(12 * ranges.length);
  ranges.forEach(({ first, count }, i) => {
    out.writeDoubleLE(first, 12 * i);
    out.writeUInt32LE(count, 12 * i + 8);
  });
  return out;
}

export function decodeRanges(body: Uint8Array): [first: number, count: number][] {
  const view = Buffer.from(body.buffer, body.byteOffset, body.length);
  return Array.from({ length: Math.floor(body.length / 12) }, (_, i) => [
    view.readDoubleLE(12 * i),
    view.readUInt32LE(12 * i + 8),
  ]);
}
