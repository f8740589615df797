/** Values over time, reduced to what a row of pixels can show: the least and the greatest value of each pixel. */
import type { SensorSource } from '../../device/node/index.ts';

export interface Reduced {
  /** Times come in pairs, which have the least and the greatest value. */
  pairs: boolean;
  x: number[];
  y: number[][];
}

/** Samples of one block of a sensor's index of extremes, and of one block of blocks. */
const BLOCK = 64;
const SUPER = 64;

/** A typed array that grows. */
class Growing<T extends Int16Array | Float64Array> {
  length = 0;
  #items: T;
  readonly #create: (length: number) => T;

  constructor(create: (length: number) => T) {
    this.#create = create;
    this.#items = create(1024);
  }

  push(value: number): void {
    if (this.length === this.#items.length) {
      const grown = this.#create(this.#items.length * 2);
      grown.set(this.#items as never);
      this.#items = grown;
    }
    this.#items[this.length++] = value;
  }
  get view(): T {
    return this.#items.subarray(0, this.length) as T;
  }
  truncate(length: number): void {
    this.length = length;
  }
}

const int16 = (length: number) => new Int16Array(length);
const float64 = (length: number) => new Float64Array(length);

/**
 * The signal of a sensor. A source is a function of the sample's index, so samples are read again when a narrow range
 * is shown; for wide ranges it keeps the extremes of each block.
 */
export class Signal {
  readonly #source: SensorSource;
  readonly #startUs: number;
  /** Extremes, interleaved: low and high of each channel. */
  readonly #blocks = new Growing(int16);
  readonly #supers = new Growing(int16);
  #produced = 0;
  #indexed = 0;

  constructor(source: SensorSource, startUs: number) {
    this.#source = source;
    this.#startUs = startUs;
  }

