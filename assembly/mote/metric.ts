import { metric as declare, publish } from './abi';
import { log } from './log';
import { NAME, UNIT, writeName, writeUnit } from './names';
import { refuse } from './status';

/** Quality of values: good, or not to be trusted. */
export const GOOD: i32 = 0;
export const UNCERTAIN: i32 = 1;

const one = memory.data(4, 4);

/** A telemetry metric, by its id: the object costs no memory. */
@unmanaged
@final
export class Metric {
  /** Sends one value: `value` x 10^exponent in the metric's unit, measured at `t` microseconds on the clock of `step`. */
  put(t: i64, value: i32, quality: i32 = GOOD): i32 {
    store<i32>(one, value);
    return this.series(t, 0, one, 1, quality);
  }

  /** Sends `count` (1 .. 1024) int32 values: the first measured at `t0` microseconds, the next every `dt`. OK or a negative error. */
  series(t0: i64, dt: i32, values: usize, count: i32, quality: i32 = GOOD): i32 {
    return publish(<i32>changetype<usize>(this) - 1, t0, dt, values, count, quality);
  }
}

/** Declares a metric whose values are integers x 10^exponent in `unit` (UCUM, such as `Cel`, `m/s2`, `%`). Only in `init`. */
export function metric(name: string, unit: string, exponent: i32 = 0): Metric {
  const id = declare(NAME, writeName(name), UNIT, writeUnit(unit), exponent);
  if (id < 0) {
    log.error(name);
    log.error("metric can't be declared, error", id);
    refuse(id);
  }
  return changetype<Metric>(id + 1);
}
