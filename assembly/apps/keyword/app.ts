// Hears "yes" and "no": microphone -> features every 20 ms -> micro_speech on the last second every 80 ms -> events.
import * as frontend from '../../dsp/audio_frontend';
import { event, log, Metric, metric, Sensor, tap, time } from '../../mote';
import * as config from './generated/config';
import * as model from './generated/micro_speech';

const FRAME = frontend.CHANNELS;
/** Frames that the model sees, and how many are new each time. */
const FRAMES = 49;
const HOP = 4;
const STEP_US: i64 = 20_000;
/** The same word counts again after this much time without it. */
const QUIET_US: i64 = 500_000;
/** Windows in one telemetry frame, and windows that show that the node works. */
const BATCH = 10;
/** Place of a word in the model's output: silence, unknown, yes, no. */
const YES = 2;
const NO = 3;

const history = memory.data(FRAMES * FRAME);
const recent = memory.data(3 * 4, 4);
const yesTrace = memory.data(BATCH * 4, 4);
const noTrace = memory.data(BATCH * 4, 4);

let mic!: Sensor;
let yesScore!: Metric;
let noScore!: Metric;
let frames = 0;
let windows = 0;
let lost = 0;
let lastWord = 0;
let lastHeard: i64 = 0;
let lastWindow: i64 = 0;

export function init(): void {
  mic = Sensor.open('microphone');
  yesScore = metric('score.yes', '1');
  noScore = metric('score.no', '1');
}

export function step(now: i64): i64 {
  if (mic.lost != lost) restart();
  while (mic.available >= frontend.needed()) {
    const t = mic.time;
    mic.read(frontend.room(), frontend.needed());
    const frame = history + frames * FRAME;
    frontend.next(frame);
    tap('features', frame, FRAME);
    if (++frames == FRAMES) hear(t);
  }
  return now + STEP_US;
}

/** 1 once ten windows were heard, failing when none came for three seconds. */
export function health(): i32 {
  if (windows < BATCH) return 0;
  return time.now() - lastWindow < 3_000_000 ? 1 : -1;
}

/** Samples are missing: what was heard before doesn't go with what comes. */
function restart(): void {
  lost = mic.lost;
  log.warn('samples lost so far:', lost);
  frontend.skip();
  frames = 0;
}

/** Runs the model on the last 49 frames, the newest of which began at `t`. */
function hear(t: i64): void {
  memory.copy(model.input(), history, FRAMES * FRAME);
  memory.copy(history, history + HOP * FRAME, (FRAMES - HOP) * FRAME);
  frames -= HOP;
  model.invoke();
  tap('scores', model.output(), 4);
  // int8 to 0 .. 255, four at once.
  store<u32>(recent + (windows % 3) * 4, load<u32>(model.output()) ^ 0x80808080);
  publish(t);
  windows++;
  lastWindow = t;
  const yes = mean(YES);
  const no = mean(NO);
  if (max(yes, no) < config.threshold()) return;
  const word = yes > no ? YES : NO;
  if (word != lastWord || t - lastHeard > QUIET_US) {
    event('keyword')
      .text('word', word == YES ? 'yes' : 'no')
      .int('score', max(yes, no))
      .send();
  }
  lastWord = word;
  lastHeard = t;
}

/** Mean score of a word over the last three windows. */
function mean(word: i32): i32 {
  return (<i32>load<u8>(recent + word) + <i32>load<u8>(recent + 4 + word) + <i32>load<u8>(recent + 8 + word)) / 3;
}

/** Keeps the window's scores and sends every ten of them together. */
function publish(t: i64): void {
  const scores = recent + (windows % 3) * 4;
  const at = windows % BATCH;
  store<i32>(yesTrace + at * 4, load<u8>(scores + YES));
  store<i32>(noTrace + at * 4, load<u8>(scores + NO));
  if (at < BATCH - 1) return;
  const dt = HOP * STEP_US;
  yesScore.series(t - (BATCH - 1) * dt, <i32>dt, yesTrace, BATCH);
  noScore.series(t - (BATCH - 1) * dt, <i32>dt, noTrace, BATCH);
}
