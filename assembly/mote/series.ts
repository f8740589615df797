import { GOOD, Metric, metric } from './metric';

/**
 * A metric that is measured at a steady pace and sent many values at a time, which costs a few bytes each instead of a frame each.
 * It lives in static data with room for its values:
 *
 * ```
 * const load = changetype<Series>(memory.data(SERIES_BYTES + 20 * 4, 8));
 * load.define('load', '%', 0, 100_000, 20);   // in init: every 100 ms, 20 in a frame
 * load.push(t, value);
 * ```
 */
@unmanaged
@final
export class Series {
  private first: i64;
  private metric: Metric;
  private stepUs: i32;
  private capacity: i32;
  private count: i32;

  /** Declares the metric (see `metric`), its pace in microseconds and how many values make a frame (1 .. 1024). Only in `init`. */
  define(name: string, unit: string, exponent: i32, stepUs: i32, capacity: i32): void {
    this.metric = metric(name, unit, exponent);
    this.stepUs = stepUs;
    this.capacity = capacity;
    this.count = 0;
  }

  /** Adds the value measured at `t` microseconds. Where `t` isn't on the pace, what was collected before is sent by itself. */
  push(t: i64, value: i32): void {
    const early = t - this.first - <i64>this.count * this.stepUs;
    if (this.count > 0 && (early > this.stepUs >> 1 || -early > this.stepUs >> 1)) this.flush();
    if (this.count == 0) this.first = t;
    store<i32>(this.values + (this.count << 2), value);
    this.count++;
    if (this.count == this.capacity) this.flush();
  }

  /** Sends what was collected so far. */
  flush(): void {
    if (this.count == 0) return;
    this.metric.series(this.first, this.stepUs, this.values, this.count, GOOD);
    this.count = 0;
  }

  private get values(): usize {
    return changetype<usize>(this) + offsetof<Series>();
  }
}

/** Static bytes of a `Series` besides 4 for each value. */
export const SERIES_BYTES: i32 = offsetof<Series>();
