/**
 * A sensor of a node: a ring buffer of samples that fills with time, whether the module reads or not. Every sample is
 * counted: produced = read + lost + waiting.
 */
import { NodeConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';

/** The source of samples: a pure function of their index, so that a run can be repeated and samples can be skipped. */
export interface SensorSource {
  readonly rateMilliHz: number;
  /** int16 values of one sample, interleaved. */
  readonly channels: number;
  /** Number of samples, or null if it never ends. */
  readonly length: number | null;
  /** Writes the samples from `index` on into `out`, whose length is a whole number of samples. */
  read(index: number, out: Int16Array): void;
}

export interface SensorOptions {
  name: string;
  /** A source that follows the clock, or the shape of a live one, whose samples arrive by `push`. */
  source: SensorSource | LiveSource;
  /** Capacity of the ring in samples; default: one second, at least 64. */
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
    if (
      !inRange(rateMilliHz, 1, NodeConstant.maxRateMillihertz) ||
      !inRange(channels, 1, NodeConstant.sensorChannels)
    ) {
      throw new MoteError(
        'NODE_SENSOR',
        `Sensor '${name}' has a rate of ${rateMilliHz} mHz and ${channels} channels; use 1 mHz to 1 MHz and 1 to 64 channels.`,
      );
    }
    this.name = name;
    this.rateMilliHz = rateMilliHz;
    this.channels = channels;
    this.#source = 'live' in source ? null : source;
    this.#capacity = ringSamples ?? Math.max(NodeConstant.minRingSamples, Math.ceil(rateMilliHz / 1000));
    if (!inRange(this.#capacity, 1, 1 << 24)) {
      throw new MoteError('NODE_SENSOR', `A ring of ${this.#capacity} samples is not possible; use 1 to ${1 << 24}.`);
    }
    this.#ring = new Int16Array(this.#capacity * channels);
  }

  /** Starts sampling at the first call; the first sample is due one period later. Sampling never stops. */
  open(nowUs: number): void {
    this.#startUs ??= nowUs;
  }

  /** Samples that the ring holds. */
  get ringSamples(): number {
    return this.#capacity;
  }

  get opened(): boolean {
    return this.#startUs !== null;
  }

  /** Time of the first opening, one period before the first sample; null while closed. */
  get startUs(): number | null {
    return this.#startUs;
  }

  /** Time of the last sample of a source that ends; null while closed, and for a live or endless source. */
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

  /** Time of the oldest waiting sample, or of the next one to come. */
  timeUs(nowUs: number): number {
    this.#advance(nowUs);
    return this.#timeOf(this.#read + this.#lost);
  }

  /** Moves up to `samples` of the oldest samples into `out` as little-endian bytes; returns how many. */
  take(nowUs: number, samples: number, out: DataView): number {
    this.#advance(nowUs);
    const count = Math.min(samples, this.#waiting);
    this.#copy(this.#read + this.#lost, count, out);
    this.#read += count;
    return count;
  }

  /**
   * Returns the last samples in the ring, read or not, at most `max`: number and time of the first, and the bytes of
   * all.
   */
  history(nowUs: number, max: number): { first: number; tUs: number; samples: Uint8Array } {
    this.#advance(nowUs);
    const count = Math.min(max, this.#capacity, this.#produced);
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

  /** Adds samples of a live sensor, interleaved. Samples before the first opening are ignored. */
  push(samples: Int16Array): void {
    if (this.#source !== null || samples.length % this.channels !== 0) {
      throw new MoteError(
        'NODE_SENSOR',
        `Sensor '${this.name}' accepts whole samples of ${this.channels} channels, and only if it is live.`,
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

  /**
   * Fetches the samples that have become due. After a long time without a reader only as many as the ring holds are
   * fetched.
   */
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

  /** Puts the last of `count` new samples into the ring. The oldest samples are overwritten and counted as lost. */
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
