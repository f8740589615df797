/**
 * The last second of speech features as models take it: 49 frames of 40 int8, with a window due every fourth frame once it is full.
 * Samples go in as with the front end below it; all state is static, one a module.
 */
import * as frontend from './audio_frontend';

/** int8 values of one frame. */
export const CHANNELS: i32 = frontend.CHANNELS;
/** Frames of a window, and how many of them are new each time. */
export const FRAMES: i32 = 49;
export const HOP: i32 = 4;
/** Microseconds between two frames, and between two windows. */
export const FRAME_US: i32 = 20_000;
export const WINDOW_US: i32 = HOP * FRAME_US;

const history = memory.data(FRAMES * CHANNELS);
let frames: i32 = 0;

/** Samples that the next frame waits for. */
export function needed(): i32 {
  return frontend.needed();
}

/** Where those samples go, as int16 at 16 kHz. */
export function room(): usize {
  return frontend.room();
}

/** Makes the frame once its samples are there, and returns where it is: int8[40], until the next `take`. Not while `ready`. */
export function next(): usize {
  const frame = history + frames * CHANNELS;
  frontend.next(frame);
  frames++;
  return frame;
}

/** A window is due. */
export function ready(): bool {
  return frames == FRAMES;
}

/** Copies the window, oldest frame first, to `dst`: int8[49][40]. */
export function take(dst: usize): void {
  memory.copy(dst, history, FRAMES * CHANNELS);
  memory.copy(history, history + HOP * CHANNELS, (FRAMES - HOP) * CHANNELS);
  frames -= HOP;
}

/** Samples are missing: what was heard before doesn't go with what comes. */
export function skip(): void {
  frontend.skip();
  frames = 0;
}
