/**
 * One file of the disk queue: records one after the other, each with its length and CRC-32. A process that is killed during a write leaves
 * an incomplete record at the end, which is detected and cut off.
 *
 * Record, little-endian: u32 length of what follows the CRC, u32 CRC-32 of it, u8 kind (1 put, 2 remove), f64 number, body.
 */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { crc32 } from 'node:zlib';
import { MoteError } from '../../base/index.ts';

const HEADER = 8;
const PREFIX = 9;
export const PUT = 1;
export const REMOVE = 2;

export interface SegmentRecord {
  kind: typeof PUT | typeof REMOVE;
  seq: number;
  /** Offset of the body in the file. */
  offset: number;
  body: Uint8Array;
}

/** Bytes on disk of a record with a body of `bodyBytes`. */
export function recordBytes(bodyBytes: number): number {
  return HEADER + PREFIX + bodyBytes;
}

export function encodeRecord(kind: typeof PUT | typeof REMOVE, seq: number, body: Uint8Array): Buffer {
  const out = Buffer.alloc(recordBytes(body.length));
  out.writeUInt32LE(PREFIX + body.length, 0);
  out.writeUInt8(kind, HEADER);
  out.writeDoubleLE(seq, HEADER + 1);
  out.set(body, HEADER + PREFIX);
  out.writeUInt32LE(crc32(out.subarray(HEADER)), 4);
  return out;
}

/** Returns the valid records at the front of `bytes`, and their size. What follows is an incomplete write, or damaged. */
export function parseSegment(bytes: Uint8Array): { records: SegmentRecord[]; goodBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: SegmentRecord[] = [];
  let at = 0;
  while (at + HEADER + PREFIX <= bytes.length) {
    const length = view.getUint32(at, true);
    const end = at + HEADER + length;
    if (length < PREFIX || end > bytes.length) break;
    if (crc32(bytes.subarray(at + HEADER, end)) !== view.getUint32(at + 4, true)) break;
    const kind = bytes[at + HEADER];
    const seq = view.getFloat64(at + HEADER + 1, true);
    if ((kind !== PUT && kind !== REMOVE) || !Number.isSafeInteger(seq) || seq < 1) break;
    const offset = at + HEADER + PREFIX;
    records.push({ kind, seq, offset, body: bytes.subarray(offset, end) });
    at = end;
  }
  return { records, goodBytes: at };
}

/** Syncs a folder. A new file's name survives a loss of power only after that. */
export function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  fsyncSync(fd);
  closeSync(fd);
}

export class Segment {
  readonly path: string;
  /** Increases with each file. */
  readonly index: number;
  /** Number of waiting messages whose records are in this file. */
  live = 0;
  liveBytes = 0;
  #fd: number;
  #size: number;

  private constructor(path: string, index: number, fd: number, size: number) {
    this.path = path;
    this.index = index;
    this.#fd = fd;
    this.#size = size;
  }

  static create(path: string, index: number): Segment {
    return new Segment(path, index, openSync(path, 'w+', 0o600), 0);
  }

  /** Opens an existing file and cuts off an incomplete write. Also returns the number of bytes that were cut off. */
  static recover(path: string, index: number): { segment: Segment; records: SegmentRecord[]; cutBytes: number } {
    const bytes = readFileSync(path);
    const { records, goodBytes } = parseSegment(bytes);
    const fd = openSync(path, 'r+');
    if (goodBytes < bytes.length) ftruncateSync(fd, goodBytes);
    return { segment: new Segment(path, index, fd, goodBytes), records, cutBytes: bytes.length - goodBytes };
  }

  get size(): number {
    return this.#size;
  }

  /** Appends a record and returns its offset. An error leaves the file at its old length. */
  append(record: Buffer, sync: boolean): number {
    const at = this.#size;
    try {
      for (let done = 0; done < record.length; ) {
        done += writeSync(this.#fd, record, done, record.length - done, at + done);
      }
      if (sync) fdatasyncSync(this.#fd);
    } catch (cause) {
      ftruncateSync(this.#fd, at);
      throw new MoteError('QUEUE_IO', `The queue can't write ${this.path}; is the disk full?`, { cause });
    }
    this.#size += record.length;
    return at;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.alloc(length);
    const got = readSync(this.#fd, bytes, 0, length, offset);
    if (got !== length) throw new MoteError('QUEUE_IO', `The queue can't read ${this.path}; the file was truncated.`);
    return bytes;
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  delete(): void {
    this.close();
    unlinkSync(this.path);
  }
}
