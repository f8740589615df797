/**
 * From a classifier's scores to detections: the mean over the last three windows must reach a threshold, and a class that goes on
 * counts once, until it was away for half a second. All state is static, one a module.
 */

const MOST_CLASSES: i32 = 16;
const SMOOTHED: i32 = 3;
const QUIET_US: i64 = 500_000;

const recent = memory.data(SMOOTHED * MOST_CLASSES);
let classes: i32 = 0;
let windows: i32 = 0;
let lastClass: i32 = -1;
let lastHeard: i64 = 0;

/** Takes the int8 scores (softmax: -128 .. 127) of up to 16 classes. */
export function add(scores: usize, count: i32): void {
  classes = min(count, MOST_CLASSES);
  const row = recent + (windows % SMOOTHED) * MOST_CLASSES;
  for (let i = 0; i < classes; i++) store<u8>(row + i, load<u8>(scores + i) ^ 0x80);
  windows++;
}

/** Windows so far. */
export function count(): i32 {
  return windows;
}

/** Mean score of a class over the last three windows, 0 .. 255. */
export function score(index: i32): i32 {
  const at = recent + index;
  return (<i32>load<u8>(at) + <i32>load<u8>(at, MOST_CLASSES) + <i32>load<u8>(at, 2 * MOST_CLASSES)) / SMOOTHED;
}

/** The class from `first` on that begins to be heard in the window of time `t` (microseconds), or -1. */
export function heard(t: i64, threshold: i32, first: i32 = 0): i32 {
  let best = first;
  for (let i = first + 1; i < classes; i++) if (score(i) > score(best)) best = i;
  if (best >= classes || score(best) < threshold) return -1;
  const again = best == lastClass && t - lastHeard <= QUIET_US;
  lastClass = best;
  lastHeard = t;
  return again ? -1 : best;
}
