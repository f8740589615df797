// Hears "yes" and "no": microphone -> features every 20 ms -> micro_speech on the last second every 80 ms -> events.
import * as frontend from '../../dsp/audio_frontend';
import { event, log, Sensor, Series, SERIES_BYTES, tap, time } from '../../mote';
import * as config from './generated/config';
import * as model from './generated/micro_speech';

const FRAME = frontend.CHANNELS;
/** Frames that the model sees, and how many of them are new each time. */
const FRAMES = 49;
const HOP = 4;
const STEP_US: i64 = 20_000;
/** Windows in a frame of telemetry, and as many show that the node works. */
const BATCH = 10;
/** The same word counts again after this much time without it. */
const QUIET_US: i64 = 500_000;
/** Places of the words in the model's output: silence, unknown, yes, no. */
const YES = 2;
const NO = 3;

const history = memory.data(FRAMES * FRAME);
const recent = memory.data(3 * 4, 4);
const yesScores = changetype<Series>(memory.data(SERIES_BYTES + BATCH * 4, 8));
const noScores = changetype<Series>(memory.data(SERIES_BYTES + BATCH * 4, 8));

let mic!: Sensor;
let lost = 0;
let frames = 0;
let windows = 0;
let lastWindow: i64 = 0;
let lastWord = 0;
let lastHeard: i64 = 0;

export function init(): void {
  mic = Sensor.open('microphone');
  yesScores.define('score.yes', '1', 0, HOP * <i32>STEP_US, BATCH);
  noScores.define('score.no', '1', 0, HOP * <i32>STEP_US, BATCH);
}

export function step(now: i64): i64 {
  if (mic.lost != lost) restart();
  while (mic.available >= frontend.needed()) {
    const t = mic.time;
    mic.read(frontend.room(), frontend.needed());
    const frame = history + frames * FRAME;
    frontend.next(frame);
    tap('features', frame, FRAME);
    if (++frames == FRAMES) listen(t);
  }
  return now + STEP_US;
}

/** 1 once ten windows were heard, failing when none came for three seconds. */
export function health(): i32 {
  if (windows < BATCH) return 0;
  return time.now() - lastWindow < 3_000_000 ? 1 : -1;
}

/** Samples are missing: what came before doesn't go with what follows. */
function restart(): void {
  lost = mic.lost;
  log.warn('samples lost so far:', lost);
  frontend.skip();
  frames = 0;
}

/** Runs the model on the last 49 frames, the newest of which ends with the samples from `t` on. */
function listen(t: i64): void {
  memory.copy(model.input(), history, FRAMES * FRAME);
  memory.copy(history, history + HOP * FRAME, (FRAMES - HOP) * FRAME);
  frames -= HOP;
  model.invoke();
  tap('scores', model.output(), 4);
  // From int8 to 0 .. 255, all four at once.
  const scores = recent + (windows++ % 3) * 4;
  store<u32>(scores, load<u32>(model.output()) ^ 0x80808080);
  yesScores.push(t, load<u8>(scores + YES));
  noScores.push(t, load<u8>(scores + NO));
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

/** A word's mean score over the last three windows. */
function mean(word: i32): i32 {
  return (<i32>load<u8>(recent + word) + <i32>load<u8>(recent + 4 + word) + <i32>load<u8>(recent + 8 + word)) / 3;
}
