/**
 * Records in files: one after the other, each with its length and CRC-32. A process that is killed during a write leaves
 * an incomplete record at the end, which is detected.
 *
 * Record, little-endian: u32 length of what follows the CRC, u32 CRC-32 of it, u8 kind, f64 number, body.
 */
import { crc32 } from 'node:zlib';

const HEADER = 8;
const PREFIX = 9;
/** A message, and the removal of one, in a file of one node. */
export const PUT = 1;
export const REMOVE = 2;
/** The front of a file of the log. Its number is the index of the first file that this one replaces. */
export const HEAD = 3;
/** A message of a node in the log. */
export const MESSAGE = 4;
/** Ranges of messages that were removed. */
export const REMOVED = 5;

/** The last marks of a stream. */
export const MARKS = 6;

export type Kind = typeof PUT | typeof REMOVE | typeof HEAD | typeof MESSAGE | typeof REMOVED | typeof MARKS;

export interface FileRecord {
  kind: Kind;
  seq: number;
  /** Offset of the body in the file. */
  offset: number;
  body: Uint8Array;
}

/** Bytes on disk of a record with a body of `bodyBytes`. */
export function recordBytes(bodyBytes: number): number {
  return HEADER + PREFIX + bodyBytes;
}

/** Offsets of the bodies of records that lie behind each other from `at` on, and their lengths. */
export function bodiesFrom(at: number, records: readonly Uint8Array[]): { offset: number; length: number }[] {
  let offset = at;
  return records.map((record) => {
    const body = { offset: offset + recordBytes(0), length: record.length - recordBytes(0) };
    offset += record.length;
    return body;
  });
}

export function encodeRecord(kind: Kind, seq: number, body: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(recordBytes(body.length));
  out.writeUInt32LE(PREFIX + body.length, 0);
  out.writeUInt8(kind, HEADER);
  out.writeDoubleLE(seq, HEADER + 1);
  out.set(body, HEADER + PREFIX);
  out.writeUInt32LE(crc32(out.subarray(HEADER)), 4);
  return out;
}

/** Returns the valid records at the front of `bytes`, and their size. What follows is an incomplete write, or damaged. */
export function parseRecords(bytes: Uint8Array): { records: FileRecord[]; goodBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: FileRecord[] = [];
  let at = 0;
  while (at + HEADER + PREFIX <= bytes.length) {
    const length = view.getUint32(at, true);
    const end = at + HEADER + length;
    if (length < PREFIX || end > bytes.length) break;
    if (crc32(bytes.subarray(at + HEADER, end)) !== view.getUint32(at + 4, true)) break;
    const kind = bytes[at + HEADER]!;
    const seq = view.getFloat64(at + HEADER + 1, true);
    if (!isKind(kind) || !Number.isSafeInteger(seq) || seq < 1) break;
    const offset = at + HEADER + PREFIX;
    records.push({ kind, seq, offset, body: bytes.subarray(offset, end) });
    at = end;
  }
  return { records, goodBytes: at };
}

const isKind = (kind: number): kind is Kind => kind >= PUT && kind <= MARKS;
