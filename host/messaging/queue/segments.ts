/**
 * The files of a durable log, oldest first; records are appended to the newest. Each run of the log begins a file of its
 * own, so that nothing is written behind an incomplete record. Old files are deleted, or several of them are replaced by
 * one, which takes the index of the last and names the first in its head.
 */
import type { LogFile, LogFolder } from './folder.ts';
import { bodiesFrom, encodeRecord, type FileRecord, HEAD, parseRecords } from './record.ts';

export interface Segment {
  /** Increases with each file. */
  readonly index: number;
  file: LogFile;
  size: number;
  /** Messages that wait and whose records are in this file. */
  live: number;
  liveBytes: number;
  /** Marks of streams whose only record is in this file. */
  marks: number;
}

/** Where the body of a record is. */
export interface Place {
  segment: Segment;
  offset: number;
  length: number;
}

/** The version of the format, in the head of each file. Version 1 had no marks. */
const VERSION = Uint8Array.of(2);
const READABLE = [1, 2];
const NAME = /^(\d{10})\.log$/;
/** A file that is not whole yet. */
const DRAFT = 'merge.draft';

const nameOf = (index: number): string => `${String(index).padStart(10, '0')}.log`;
const headOf = (first: number): Buffer => encodeRecord(HEAD, first, VERSION);
const HEAD_BYTES = headOf(1).length;

export class Segments {
  readonly #folder: LogFolder;
  readonly #segmentBytes: number;
  readonly #all: Segment[] = [];
  #tail: Segment | undefined;
  #last = 0;
  /** A new file has a name that a power cut may lose. */
  #unnamed = false;

  constructor(folder: LogFolder, segmentBytes: number) {
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
  }

