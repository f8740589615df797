/**
 * The last second of speech features as models expect it: 49 frames of 40 int8. Once it is full, a window is due every
 * fourth frame. Samples are added as in the front end; all state is static, so a module has one window.
 */
import { fits, part, place, Samples16, Values8 } from '../memory';
import * as frontend from './audio_frontend';

/** int8 values of one frame. */
export const CHANNELS: i32 = frontend.CHANNELS;
/** Frames of a window, and new frames in each window. */
export const FRAMES: i32 = 49;
export const HOP: i32 = 4;
/** Microseconds between two frames, and between two windows. */
export const FRAME_US: i32 = 20_000;
export const WINDOW_US: i32 = HOP * FRAME_US;

const history = memory.data(FRAMES * CHANNELS);
const newest = part<i8>();
let frames: i32 = 0;

/** Number of samples that the next frame still needs. */
export function needed(): i32 {
  return frontend.needed();
}

/** Buffer for exactly those samples, at 16 kHz. It is valid until `next`. */
export function room(): Samples16 {
  return frontend.room();
}

/**
 * Computes a frame after its samples were written, and returns its address: int8[40], valid until `take`. Not while
 * `ready`.
 */
export function next(): usize {
  // A frame too many would be written behind the window.
  fits(frames + 1, FRAMES);
  const frame = history + frames * CHANNELS;
  frontend.next(place(newest, frame, CHANNELS));
  frames++;
  return frame;
}

/** True if a window is due. */
export function ready(): bool {
  return frames == FRAMES;
}

/** Copies the window, oldest frame first: 49 frames of 40 values. Traps if `to` is smaller. */
export function take(to: Values8): void {
  fits(FRAMES * CHANNELS, to.length);
  memory.copy(to.data, history, FRAMES * CHANNELS);
  memory.copy(history, history + HOP * CHANNELS, (FRAMES - HOP) * CHANNELS);
  frames -= HOP;
}

/** Drops all frames after samples were lost, because windows must not span a gap. */
export function skip(): void {
  frontend.skip();
  frames = 0;
}
