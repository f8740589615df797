// Detects "yes" and "no": microphone -> features every 20 ms -> micro_speech on the last second every 80 ms -> events.
import * as detector from '../../dsp/class_detector';
import * as speech from '../../dsp/speech_window';
import { event, log, Metric, metric, part, place, Sensor, tap, time } from '../../mote';
import * as config from './generated/config';
import * as model from './generated/micro_speech';

/** Indices in the model's output, after silence and unknown. */
const YES = 2;
const NO = 3;

const input = part<i8>();
const scores = part<i8>();
let mic!: Sensor;
let yes!: Metric;
let no!: Metric;
let lost = 0;
let latest: i64 = 0;

export function init(): void {
  mic = Sensor.open('microphone');
  yes = metric('score.yes', '1');
  no = metric('score.no', '1');
}

export function step(now: i64): i64 {
  if (mic.lost != lost) log.warn('samples lost so far:', mic.lost);
  if (mic.lost != lost) speech.skip();
  lost = mic.lost;
  while (mic.available >= speech.needed()) {
    const t = mic.time;
    mic.read(speech.room());
    tap('features', speech.next(), speech.CHANNELS);
    if (speech.ready()) hear(t);
  }
  return now + speech.FRAME_US;
}

/** Healthy after ten windows, failing when no samples have arrived for 3 s. */
export function health(): i32 {
  if (detector.count() < 10) return 0;
  return time.now() - latest < 3_000_000 ? 1 : -1;
}

function hear(t: i64): void {
  latest = t;
  speech.take(place(input, model.input(), model.INPUT_BYTES));
  model.invoke();
  tap('scores', model.output(), model.OUTPUT_BYTES);
  detector.add(place(scores, model.output(), model.OUTPUT_COUNT));
  yes.add(t, speech.WINDOW_US, detector.score(YES));
  no.add(t, speech.WINDOW_US, detector.score(NO));
  const word = detector.heard(t, config.threshold(), YES);
  if (word < 0) return;
  event('keyword').text('word', word == YES ? 'yes' : 'no').int('score', detector.score(word)).send();
}