  /**
   * Reads all files. `onRecord` receives each record but heads; `onReplaced` is called when the records until now are
   * in files that the next one replaces. Returns the number of bytes that were no whole records. Throws what `unknown`
   * returns for a file of another version.
   */
  recover(onRecord: (record: FileRecord, place: Place) => void, onReplaced: () => void, unknown: () => Error): number {
    const indexes = this.#folder.list().flatMap((name) => NAME.exec(name)?.[1] ?? []);
    let cutBytes = 0;
    for (const index of indexes.map(Number).sort((a, b) => a - b)) {
      this.#last = index;
      const bytes = this.#folder.read(nameOf(index));
      const { records, goodBytes } = parseRecords(bytes);
      cutBytes += bytes.length - goodBytes;
      const [head, ...rest] = records;
      if (head === undefined) {
        // The power failed before its first record was on the medium.
        this.#folder.remove(nameOf(index));
        continue;
      }
      if (head.kind !== HEAD || !READABLE.includes(head.body[0] ?? 0)) throw unknown();
      if (head.seq < index && this.#all.length > 0) {
        onReplaced();
        for (const old of this.#all.splice(0)) this.#delete(old);
      }
      const segment = {
        index,
        file: this.#folder.open(nameOf(index)),
        size: goodBytes,
        live: 0,
        liveBytes: 0,
        marks: 0,
      };
      this.#all.push(segment);
      for (const record of rest) onRecord(record, { segment, offset: record.offset, length: record.body.length });
    }
    return cutBytes;
  }

  get diskBytes(): number {
    return this.#all.reduce((sum, { size }) => sum + size, 0);
  }

  /** Writes records behind each other into one file, and returns where their bodies are. They are durable after `sync`. */
  append(records: readonly Uint8Array[]): Place[] {
    const bytes = Buffer.concat(records);
    const last = this.#tail;
    const full = last !== undefined && last.size > HEAD_BYTES && last.size + bytes.length > this.#segmentBytes;
    const segment = last === undefined || full ? this.#begin() : last;
    const at = segment.size;
    segment.file.write(bytes, at);
    segment.size += bytes.length;
    return bodiesFrom(at, records).map((body) => ({ segment, ...body }));
  }

  async sync(): Promise<void> {
    await this.#tail?.file.sync();
    if (!this.#unnamed) return;
    await this.#folder.sync();
    this.#unnamed = false;
  }

  syncNow(): void {
    this.#tail?.file.syncNow();
    if (this.#unnamed) this.#folder.syncNow();
    this.#unnamed = false;
  }

  /**
   * After a write or a sync that failed: what follows goes into another file, because the system may have dropped what
   * it could not write.
   */
  leaveTail(): void {
    const tail = this.#tail;
    this.#tail = undefined;
    if (tail === undefined || tail.live > 0 || tail.size > HEAD_BYTES) return;
    // Nothing was ever written to it: on a full disk each attempt would leave a file.
    this.#all.pop();
    guardIo(() => this.#delete(tail));
  }

  read({ segment, offset, length }: Place): Uint8Array {
    return segment.file.read(offset, length);
  }

  records(segment: Segment): FileRecord[] {
    return parseRecords(segment.file.read(0, segment.size)).records;
  }

  /**
   * Deletes the oldest files without waiting messages or marks, except the one that is written. Their order matters: a file holds
   * the removals of messages in files before it.
   */
  deleteDead(): void {
    guardIo(() => {
      for (let oldest = this.#all[0]; oldest !== undefined && oldest !== this.#tail; ) {
        if (oldest.live > 0 || oldest.marks > 0) return;
        this.#delete(oldest);
        this.#all.shift();
        oldest = this.#all[0];
      }
    });
  }

  /**
   * The oldest files that should become one: removed messages take more of the disk than those that wait, or many files
   * hold little. Empty if there is no need.
   */
  mergeable(): Segment[] {
    const live = this.#all.reduce((sum, { liveBytes }) => sum + liveBytes, 0);
    const needed = live / this.#segmentBytes;
    const wasteful = this.diskBytes > 2 * live + 4 * this.#segmentBytes || this.#all.length > 2 * needed + 8;
    if (!wasteful) return [];
    const merged: Segment[] = [];
    let bytes = 0;
    for (const segment of this.#all) {
      bytes += segment.liveBytes;
      if (segment === this.#tail || (merged.length > 0 && bytes > this.#segmentBytes)) break;
      merged.push(segment);
    }
    return merged.length > 1 || (merged[0] !== undefined && merged[0].liveBytes * 2 < merged[0].size) ? merged : [];
  }

  /**
   * Replaces the oldest files by one with `records`. Resolves with the places of their bodies once the new file is
   * durable, before the old ones are deleted by `drop`.
   */
  async merge(old: readonly Segment[], records: readonly Uint8Array[]): Promise<{ segment: Segment; places: Place[] }> {
    const bytes = Buffer.concat(records);
    const { index } = old.at(-1)!;
    const file = this.#folder.create(DRAFT);
    file.write(headOf(old[0]!.index), 0);
    file.write(bytes, HEAD_BYTES);
    await file.sync();
    this.#folder.rename(DRAFT, nameOf(index));
    await this.#folder.sync();
    const segment = { index, file, size: HEAD_BYTES + bytes.length, live: 0, liveBytes: 0, marks: 0 };
    this.#all.splice(0, old.length, segment);
    return { segment, places: bodiesFrom(HEAD_BYTES, records).map((body) => ({ segment, ...body })) };
  }

  /** Deletes files that `merge` has replaced. The last of them has the name of the new one. */
  drop(old: readonly Segment[]): void {
    for (const segment of old.slice(0, -1)) this.#delete(segment);
    old.at(-1)!.file.close();
  }

  close(): void {
    for (const { file } of this.#all) file.close();
  }

  #begin(): Segment {
    const index = this.#last + 1;
    const file = this.#folder.create(nameOf(index));
    this.#unnamed = true;
    const segment = { index, file, size: 0, live: 0, liveBytes: 0, marks: 0 };
    this.#all.push(segment);
    this.#tail = segment;
    this.#last = index;
    const head = headOf(index);
    file.write(head, 0);
    segment.size = head.length;
    return segment;
  }

  #delete(segment: Segment): void {
    this.#folder.remove(nameOf(segment.index));
    segment.file.close();
  }
}

/** What can't be deleted now is deleted later, or when the log is opened. */
function guardIo(work: () => void): void {
  try {
    work();
  } catch {}
}
