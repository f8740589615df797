/** Finds events in the values of a model's output: pictures in a row that begin one, and quiet that ends it. */
export interface DetectorOptions {
  /** A value from here on counts. */
  readonly threshold: number;
  /** Pictures in a row that begin an event. */
  readonly pictures: number;
  /** An event ends after this time without a picture that counts. */
  readonly afterMs: number;
  /** An event that lasts longer is ended, and the next one begins. */
  readonly maxMs: number;
}

/** Times are those of pictures, in milliseconds. */
export interface Detected {
  /** Of the first picture that counted. */
  readonly startMs: number;
  /** Of the last picture that counted. */
  readonly endMs: number;
  /** The highest value, and the time of its picture. */
  readonly value: number;
  readonly peakMs: number;
  readonly pictures: number;
}

export class Detector {
  readonly #options: DetectorOptions;
  /** The pictures in a row that count, before they are an event or since. */
  #run: Detected | null = null;
  #open = false;

  constructor(options: DetectorOptions) {
    this.#options = options;
  }

  /** The time from which on pictures are needed for an event that may begin or goes on; null if there is none. */
  get sinceMs(): number | null {
    return this.#run?.startMs ?? null;
  }

  /** Takes the value of a picture, which is later than the one before. Returns an event that has ended. */
  take(timeMs: number, value: number): Detected | null {
    const { threshold, pictures, afterMs, maxMs } = this.#options;
    const run = this.#run;
    const ended = run !== null && this.#open && (timeMs - run.endMs > afterMs || timeMs - run.startMs >= maxMs);
    if (ended) this.#reset();
    if (value >= threshold) {
      const before = this.#run ?? { startMs: timeMs, endMs: timeMs, value, peakMs: timeMs, pictures: 0 };
      const peak = value > before.value ? { value, peakMs: timeMs } : {};
      this.#run = { ...before, ...peak, endMs: timeMs, pictures: before.pictures + 1 };
      this.#open ||= this.#run.pictures >= pictures;
    } else if (!this.#open) this.#reset();
    return ended ? run : null;
  }

  /** The source ends or is lost. Returns the event that went on. */
  end(): Detected | null {
    const run = this.#open ? this.#run : null;
    this.#reset();
    return run;
  }

  #reset(): void {
    this.#run = null;
    this.#open = false;
  }
}
