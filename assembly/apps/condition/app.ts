// Monitors the condition of a machine by its vibration: wakes up every `interval` seconds, takes one window of the
// accelerometer, computes level, kurtosis and the levels of four bands, and compares them with what is usual for this
// machine. An alarm is an event with the features, followed by the raw window.
import { event, kv, log, Metric, metric, samples16, Sensor } from '../../mote';
import * as baseline from './baseline';
import * as features from './features';
import * as config from './generated/config';

const WAIT_US: i64 = 20_000;
/** Samples in one event; its body has up to 1024 bytes. */
const PART: i32 = 384;
const ALARM = 'alarm';

const samples = samples16(features.WINDOW);

let sensor!: Sensor;
let level!: Metric;
let kurtosis!: Metric;
let low!: Metric;
let middle!: Metric;
let high!: Metric;
let top!: Metric;
let score!: Metric;
let due: i64 = 0;
let windows = 0;
let alarmed = false;
/** Windows in a row that ask for another state. */
let votes = 0;

export function init(): void {
  sensor = Sensor.open('accelerometer');
  level = metric('vibration.rms', 'm[g]', -1);
  kurtosis = metric('vibration.kurtosis', '1', -2);
  low = metric('vibration.band1', 'm[g]', -1);
  middle = metric('vibration.band2', 'm[g]', -1);
  high = metric('vibration.band3', 'm[g]', -1);
  top = metric('vibration.band4', 'm[g]', -1);
  score = metric('condition.score', '1', -1);
  features.prepare(sensor.rateMilliHz);
  alarmed = kv.getInt(ALARM, 0) == 1;
  if (!baseline.restore()) log.info('learns what is usual, windows:', config.learn());
}

export function step(now: i64): i64 {
  if (now < due) return due;
  if (sensor.available < features.WINDOW) return now + WAIT_US;
  const t = sensor.time;
  sensor.read(samples, features.WINDOW);
  judge(t);
  due = now + intervalUs();
  return due;
}

export function health(): i32 {
  return windows > 0 ? 1 : 0;
}

/** Seconds from 1 to 2000, because the interval of a series has 31 bits of microseconds. */
function intervalUs(): i32 {
  return min(max(config.interval(), 1), 2000) * 1_000_000;
}

function judge(t: i64): void {
  windows++;
  features.extract(samples);
  const dt = intervalUs();
  level.add(t, dt, features.rms());
  // A machine that stands has no condition, and a sensor that measures nothing looks like one.
  if (features.rms() < config.running() * 10) return;
  kurtosis.add(t, dt, features.kurtosis());
  low.add(t, dt, features.band(0));
  middle.add(t, dt, features.band(1));
  high.add(t, dt, features.band(2));
  top.add(t, dt, features.band(3));
  if (!baseline.known()) {
    baseline.learn(max(config.learn(), 2));
    return;
  }
  const value = baseline.score();
  score.add(t, dt, value);
  vote(t, value);
}

/** The state changes after `confirm` windows in a row: above `alarm`, and below `clear` again. */
function vote(t: i64, value: i32): void {
  const other = alarmed ? value < config.clear() : value >= config.alarm();
  votes = other ? votes + 1 : 0;
  if (votes < config.confirm()) return;
  votes = 0;
  alarmed = !alarmed;
  // A node that loses its power must still report the end of the alarm.
  kv.setInt(ALARM, alarmed ? 1 : 0);
  event('condition')
    .bool('alarm', alarmed)
    .int('score', value)
    .int('feature', baseline.worst())
    .int('rms', features.rms())
    .int('kurtosis', features.kurtosis())
    .send();
  if (alarmed) sendWindow(t);
}

/** Sends the raw window in parts: int16, little-endian, mg. */
function sendWindow(t: i64): void {
  for (let first = 0; first < features.WINDOW; first += PART) {
    const count = min(PART, features.WINDOW - first);
    event('condition.window')
      .int('t0', t)
      .int('rate', sensor.rateMilliHz)
      .int('first', first)
      .int('of', features.WINDOW)
      .bytes('samples', samples.data + (<usize>first << 1), count << 1)
      .send();
  }
}
