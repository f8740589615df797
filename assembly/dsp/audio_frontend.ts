/**
 * Speech features, byte for byte those of TensorFlow Lite Micro's audio_preprocessor_int8: every 20 ms the last 30 ms
 * of 16 kHz int16 samples become 40 int8 values. Stages: window, FFT, mel filter bank, noise subtraction, gain
 * normalization, logarithm.
 *
 * ```
 * while (mic.available >= frontend.needed()) {
 *   mic.read(frontend.room());
 *   frontend.next(features);
 * }
 * ```
 * All state is static, so a module has one front end.
 */
import { fits, part, place, Samples16, samples16, Values8, values32 } from '../memory';
import { applyWindow } from './window';
import { autoScale } from './auto_scale';
import { spectrumEnergy } from './energy';
import { prepare, realFft } from './fft';
import { filterBank } from './filter_bank';
import { logarithm } from './log';
import { GAINS, normalize } from './pcan';
import { subtractNoise } from './spectral_subtraction';
import { PCAN_GAIN, SPEECH_EDGES, SPEECH_WEIGHTS, SPEECH_WINDOW } from './tables';

/** Sample rate that it requires, in Hz. */
export const RATE: i32 = 16000;
/** int8 values of one frame. */
export const CHANNELS: i32 = 40;
/** Samples from one frame to the next. */
export const STEP: i32 = 320;
/** Samples in the window of one frame. */
export const WINDOW: i32 = 480;

const POINTS: i32 = 512;

const samples = samples16(WINDOW);
const rest = part<i16>();
const twiddles = samples16((POINTS * 3) / 2);
const block = samples16(POINTS);
const spectrum = samples16(POINTS + 2);
/** The tables as buffers. */
const half = place(part<i16>(), SPEECH_WINDOW, WINDOW / 2);
const edges = place(part<i16>(), SPEECH_EDGES, CHANNELS + 2);
const weights = place(part<i16>(), SPEECH_WEIGHTS, 2 * (<i32>load<u16>(SPEECH_EDGES, (CHANNELS + 1) * 2) - <i32>load<u16>(SPEECH_EDGES)));
const gains = place(part<i16>(), PCAN_GAIN, GAINS);
/** The block without the zeros behind the window. */
const windowed = place(part<i16>(), block.data, WINDOW);
/** The bins of the spectrum that the channels need. */
const bins = place(part<i32>(), spectrum.data + (<usize>load<u16>(SPEECH_EDGES) << 2), weights.length / 2);
/** The channels and their logarithms, which use the block when it isn't needed any more. */
const channels = place(part<i32>(), block.data, CHANNELS);
const logs = place(part<i16>(), block.data, CHANNELS);
const noise = values32(CHANNELS);
let held: i32 = 0;

/** Number of samples that the next frame still needs: 480 at first, then 320. */
export function needed(): i32 {
  return WINDOW - held;
}

/** Buffer for exactly those samples. It is valid until `next`. */
export function room(): Samples16 {
  return place(rest, samples.data + (held << 1), WINDOW - held);
}

/** Computes the frame after `needed()` samples were written to `room()`: 40 values. Traps if `to` is smaller. */
export function next(to: Values8): void {
  fits(CHANNELS, to.length);
  if (load<i16>(twiddles.data) == 0) prepare(twiddles, POINTS);
  applyWindow(samples, half, 12, block);
  memory.fill(block.data + WINDOW * 2, 0, (POINTS - WINDOW) * 2);
  held = WINDOW - STEP;
  memory.copy(samples.data, samples.data + STEP * 2, held << 1);

  const scale = autoScale(windowed);
  realFft(block, spectrum, twiddles, POINTS);
  spectrumEnergy(bins);
  filterBank(bins, edges, weights, scale, channels);
  subtractNoise(channels, noise, 10, 409, 983, 819);
  normalize(channels, noise, gains, 6);
  logarithm(channels, 64, 3, logs);
  for (let c = 0; c < CHANNELS; c++) {
    // 666 (10.4 x 64) is the range of the logarithm that models are trained on: 0 .. 666 becomes -128 .. 127.
    store<i8>(to.data + c, min((<i32>load<i16>(logs.data + (c << 1)) * 256 + 333) / 666 - 128, 127));
  }
}

/** Drops the stored samples, for example after a gap; keeps the noise estimate. */
export function skip(): void {
  held = 0;
}

/** Resets all state. */
export function reset(): void {
  held = 0;
  memory.fill(noise.data, 0, CHANNELS * 4);
}
