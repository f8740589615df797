// Features of one window, in integers: level, kurtosis, and levels of four bands of the spectrum.
import { autoScale } from '../../dsp/auto_scale';
import { spectrumEnergy } from '../../dsp/energy';
import { prepare as prepareFft, realFft } from '../../dsp/fft';
import { squareRoot } from '../../dsp/square_root';
import { applyWindow } from '../../dsp/window';
import { part, place, Samples16, samples16 } from '../../mote';

/** Samples of a window: the largest FFT. */
export const WINDOW: i32 = 1024;
export const BANDS: i32 = 4;

const factors = samples16((WINDOW * 3) / 2);
/** Half of a Hann window in Q15. */
const hann = samples16(WINDOW / 2);
const work = samples16(WINDOW);
const bins = samples16(WINDOW + 2);
const energies = part<i32>();
const levels = memory.data(BANDS * 4, 4);
/** First bin of each band, and the one after the last. */
const edges = memory.data((BANDS + 1) * 4, 4);
let level: i32 = 0;
let kurt: i32 = 0;

/** Edges of the bands in Hz: rotation, blades and gears, resonances, and what is above. */
function edgeHz(i: i32): i32 {
  if (i == 0) return 10;
  if (i == 1) return 300;
  if (i == 2) return 1000;
  return 2000;
}

/** Computes the tables and the bins of the bands. Bands above half of the rate are empty. */
export function prepare(rateMilliHz: i32): void {
  prepareFft(factors, WINDOW);
  for (let i = 0; i < WINDOW / 2; i++) hann[i] = (32767 - factors[i << 1]) >> 1;
  for (let i = 0; i < BANDS; i++) {
    const bin = (<i64>edgeHz(i) * WINDOW * 1000) / rateMilliHz;
    store<i32>(edges + (<usize>i << 2), <i32>min<i64>(max<i64>(bin, 1), WINDOW / 2));
  }
  store<i32>(edges + (<usize>BANDS << 2), WINDOW / 2);
}

/** Root mean square without the mean, in tenths of the samples' unit. */
export function rms(): i32 {
  return level;
}

/** Kurtosis in hundredths: 300 for noise, 150 for a sine, more for impacts. */
export function kurtosis(): i32 {
  return kurt;
}

/** Level of a band, 0 to 3, in tenths of the samples' unit. */
export function band(i: i32): i32 {
  return load<i32>(levels + (<usize>i << 2));
}

/** Computes the features of `samples`, which stay as they are. */
export function extract(samples: Samples16): void {
  let sum: i32 = 0;
  for (let i = 0; i < WINDOW; i++) sum += samples[i];
  const mean = sum / WINDOW;
  let squares: i64 = 0;
  for (let i = 0; i < WINDOW; i++) {
    const x = max(min(samples[i] - mean, 32767), -32767);
    work[i] = x;
    squares += x * x;
  }
  level = squareRoot((squares * 100) / WINDOW);
  const shift = autoScale(work);
  moments();
  applyWindow(work, hann, 15, work);
  realFft(work, bins, factors, WINDOW);
  spectrum(shift);
}

/** Kurtosis of the scaled window. Its peak has 15 bits; 12 bits of each sample keep the fourth power in 64. */
function moments(): void {
  let second: i64 = 0;
  let fourth: i64 = 0;
  for (let i = 0; i < WINDOW; i++) {
    const x = work[i] >> 3;
    const square = <i64>(x * x);
    second += square;
    fourth += square * square;
  }
  second /= WINDOW;
  fourth /= WINDOW;
  kurt = second == 0 ? 0 : <i32>min<i64>((fourth * 100) / (second * second), 1_000_000);
}

/**
 * Levels of the bands. The FFT divides by the number of points; a band has its bins twice, and a Hann window keeps 3/8
 * of the power.
 */
function spectrum(shift: i32): void {
  place(energies, bins.data, WINDOW / 2);
  spectrumEnergy(energies);
  for (let b = 0; b < BANDS; b++) {
    const end = load<i32>(edges + (<usize>b << 2), 4);
    let sum: u64 = 0;
    for (let k = load<i32>(edges + (<usize>b << 2)); k < end; k++) sum += <u64>(<u32>energies[k]);
    const power = ((sum * 1600) / 3) >> (shift << 1);
    store<i32>(levels + (<usize>b << 2), squareRoot(power));
  }
}
