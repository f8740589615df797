/**
 * An outbox on disk. A message that `put` accepted survives the end of the process at any byte of a write; only `remove` (PUBACK, expiry or
 * refusal) deletes it. If a crash loses a removal, the message is sent again; it is never lost.
 *
 * Durability: with `sync: 'fsync'` (the default) each put of a message that isn't droppable is on the medium before it returns, together
 * with all earlier ones, so it also survives a loss of power. With `sync: 'os'` it survives only the process. Telemetry and removals cause
 * no sync.
 *
 * When `maxBytes` are waiting, the queue drops the oldest droppable messages (telemetry) that aren't in flight and counts them in
 * `stats.dropped`. If that isn't enough, it refuses the new message with `QUEUE_FULL` and counts it in `stats.refused`.
 *
 * On disk: segments (see `segment.ts`), written one after the other. The oldest is deleted when no message in it waits. When removed
 * messages take more bytes than waiting ones, the waiting messages of the oldest segment are first written again at the end, under their
 * old numbers.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { guard, MoteError } from '../../base/index.ts';
import type { Message } from './message.ts';
import { expiryOf, type Outbox, type OutboxStats, type Pending, queueFull, sizeOf } from './outbox.ts';
import { encodeRecord, PUT, REMOVE, recordBytes, Segment, type SegmentRecord, syncFolder } from './segment.ts';
import { decodeStored, encodeStored } from './stored.ts';

export interface QueueOptions {
  /** A folder for this queue alone, created if missing. The caller ensures that no other process has it open, as the shim does. */
  dir: string;
  /** Limit of the waiting messages, each counted as topic + payload + 64; default 64 MiB. */
  maxBytes?: number;
  /** A new file begins at this size; default 1 MiB. */
  segmentBytes?: number;
  sync?: 'fsync' | 'os';
}

export interface QueueStats extends OutboxStats {
  diskBytes: number;
  /** Bytes at the ends of files that were not a whole record when the queue was opened: torn by a crash, or damaged. */
  cutBytes: number;
}

interface Entry {
  segment: Segment;
  offset: number;
  length: number;
  /** Topic + payload + 64. */
  size: number;
  droppable: boolean;
  held: boolean;
}

const NOTHING = new Uint8Array(0);
const NAME = /^(\d{10})\.queue$/;

export class DiskQueue implements Outbox {
  readonly #dir: string;
  readonly #maxBytes: number;
  readonly #segmentBytes: number;
  readonly #sync: boolean;
  #segments: Segment[] = [];
  /** In the order of numbers. */
  #entries = new Map<number, Entry>();
  /** Numbers in order, for `next`. */
  #order: number[] = [];
  /** No message before this position in #order can be dropped: each is gone, not droppable, or in flight. */
  #front = 0;
  #seq = 0;
  #bytes = 0;
  #firmBytes = 0;
  #refused = 0;
  #dropped = 0;
  #cutBytes = 0;
  #closed = false;

  /** Opens or creates the queue in `dir`. Throws `QUEUE_IO`. */
  constructor(options: QueueOptions) {
    this.#dir = options.dir;
    this.#maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
    this.#segmentBytes = options.segmentBytes ?? 1024 * 1024;
    this.#sync = (options.sync ?? 'fsync') === 'fsync';
    try {
      mkdirSync(this.#dir, { recursive: true });
      this.#recover();
    } catch (cause) {
      if (cause instanceof MoteError) throw cause;
      throw new MoteError(
        'QUEUE_IO',
        `The queue in ${this.#dir} can't be opened; check the folder and its permissions.`,
        {
          cause,
        },
      );
    }
  }

  get stats(): QueueStats {
    return {
      waiting: this.#entries.size,
      waitingBytes: this.#bytes,
      firmBytes: this.#firmBytes,
      refused: this.#refused,
      dropped: this.#dropped,
      diskBytes: this.#segments.reduce((sum, segment) => sum + segment.size, 0),
      cutBytes: this.#cutBytes,
    };
  }

  put(message: Message, { droppable, nowMs }: { droppable: boolean; nowMs: number }): number {
    this.#open();
    const size = sizeOf(message);
    this.#makeRoom(size);
    const seq = this.#seq + 1;
    const body = encodeStored({ message, droppable, expiresMs: expiryOf(message, nowMs) });
    this.#write(seq, body, { size, droppable, held: false });
    this.#seq = seq;
    this.#order.push(seq);
    this.#clean();
    return seq;
  }

  next(after: number): Pending | undefined {
    let low = 0;
    for (let high = this.#order.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.#order[middle]! <= after) low = middle + 1;
      else high = middle;
    }
    for (; low < this.#order.length; low++) {
      const pending = this.get(this.#order[low]!);
      if (pending !== undefined) return pending;
    }
    return undefined;
  }

  get(seq: number): Pending | undefined {
    const entry = this.#entries.get(seq);
    if (entry === undefined || this.#closed) return undefined;
    const { message, expiresMs } = decodeStored(entry.segment.read(entry.offset, entry.length));
    return { seq, message, expiresMs };
  }

  remove(seq: number): void {
    if (this.#closed || !this.#entries.has(seq)) return;
    // On a full disk only removals free space. A removal that isn't written causes a repetition after a crash, not a loss.
    guard(
      () => void this.#tail(recordBytes(0)).append(encodeRecord(REMOVE, seq, NOTHING), false),
      () => {},
    );
    this.#forget(seq);
    this.#clean();
  }

  hold(seq: number): void {
    const entry = this.#entries.get(seq);
    if (entry !== undefined) entry.held = true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const segment of this.#segments) segment.close();
  }

  #open(): void {
    if (this.#closed) throw new MoteError('QUEUE_CLOSED', 'The queue is closed; open it again.');
  }

  #recover(): void {
    const indexes = readdirSync(this.#dir).flatMap((name) => NAME.exec(name)?.[1] ?? []);
    for (const index of indexes.map(Number).sort((a, b) => a - b)) {
      const { segment, records, cutBytes } = Segment.recover(this.#path(index), index);
      this.#segments.push(segment);
      this.#cutBytes += cutBytes;
      for (const record of records) this.#replay(segment, record);
    }
    // A record that was written again follows younger ones.
    this.#order = [...this.#entries.keys()].sort((a, b) => a - b);
    this.#clean();
  }

  #replay(segment: Segment, record: SegmentRecord): void {
    this.#seq = Math.max(this.#seq, record.seq);
    this.#unlink(record.seq);
    if (record.kind === REMOVE) return;
    const { message, droppable } = decodeStored(record.body);
    const size = sizeOf(message);
    this.#link(record.seq, {
      segment,
      offset: record.offset,
      length: record.body.length,
      size,
      droppable,
      held: false,
    });
  }

  #link(seq: number, entry: Entry): void {
    this.#entries.set(seq, entry);
    entry.segment.live++;
    entry.segment.liveBytes += recordBytes(entry.length);
    this.#bytes += entry.size;
    if (!entry.droppable) this.#firmBytes += entry.size;
  }

  #unlink(seq: number): void {
    const entry = this.#entries.get(seq);
    if (entry === undefined) return;
    this.#entries.delete(seq);
    entry.segment.live--;
    entry.segment.liveBytes -= recordBytes(entry.length);
    this.#bytes -= entry.size;
    if (!entry.droppable) this.#firmBytes -= entry.size;
  }

