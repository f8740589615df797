// What is usual for a machine: mean and deviation of the logarithm of each feature over the first windows in which it
// ran. Kept in the node's store, so that a restart learns nothing again.
import { scaledLog } from '../../dsp/log';
import { squareRoot } from '../../dsp/square_root';
import { kv } from '../../mote';
import * as features from './features';

/** Level, kurtosis and the bands. */
const FEATURES: i32 = features.BANDS + 2;
/** A feature of 0 is 1 step, and one step of a logarithm is 1/256. */
const SCALE: u32 = 256;
/**
 * A deviation counts as at least this much, 13 % of the feature, so that a machine that ran evenly while it was learned
 * raises no alarm by a small change.
 */
const LEAST: i32 = 32;
/** Sum and sum of squares of each feature while it learns; then mean and deviation. */
const table = memory.data(FEATURES * 16, 8);
const KEY = 'baseline';

let count = 0;
let ready = false;
let peak = 0;

/** Reads a baseline of an earlier start. Returns false if there is none. */
export function restore(): bool {
  ready = kv.get(KEY, table, FEATURES * 16) == FEATURES * 16;
  return ready;
}

export function known(): bool {
  return ready;
}

function feature(i: i32): i32 {
  const value = i == 0 ? features.rms() : i == 1 ? features.kurtosis() : features.band(i - 2);
  return <i32>scaledLog(max(value, 1), SCALE);
}

/** Adds the current window; after `windows` of them the baseline is known. */
export function learn(windows: i32): void {
  for (let i = 0; i < FEATURES; i++) {
    const row = table + (<usize>i << 4);
    const x = <i64>feature(i);
    store<i64>(row, load<i64>(row) + x);
    store<i64>(row, load<i64>(row, 8) + x * x, 8);
  }
  if (++count < windows) return;
  for (let i = 0; i < FEATURES; i++) {
    const row = table + (<usize>i << 4);
    const sum = load<i64>(row);
    const variance = (load<i64>(row, 8) - (sum * sum) / count) / count;
    store<i64>(row, sum / count);
    store<i64>(row, <i64>max<i32>(squareRoot(<u64>max<i64>(variance, 0)), LEAST), 8);
  }
  kv.set(KEY, table, FEATURES * 16);
  ready = true;
}

/** How far the current window is above what is usual, in tenths of a deviation: the largest of all features. */
export function score(): i32 {
  let most = 0;
  for (let i = 0; i < FEATURES; i++) {
    const row = table + (<usize>i << 4);
    const above = ((feature(i) - <i32>load<i64>(row)) * 10) / <i32>load<i64>(row, 8);
    if (i > 0 && above <= most) continue;
    most = above;
    peak = i;
  }
  return max(most, 0);
}

/** The feature of the last score: 0 level, 1 kurtosis, 2 to 5 the bands. */
export function worst(): i32 {
  return peak;
}
