// Goes wrong on purpose: reads the microphone like a node that works, and after a second never returns from a step. Pushed to a
// node, it shows that fuel stops it and that the node goes back to the module before.
import { Sensor } from '../../mote';
import * as config from './generated/config';

const samples = memory.data(640, 4);

let mic!: Sensor;
let heard: i64 = 0;

export function init(): void {
  mic = Sensor.open('microphone');
}

export function step(now: i64): i64 {
  while (mic.available >= 320) heard += mic.read(samples, 320);
  if (heard > (<i64>config.hangAfterMs()) * 16) hang();
  return now + 20_000;
}

/** Never says that it is healthy: it has not been asked long enough. */
export function health(): i32 {
  return 0;
}

function hang(): void {
  while (true) heard++;
}
