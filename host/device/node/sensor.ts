/**
 * A sensor as a node has it: a ring of samples that fills by the clock, whether anybody reads or not, and an account of every
 * sample: produced = read + lost + waiting.
 */
import { MoteError } from '../../base/index.ts';

/** Where samples come from: a pure function of their index, so that a run can be repeated and skipped through. */
export interface SensorSource {
  readonly rateMilliHz: number;
  /** int16 values of one sample, interleaved. */
  readonly channels: number;
  /** Samples that there are, or null when it never ends. */
  readonly length: number | null;
  /** Writes samples `index`.. into `out`, which is a whole number of samples long. */
  read(index: number, out: Int16Array): void;
}

export interface SensorOptions {
  name: string;
  /** A source that the clock paces, or the shape of a live one, whose samples come by `push`. */
  source: SensorSource | LiveSource;
  /** Samples that the ring holds; default: one second, 64 at least. */
  ringSamples?: number;
}
export interface LiveSource {
  readonly rateMilliHz: number;
  readonly channels: number;
  readonly live: true;
}

export interface SensorCounts {
  produced: number;
  read: number;
  lost: number;
  waiting: number;
}

const BILLION = 1_000_000_000n;

export class Sensor {
  readonly name: string;
  readonly rateMilliHz: number;
  readonly channels: number;
  readonly #source: SensorSource | null;
  readonly #ring: Int16Array;
  readonly #capacity: number;
  #startUs: number | null = null;
  #produced = 0;
  #read = 0;
  #lost = 0;

  constructor({ name, source, ringSamples }: SensorOptions) {
    const { rateMilliHz, channels } = source;
    if (!inRange(rateMilliHz, 1, 1_000_000_000) || !inRange(channels, 1, 64)) {
      throw new MoteError(
        'NODE_SENSOR',
        `Sensor '${name}' has a rate of ${rateMilliHz} mHz and ${channels} channels; take 1 mHz to 1 MHz and 1 to 64 channels.`,
      );
    }
    this.name = name;
    this.rateMilliHz = rateMilliHz;
    this.channels = channels;
    this.#source = 'live' in source ? null : source;
    this.#capacity = ringSamples ?? Math.max(64, Math.ceil(rateMilliHz / 1000));
    if (!inRange(this.#capacity, 1, 1 << 24)) {
      throw new MoteError('NODE_SENSOR', `A ring of ${this.#capacity} samples is not possible; take 1 to ${1 << 24}.`);
    }
    this.#ring = new Int16Array(this.#capacity * channels);
  }

  /** Sampling starts at the first opening and never stops: the first sample comes one period later. */
  open(nowUs: number): void {
    this.#startUs ??= nowUs;
  }

  get opened(): boolean {
    return this.#startUs !== null;
  }

  /** When the last sample of a source that ends is there; null while closed, for a live or an endless one. */
  get endUs(): number | null {
    const length = this.#source?.length ?? null;
    return length === null || this.#startUs === null ? null : this.#timeOf(length - 1);
  }

  counts(nowUs: number): SensorCounts {
    this.#advance(nowUs);
    return { produced: this.#produced, read: this.#read, lost: this.#lost, waiting: this.#waiting };
  }

  available(nowUs: number): number {
    this.#advance(nowUs);
    return this.#waiting;
  }

  lost(nowUs: number): number {
    this.#advance(nowUs);
    return this.#lost;
  }

  /** Time of the oldest waiting sample, or of the next to come. */
  timeUs(nowUs: number): number {
    this.#advance(nowUs);
    return this.#timeOf(this.#read + this.#lost);
  }

  /** Takes up to `samples` of the oldest samples into `out` as little-endian bytes; returns how many. */
  take(nowUs: number, samples: number, out: DataView): number {
    this.#advance(nowUs);
    const count = Math.min(samples, this.#waiting);
    this.#copy(this.#read + this.#lost, count, out);
    this.#read += count;
    return count;
  }

  /** The last samples that the ring holds, read or not, at most `most`: the number and the time of the first, and their bytes. */
  history(nowUs: number, most: number): { first: number; tUs: number; samples: Uint8Array } {
    this.#advance(nowUs);
    const count = Math.min(most, this.#capacity, this.#produced);
    const first = this.#produced - count;
    const samples = new Uint8Array(count * this.channels * 2);
    this.#copy(first, count, new DataView(samples.buffer));
    return { first, tUs: this.#timeOf(first), samples };
  }

  #copy(first: number, count: number, out: DataView): void {
    let at = (first % this.#capacity) * this.channels;
    for (let i = 0; i < count * this.channels; i++) {
      out.setInt16(i * 2, this.#ring[at]!, true);
      if (++at === this.#ring.length) at = 0;
    }
  }

  /** Samples of a live sensor, interleaved; those before the first opening are nobody's. */
  push(samples: Int16Array): void {
    if (this.#source !== null || samples.length % this.channels !== 0) {
      throw new MoteError(
        'NODE_SENSOR',
        `Sensor '${this.name}' takes whole samples of ${this.channels} channels, and only when it is live.`,
      );
    }
    if (this.#startUs === null) return;
    const count = samples.length / this.channels;
    const kept = Math.min(count, this.#capacity);
    this.#store(samples.subarray((count - kept) * this.channels), count);
  }

  get #waiting(): number {
    return this.#produced - this.#read - this.#lost;
  }

  #timeOf(index: number): number {
    const rate = BigInt(this.rateMilliHz);
    return (this.#startUs ?? 0) + Number((BigInt(index + 1) * BILLION + rate - 1n) / rate);
  }

  /** Fetches what has become due. After a long time without a reader only what the ring can hold is fetched. */
  #advance(nowUs: number): void {
    if (this.#source === null || this.#startUs === null) return;
    const elapsed = BigInt(Math.max(nowUs - this.#startUs, 0));
    const due = Number((elapsed * BigInt(this.rateMilliHz)) / BILLION);
    const count = Math.min(due, this.#source.length ?? due) - this.#produced;
    if (count <= 0) return;
    const kept = Math.min(count, this.#capacity);
    const samples = new Int16Array(kept * this.channels);
    this.#source.read(this.#produced + count - kept, samples);
    this.#store(samples, count);
  }

  /** Puts the last of `count` new samples into the ring; the oldest make room and are lost. */
  #store(samples: Int16Array, count: number): void {
    const kept = samples.length / this.channels;
    let at = ((this.#produced + count - kept) % this.#capacity) * this.channels;
    for (const value of samples) {
      this.#ring[at] = value;
      if (++at === this.#ring.length) at = 0;
    }
    this.#produced += count;
    this.#lost += Math.max(this.#waiting - this.#capacity, 0);
  }
}

function inRange(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
