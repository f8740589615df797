// A faulty app for demonstrations: it reads the microphone like a healthy one, and after a second never returns from a
// step. Pushed to a node, it shows that fuel stops it and that the node rolls back to the previous module.
import { samples16, Sensor } from '../../mote';
import * as config from './generated/config';

const samples = samples16(320);

let mic!: Sensor;
let heard: i64 = 0;

export function init(): void {
  mic = Sensor.open('microphone');
}

export function step(now: i64): i64 {
  while (mic.available >= 320) heard += mic.read(samples);
  if (heard > (<i64>config.hangAfterMs()) * 16) hang();
  return now + 20_000;
}

/** Never reports that it is healthy. */
export function health(): i32 {
  return 0;
}

function hang(): void {
  while (true) heard++;
}
