/** The numbers of series. A number is never given twice; a series is stored with the first points that have it. */
import { MoteError } from '../../base/index.ts';
import type { SeriesKey } from '../model/index.ts';
import type { Series } from './telemetry.ts';

export interface SeriesLimits {
  /** Of one device; default 10,000. */
  readonly maxSeriesPerDevice?: number;
  /** Of the site; default 1,000,000. */
  readonly maxSeries?: number;
}

export class SeriesIds {
  readonly #byDevice = new Map<string, Map<string, Series>>();
  readonly #unstored = new Set<Series>();
  readonly #maxPerDevice: number;
  readonly #max: number;
  #last = 0;
  #count = 0;

  constructor(stored: readonly Series[], { maxSeriesPerDevice = 10_000, maxSeries = 1_000_000 }: SeriesLimits = {}) {
    this.#maxPerDevice = maxSeriesPerDevice;
    this.#max = maxSeries;
    for (const series of stored) {
      this.#last = Math.max(this.#last, series.id);
      this.#device(series.device).set(keyOf(series), series);
      this.#count++;
    }
  }

  get size(): number {
    return this.#count;
  }

  /** The series, new or known. Throws `STORE_SERIES` beyond a limit. */
  of(key: SeriesKey): Series {
    const text = keyOf(key);
    const known = this.#byDevice.get(key.device)?.get(text);
    if (known !== undefined) return known;
    if (this.#count >= this.#max)
      throw new MoteError('STORE_SERIES', `The site has ${this.#count} series, its limit; new ones are only kept raw.`);
    const device = this.#device(key.device);
    if (device.size >= this.#maxPerDevice) {
      const what = `A device has ${device.size} series, its limit; new ones are only kept raw`;
      throw new MoteError('STORE_SERIES', `${what}. Does its sender put values into names?`);
    }
    const { device: name, name: metric, unit, exponent } = key;
    const series = { id: ++this.#last, device: name, name: metric, unit, exponent };
    device.set(text, series);
    this.#count++;
    this.#unstored.add(series);
    return series;
  }

  #device(name: string): Map<string, Series> {
    let device = this.#byDevice.get(name);
    if (device === undefined) {
      device = new Map();
      this.#byDevice.set(name, device);
    }
    return device;
  }

  isStored(series: Series): boolean {
    return !this.#unstored.has(series);
  }
  markStored(series: readonly Series[]): void {
    for (const one of series) this.#unstored.delete(one);
  }
}

const keyOf = ({ name, unit, exponent }: SeriesKey): string => `${exponent}:${unit.length}:${unit}${name}`;
