/** Buffers over time: taps, and the module's memory; each can be shown as a picture, a column for each moment. */
import type { MapData, TapFormat } from '../page/index.ts';
import { lowerBound } from './lines.ts';

/** Bytes kept of all buffers of one tap; the oldest go first. */
const TAP_BYTES = 32 << 20;
/** Rows of a picture; larger buffers are reduced to the greatest value of each row. */
const MAX_ROWS = 64;

const ELEMENTS: Record<TapFormat, { bytes: number; read: (view: DataView, at: number) => number }> = {
  int8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  uint8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  int16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  int32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  float32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
};
export const isTapFormat = (text: string): text is TapFormat => Object.hasOwn(ELEMENTS, text);

/** A picture of at most `columns` columns; `column` returns the values of item `index`. */
function picture(
  times: readonly number[],
  from: number,
  to: number,
  columns: number,
  column: (index: number, last: number) => number[],
): Omit<MapData, 'id' | 'labels'> & { low: number; high: number } {
  const first = Math.max(lowerBound(times, from) - 1, 0);
  const end = Math.min(lowerBound(times, to) + 1, times.length);
  const each = Math.max((end - first) / columns, 1);
  const x: number[] = [];
  const values: number[][] = [];
  for (let at = first; at < end; at += each) {
    const index = Math.floor(at);
    x.push(times[index]!);
    values.push(column(index, Math.min(Math.floor(at + each), end) - 1));
  }
  const rows = values.reduce((most, { length }) => Math.max(most, length), 0);
  const [low, high] = bounds(values);
  const pixels = Buffer.alloc(x.length * rows);
  for (const [i, list] of values.entries())
    for (const [row, value] of list.entries())
      pixels[i * rows + row] = high > low ? Math.round((255 * (value - low)) / (high - low)) : 0;
  return { x, rows, low, high, pixels: pixels.toString('base64') };
}

function bounds(lists: number[][]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const list of lists)
    for (const value of list) {
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  return low <= high ? [low, high] : [0, 0];
}

export class Tap {
  #times: number[] = [];
  #buffers: Uint8Array[] = [];
  #bytes = 0;
  #dropped = 0;

  add(t: number, data: Uint8Array): void {
    this.#times.push(t);
    this.#buffers.push(data);
    this.#bytes += data.length;
    if (this.#bytes <= TAP_BYTES) return;
    const half = this.#buffers.length >> 1;
    this.#dropped += half;
    this.#times = this.#times.slice(half);
    this.#buffers = this.#buffers.slice(half);
    this.#bytes = this.#buffers.reduce((sum, { length }) => sum + length, 0);
  }

  /** The buffer at or before a time; the first one if there is none before. */
  at(t: number): { t: number; index: number; count: number; bytes: string } | null {
    if (this.#buffers.length === 0) return null;
    const index = Math.max(lowerBound(this.#times, t + 1e-6) - 1, 0);
    return {
      t: this.#times[index]!,
      index: this.#dropped + index,
      count: this.#dropped + this.#buffers.length,
      bytes: Buffer.from(this.#buffers[index]!).toString('base64'),
    };
  }

  picture(from: number, to: number, columns: number, format: TapFormat): Omit<MapData, 'id'> {
    const { bytes, read } = ELEMENTS[format];
    const { low, high, ...rest } = picture(this.#times, from, to, columns, (index) => {
      const data = this.#buffers[index]!;
      const view = new DataView(data.buffer, data.byteOffset, data.length);
      const values = Array.from({ length: Math.floor(data.length / bytes) }, (_, i) => read(view, i * bytes));
      return reduced(values, MAX_ROWS);
    });
    return { ...rest, labels: [String(low), String(high)] };
  }
}

/** At most `rows` values: the greatest of each part. */
function reduced(values: number[], rows: number): number[] {
  if (values.length <= rows) return values;
  return Array.from({ length: rows }, (_, row) => {
    const part = values.slice(Math.floor((row * values.length) / rows), Math.floor(((row + 1) * values.length) / rows));
    return part.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  });
}

/** Unit of comparison: equal parts of two recordings are stored once. */
const PART_BYTES = 256;
const MAX_RECORDINGS = 1024;

/** Recordings of linear memory. When there are too many, every other one goes and the interval doubles. */
export class Memory {
  #intervalS = 0.01;
  #times: number[] = [];
  #recordings: Uint8Array[][] = [];
  #changes: boolean[][] = [];

  /** Whether a recording is due. */
  due(t: number): boolean {
    const last = this.#times.at(-1);
    return last === undefined || t - last >= this.#intervalS;
  }

  add(t: number, memory: Uint8Array): void {
    const before = this.#recordings.at(-1);
    const parts: Uint8Array[] = [];
    const changes: boolean[] = [];
    for (let at = 0; at < memory.length; at += PART_BYTES) {
      const now = memory.subarray(at, at + PART_BYTES);
      const old = before?.[parts.length];
      const same = old !== undefined && Buffer.compare(old, now) === 0;
      parts.push(same ? old : now.slice());
      changes.push(!same && before !== undefined);
    }
    this.#times.push(t);
    this.#recordings.push(parts);
    this.#changes.push(changes);
    if (this.#times.length > MAX_RECORDINGS) this.#thin();
  }

  at(t: number): { t: number; bytes: string; changed: [number, number][] } | null {
    if (this.#times.length === 0) return null;
    const index = Math.max(lowerBound(this.#times, t + 1e-6) - 1, 0);
    const bytes = Buffer.concat(this.#recordings[index]!);
    const before = index > 0 ? Buffer.concat(this.#recordings[index - 1]!) : bytes;
    return { t: this.#times[index]!, bytes: bytes.toString('base64'), changed: differences(before, bytes) };
  }

  /** Which parts of memory changed: rows are addresses, from the bottom up. */
  picture(from: number, to: number, columns: number): Omit<MapData, 'id'> {
    const bytes = (this.#recordings.at(-1) ?? []).reduce((sum, { length }) => sum + length, 0);
    const {
      low: _low,
      high: _high,
      ...rest
    } = picture(this.#times, from, to, columns, (index, last) => {
      const parts = this.#changes[index]!.map((_, part) => {
        let changed = 0;
        for (let i = index; i <= last; i++) if (this.#changes[i]![part]) changed++;
        return changed;
      });
      return reduced(parts, MAX_ROWS);
    });
    return { ...rest, labels: ['0', `0x${bytes.toString(16)}`] };
  }

  #thin(): void {
    const { length } = this.#times;
    const kept = Array.from({ length: Math.ceil(length / 2) }, (_, i) => i * 2);
    // A recording's changes are those since the one before that is kept.
    this.#changes = kept.map((i) =>
      this.#changes[i]!.map((now, part) => now || (this.#changes[i - 1]?.[part] ?? false)),
    );
    this.#recordings = kept.map((i) => this.#recordings[i]!);
    this.#times = kept.map((i) => this.#times[i]!);
    this.#intervalS *= 2;
  }
}

function differences(before: Uint8Array, now: Uint8Array): [number, number][] {
  const ranges: [number, number][] = [];
  for (let i = 0; i < now.length; i++) {
    if (before[i] === now[i]) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === i) last[1]++;
    else ranges.push([i, i + 1]);
  }
  return ranges;
}
