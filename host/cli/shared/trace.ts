/** Summarises one metric over a run of any length in bounded memory: count, extremes, and peaks for a picture. */

/** When there are more peaks, neighbours merge. */
const MAX_PEAKS = 512;

export class Trace {
  readonly name: string;
  readonly unit: string;
  readonly exponent: number;
  count = 0;
  least = Number.POSITIVE_INFINITY;
  most = Number.NEGATIVE_INFINITY;
  /** Largest of each `#stride` values, oldest first. */
  peaks: number[] = [];
  #stride = 1;

  constructor({ name, unit, exponent }: { name: string; unit: string; exponent: number }) {
    this.name = name;
    this.unit = unit;
    this.exponent = exponent;
  }

  add(value: number): void {
    if (this.count % this.#stride === 0) this.peaks.push(value);
    else this.peaks.push(Math.max(this.peaks.pop()!, value));
    this.count++;
    this.least = Math.min(this.least, value);
    this.most = Math.max(this.most, value);
    if (this.peaks.length < MAX_PEAKS || this.count % this.#stride !== 0) return;
    const { peaks } = this;
    this.peaks = Array.from({ length: MAX_PEAKS / 2 }, (_, i) => Math.max(peaks[2 * i]!, peaks[2 * i + 1]!));
    this.#stride *= 2;
  }
}
