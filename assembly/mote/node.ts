/** Time, settings, random numbers, rom and taps of the node. */
import { config as getConfig, random as bits, rom_read, rom_size, tap as showTap, time_now, time_utc } from '../abi/module';
import { NAME, writeName } from './names';

/** The node's clocks. */
export namespace time {
  /** Microseconds since the node started; never decreases. */
  export function now(): i64 {
    return time_now();
  }

  /** UTC in milliseconds since 1970, or -1 while it is unknown. */
  export function utc(): i64 {
    return time_utc();
  }
}

/** The module's read-only data, which stays in flash. */
export namespace rom {
  export function size(): i32 {
    return rom_size();
  }

  /** Copies `length` bytes from `offset` to `dst`. Returns OK, or INVALID outside the rom. */
  export function read(offset: i32, dst: usize, length: i32): i32 {
    return rom_read(offset, dst, length);
  }
}

/**
 * Returns an integer setting of this node, or `otherwise` if it isn't set. `generated/config` has a function for each
 * setting of mote.json.
 */
export function config(name: string, otherwise: i32): i32 {
  return getConfig(NAME, writeName(name), otherwise);
}

/** Returns 32 random bits. */
export function random(): u32 {
  return <u32>bits();
}

/**
 * Passes `length` bytes at `data` under a name to a listener: tests, recordings, plots. Costs almost nothing without
 * one.
 */
export function tap(name: string, data: usize, length: i32): void {
  showTap(NAME, writeName(name), data, length);
}
