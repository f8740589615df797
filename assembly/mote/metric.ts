import { OK, metric as declare, publish } from '../abi/module';
import { fits, Values32 } from '../memory';
import { log } from './log';
import { NAME, UNIT, writeName, writeUnit } from './names';
import { refuse } from './status';

/** Quality of values: good, or uncertain. */
export const GOOD: i32 = 0;
export const UNCERTAIN: i32 = 1;

const one = memory.data(4, 4);

/**
 * `add` sends this many values together, for up to this many metrics; for later metrics it sends each value at once.
 */
const BATCH: i32 = 10;
const BATCHED: i32 = 8;
/** Layout of a metric's batch: time of the first value, number of values, the values. */
const COUNT: usize = 8;
const VALUES: usize = 12;
const ROW: i32 = 56;
const batches = memory.data(BATCHED * ROW, 8);

/** A telemetry metric, represented by its id: the object needs no memory. */
@unmanaged
@final
export class Metric {
  /**
   * Sends one value: `value` x 10^exponent in the metric's unit, measured at `t` microseconds on the clock of `step`.
   */
  put(t: i64, value: i32, quality: i32 = GOOD): i32 {
    store<i32>(one, value);
    return this.send(t, 0, one, 1, quality);
  }

  /**
   * Adds one value of a series with an interval of `dt` microseconds, and sends ten values together in one frame. A
   * value that isn't about `dt` after the last one begins a new frame.
   */
  add(t: i64, dt: i32, value: i32): i32 {
    const id = <i32>changetype<usize>(this) - 1;
    if (id >= BATCHED) return this.put(t, value);
    const row = batches + id * ROW;
    let count = load<i32>(row, COUNT);
    let result = OK;
    // The times may jitter; half an interval of deviation means that a value is missing.
    if (count > 0 && abs(t - load<i64>(row) - <i64>count * dt) > dt >> 1) {
      result = this.send(load<i64>(row), dt, row + VALUES, count);
      count = 0;
    }
    if (count == 0) store<i64>(row, t);
    store<i32>(row + (count << 2), value, VALUES);
    store<i32>(row, ++count, COUNT);
    if (count < BATCH) return result;
    store<i32>(row, 0, COUNT);
    return this.send(load<i64>(row), dt, row + VALUES, BATCH);
  }

  /**
   * Sends the first `count` (1 .. 1024) of `values`: the first measured at `t0` microseconds, then one every `dt`.
   * Returns OK or a negative error; traps if there are fewer values.
   */
  series(t0: i64, dt: i32, values: Values32, count: i32, quality: i32 = GOOD): i32 {
    fits(count, values.length);
    return this.send(t0, dt, values.data, count, quality);
  }

  private send(t0: i64, dt: i32, values: usize, count: i32, quality: i32 = GOOD): i32 {
    return publish(<i32>changetype<usize>(this) - 1, t0, dt, values, count, quality);
  }
}

/**
 * Declares a metric with integer values x 10^exponent in `unit` (UCUM, such as `Cel`, `m/s2`, `%`). Only in `init`: it
 * traps afterwards.
 */
export function metric(name: string, unit: string, exponent: i32 = 0): Metric {
  const id = declare(NAME, writeName(name), UNIT, writeUnit(unit), exponent);
  if (id < 0) {
    log.error(name);
    log.error("metric can't be declared (once each, in init), error", id);
    refuse(id);
  }
  return changetype<Metric>(id + 1);
}
