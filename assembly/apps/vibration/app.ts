// Monitors the vibration of a machine: accelerometer -> RMS without gravity, four times a second -> alarm with
// hysteresis.
import { squareRoot } from '../../dsp/square_root';
import { event, Metric, metric, samples16, Sensor } from '../../mote';
import * as config from './generated/config';

/** Samples of one RMS value; int16 in mg (1/1000 of standard gravity), one axis. */
const WINDOW = 256;
const STEP_US: i64 = 50_000;

const samples = samples16(WINDOW);

let sensor!: Sensor;
let level!: Metric;
let alarmed = false;
let windows = 0;

export function init(): void {
  sensor = Sensor.open('accelerometer');
  level = metric('vibration.rms', 'm[g]');
}

export function step(now: i64): i64 {
  while (sensor.available >= WINDOW) {
    const t = sensor.time;
    sensor.read(samples);
    judge(t, rms());
  }
  return now + STEP_US;
}

export function health(): i32 {
  return windows > 0 ? 1 : 0;
}

/** Root mean square around the window's mean, in mg; this removes gravity and slow tilt. */
function rms(): i32 {
  let sum: i32 = 0;
  let squares: i64 = 0;
  for (let i = 0; i < WINDOW; i++) {
    const x = samples[i];
    sum += x;
    squares += x * x;
  }
  return squareRoot((squares - (<i64>sum * sum) / WINDOW) / WINDOW);
}

/** Publishes a level. Sends one event when it rises to `alarm`, and one when it falls below `clear` again. */
function judge(t: i64, mg: i32): void {
  windows++;
  level.put(t, mg);
  if (alarmed ? mg >= config.clear() : mg < config.alarm()) return;
  alarmed = !alarmed;
  event('vibration').bool('alarm', alarmed).int('mg', mg).send();
}
