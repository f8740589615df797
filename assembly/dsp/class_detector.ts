/**
 * Detections from the scores of a classifier: the mean over the last three windows must reach a threshold. A class that
 * stays detected counts once, until it was below the threshold for half a second. All state is static, so a module has
 * one detector.
 */

import { fits, Values8 } from '../memory';

const MAX_CLASSES: i32 = 16;
const SMOOTHED: i32 = 3;
const QUIET_US: i64 = 500_000;

const recent = memory.data(SMOOTHED * MAX_CLASSES);
let classes: i32 = 0;
let windows: i32 = 0;
let lastClass: i32 = -1;
let lastHeard: i64 = 0;

/** Adds the scores (softmax: -128 .. 127) of all classes. Traps for more than 16. */
export function add(scores: Values8): void {
  fits(scores.length, MAX_CLASSES);
  classes = scores.length;
  const row = recent + (windows % SMOOTHED) * MAX_CLASSES;
  const from = scores.data;
  for (let i = 0; i < classes; i++) store<u8>(row + i, load<u8>(from + i) ^ 0x80);
  windows++;
}

/** Number of windows so far. */
export function count(): i32 {
  return windows;
}

/** Mean score of a class over the last three windows, 0 .. 255. */
export function score(index: i32): i32 {
  const at = recent + index;
  return (<i32>load<u8>(at) + <i32>load<u8>(at, MAX_CLASSES) + <i32>load<u8>(at, 2 * MAX_CLASSES)) / SMOOTHED;
}

/** Returns the class from `first` on whose detection begins in the window at time `t` (microseconds), or -1. */
export function heard(t: i64, threshold: i32, first: i32 = 0): i32 {
  let best = first;
  for (let i = first + 1; i < classes; i++) if (score(i) > score(best)) best = i;
  if (best >= classes || score(best) < threshold) return -1;
  const again = best == lastClass && t - lastHeard <= QUIET_US;
  lastClass = best;
  lastHeard = t;
  return again ? -1 : best;
}