  #forget(seq: number): void {
    this.#unlink(seq);
    // Drop the front in steps, so that a long array isn't moved at each removal.
    if (this.#order.length <= 2 * this.#entries.size + 64) return;
    this.#order = this.#order.filter((s) => this.#entries.has(s));
    this.#front = 0;
  }

  #path(index: number): string {
    return join(this.#dir, `${String(index).padStart(10, '0')}.queue`);
  }

  /** Returns the file for the next record, of `bytes` bytes. */
  #tail(bytes: number): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && (last.size === 0 || last.size + bytes <= this.#segmentBytes)) return last;
    const index = (last?.index ?? 0) + 1;
    try {
      const segment = Segment.create(this.#path(index), index);
      try {
        if (this.#sync) syncFolder(this.#dir);
      } catch (cause) {
        segment.delete();
        throw cause;
      }
      this.#segments.push(segment);
      return segment;
    } catch (cause) {
      throw new MoteError(
        'QUEUE_IO',
        `The queue can't create a file in ${this.#dir}; is the disk full, or are too many files open?`,
        { cause },
      );
    }
  }

  #write(seq: number, body: Uint8Array, rest: Pick<Entry, 'size' | 'droppable' | 'held'>): void {
    const segment = this.#tail(recordBytes(body.length));
    const at = segment.append(encodeRecord(PUT, seq, body), this.#sync && !rest.droppable);
    // Forget its old place only after it is written, or a full disk would lose it.
    this.#unlink(seq);
    this.#link(seq, { segment, offset: at + recordBytes(0), length: body.length, ...rest });
  }

  #makeRoom(size: number): void {
    if (this.#bytes + size <= this.#maxBytes) return;
    let free = this.#maxBytes - this.#bytes;
    const victims: number[] = [];
    for (; this.#front < this.#order.length && !this.#mayGo(this.#order[this.#front]!); this.#front++);
    for (let i = this.#front; i < this.#order.length && free < size; i++) {
      const seq = this.#order[i]!;
      const entry = this.#entries.get(seq);
      if (entry === undefined || !this.#mayGo(seq)) continue;
      victims.push(seq);
      free += entry.size;
    }
    if (free < size) {
      this.#refused++;
      throw queueFull(this.#entries.size, this.#maxBytes);
    }
    for (const seq of victims) this.remove(seq);
    this.#dropped += victims.length;
  }

  #mayGo(seq: number): boolean {
    const entry = this.#entries.get(seq);
    return entry?.droppable === true && !entry.held;
  }

  /** Deletes the oldest files without waiting messages, except the file in use. */
  #clean(): void {
    for (
      let oldest = this.#segments[0];
      oldest !== undefined && this.#segments.length > 1;
      oldest = this.#segments[0]
    ) {
      if (oldest.live > 0 && !this.#mostlyDead()) return;
      if (oldest.live > 0 && !this.#rescue(oldest)) return;
      this.#segments.shift();
      oldest.delete();
    }
  }

  #mostlyDead(): boolean {
    const disk = this.#segments.reduce((sum, segment) => sum + segment.size, 0);
    const live = this.#segments.reduce((sum, segment) => sum + segment.liveBytes, 0);
    return disk > 2 * live + 4 * this.#segmentBytes;
  }

  /** Returns false when the disk is full; the next removal tries again. */
  #rescue(oldest: Segment): boolean {
    return guard(
      () => {
        for (const [seq, entry] of [...this.#entries]) {
          if (entry.segment !== oldest) continue;
          const body = oldest.read(entry.offset, entry.length);
          const { size, droppable, held } = entry;
          this.#write(seq, body, { size, droppable, held });
        }
      },
      () => {},
    );
  }
}