  /** Adds the samples that are due at `nowUs`. */
  advance(nowUs: number): void {
    const { rateMilliHz, length, channels } = this.#source;
    const due = Math.floor((Math.max(nowUs - this.#startUs, 0) * rateMilliHz) / 1e9);
    this.#produced = Math.max(this.#produced, Math.min(due, length ?? due));
    const block = new Int16Array(BLOCK * channels);
    while (this.#produced - this.#indexed >= BLOCK) {
      this.#source.read(this.#indexed, block);
      this.#indexed += BLOCK;
      for (const value of extremes(block, channels)) this.#blocks.push(value);
      const width = SUPER * channels * 2;
      if (this.#blocks.length % width !== 0) continue;
      for (const value of merged(this.#blocks.view.subarray(-width), channels)) this.#supers.push(value);
    }
  }

  /** The range from `from` to `to` seconds in at most `points` pairs of extremes. */
  range(from: number, to: number, points: number): Reduced {
    const { rateMilliHz, channels } = this.#source;
    const periodS = 1000 / rateMilliHz;
    const startS = this.#startUs / 1e6 + periodS;
    const first = clamp(Math.floor((from - startS) / periodS), 0, this.#produced);
    const end = clamp(Math.ceil((to - startS) / periodS) + 1, first, this.#produced);
    const each = (end - first) / points;
    const out: Reduced = { pairs: each > 2, x: [], y: Array.from({ length: channels }, () => []) };
    if (each <= 2) {
      const samples = this.#read(first, end);
      for (let i = first; i < end; i++) {
        out.x.push(startS + i * periodS);
        for (const [c, line] of out.y.entries()) line.push(samples[(i - first) * channels + c]!);
      }
      return out;
    }
    // Buckets are aligned to the signal, not to the view, so that a picture that moves doesn't flicker.
    const size = 2 ** Math.ceil(Math.log2(each));
    for (let at = Math.floor(first / size) * size; at < end; at += size) {
      const stop = Math.min(at + size, this.#produced);
      const found = this.#extremes(at, stop);
      const t = startS + at * periodS;
      out.x.push(t, t + (size * periodS) / 2);
      for (const [c, line] of out.y.entries()) line.push(found[c * 2]!, found[c * 2 + 1]!);
    }
    return out;
  }

  #read(first: number, end: number): Int16Array {
    const samples = new Int16Array((end - first) * this.#source.channels);
    if (samples.length > 0) this.#source.read(first, samples);
    return samples;
  }

  /** Extremes of a range that starts at a multiple of its size, a power of two. */
  #extremes(first: number, end: number): Int16Array {
    const { channels } = this.#source;
    const width = channels * 2;
    if (end - first < BLOCK) return extremes(this.#read(first, end), channels);
    if (end > this.#indexed) {
      const split = Math.max(first, Math.floor(Math.min(end, this.#indexed) / BLOCK) * BLOCK);
      const tail = extremes(this.#read(split, end), channels);
      if (split === first) return tail;
      const head = this.#extremes(first, split);
      return merged(Int16Array.of(...head, ...(end > split ? tail : head)), channels);
    }
    const supers = BLOCK * SUPER;
    if ((end - first) % supers === 0)
      return merged(this.#supers.view.subarray((first / supers) * width, (end / supers) * width), channels);
    return merged(this.#blocks.view.subarray((first / BLOCK) * width, Math.ceil(end / BLOCK) * width), channels);
  }
}

function extremes(samples: Int16Array, channels: number): Int16Array {
  const out = new Int16Array(channels * 2);
  for (let c = 0; c < channels; c++) {
    let low = samples[c] ?? 0;
    let high = low;
    for (let i = c; i < samples.length; i += channels) {
      const value = samples[i]!;
      if (value < low) low = value;
      else if (value > high) high = value;
    }
    out[c * 2] = low;
    out[c * 2 + 1] = high;
  }
  return out;
}

/** Extremes of extremes. */
function merged(blocks: Int16Array, channels: number): Int16Array {
  const width = channels * 2;
  const out = blocks.slice(0, width);
  for (let at = width; at < blocks.length; at += width) {
    for (let i = 0; i < width; i += 2) {
      if (blocks[at + i]! < out[i]!) out[i] = blocks[at + i]!;
      if (blocks[at + i + 1]! > out[i + 1]!) out[i + 1] = blocks[at + i + 1]!;
    }
  }
  return out;
}

/** Values kept of one series. With more, it keeps the extremes of each four. */
const MAX_VALUES = 1 << 20;

/** Values at any times, in the order of time. */
export class Series {
  readonly #t = new Growing(float64);
  readonly #v = new Growing(float64);

  add(t: number, value: number): void {
    this.#t.push(t);
    this.#v.push(value);
    if (this.#v.length >= MAX_VALUES) this.#thin();
  }

  range(from: number, to: number, points: number): Reduced {
    const t = this.#t.view;
    const v = this.#v.view;
    // One value beyond each edge, so that lines leave the picture.
    const first = Math.max(lowerBound(t, from) - 1, 0);
    const end = Math.min(lowerBound(t, to) + 1, t.length);
    if (end - first <= 2 * points)
      return { pairs: false, x: [...t.subarray(first, end)], y: [[...v.subarray(first, end)]] };
    const x: number[] = [];
    const y: number[] = [];
    const each = (end - first) / points;
    for (let i = 0; i < points; i++) {
      const at = first + Math.floor(i * each);
      const stop = Math.min(first + Math.floor((i + 1) * each), end);
      for (const index of extremeIndexes(v, at, stop)) {
        x.push(t[index]!);
        y.push(v[index]!);
      }
    }
    return { pairs: false, x, y: [y] };
  }

  #thin(): void {
    const t = this.#t.view;
    const v = this.#v.view;
    let to = 0;
    for (let at = 0; at < v.length; at += 4) {
      const kept = extremeIndexes(v, at, Math.min(at + 4, v.length)).map((index) => [t[index]!, v[index]!] as const);
      for (const [time, value] of kept) {
        t[to] = time;
        v[to++] = value;
      }
    }
    this.#t.truncate(to);
    this.#v.truncate(to);
  }
}

/** Indexes of the least and the greatest value, in the order of time. */
function extremeIndexes(values: Float64Array, first: number, end: number): number[] {
  let low = first;
  let high = first;
  for (let i = first; i < end; i++) {
    if (values[i]! < values[low]!) low = i;
    if (values[i]! > values[high]!) high = i;
  }
  return low < high ? [low, high] : [high, low];
}

/** Index of the first item that isn't below `value`. */
export function lowerBound(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
