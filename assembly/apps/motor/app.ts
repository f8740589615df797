// Temperature and current of a motor: mean, least, largest and standard deviation of each interval. Statistics only,
// in integers.
import { Metric, metric, samples16, Sensor } from '../../mote';
import { Statistics } from './statistics';
import * as config from './generated/config';

/** Samples wait in a ring of 64 or more, so a sensor of 1 Hz is read twice before it is full. */
const STEP_US: i64 = 30_000_000;
const CHUNK = 64;

const samples = samples16(CHUNK);
const temperature = changetype<Statistics>(memory.data(32, 8));
const current = changetype<Statistics>(memory.data(32, 8));

let thermometer!: Sensor;
let ammeter!: Sensor;
let temperatureMean!: Metric;
let temperatureMin!: Metric;
let temperatureMax!: Metric;
let temperatureSd!: Metric;
let currentMean!: Metric;
let currentMin!: Metric;
let currentMax!: Metric;
let currentSd!: Metric;
/** Beginning of the interval; -1 before the first sample. */
let begin: i64 = -1;
let intervals = 0;

export function init(): void {
  thermometer = Sensor.open('temperature');
  ammeter = Sensor.open('current');
  temperatureMean = metric('temperature.mean', 'Cel', -2);
  temperatureMin = metric('temperature.min', 'Cel', -2);
  temperatureMax = metric('temperature.max', 'Cel', -2);
  temperatureSd = metric('temperature.sd', 'K', -2);
  currentMean = metric('current.mean', 'A', -2);
  currentMin = metric('current.min', 'A', -2);
  currentMax = metric('current.max', 'A', -2);
  currentSd = metric('current.sd', 'A', -2);
  temperature.clear();
  current.clear();
}

export function step(now: i64): i64 {
  if (begin < 0) begin = now;
  take(thermometer, temperature);
  take(ammeter, current);
  const dt = min(max(config.interval(), 60), 2000) * 1_000_000;
  if (now - begin >= dt) {
    report(begin, dt);
    begin = now;
  }
  return min(now + STEP_US, begin + dt);
}

export function health(): i32 {
  return intervals > 0 || temperature.count > 0 ? 1 : 0;
}

function take(from: Sensor, into: Statistics): void {
  for (let count = from.read(samples); count > 0; count = from.read(samples)) {
    for (let i = 0; i < count; i++) into.add(samples[i]);
  }
}

function report(t: i64, dt: i32): void {
  if (temperature.count > 0) {
    temperatureMean.add(t, dt, temperature.mean);
    temperatureMin.add(t, dt, temperature.least);
    temperatureMax.add(t, dt, temperature.most);
    temperatureSd.add(t, dt, temperature.deviation);
    temperature.clear();
  }
  if (current.count > 0) {
    currentMean.add(t, dt, current.mean);
    currentMin.add(t, dt, current.least);
    currentMax.add(t, dt, current.most);
    currentSd.add(t, dt, current.deviation);
    current.clear();
  }
  intervals++;
}
