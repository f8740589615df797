/**
 * Per-channel amplitude normalization (Wang et al., "Trainable frontend for robust and far-field keyword spotting",
 * 2017) in fixed point: each channel is divided by a power of its own noise estimate, so that loud and quiet rooms have
 * similar values.
 */
import { charge } from '../abi/fuel';
import { fits, Samples16, Values32 } from '../memory';

/** Fraction bits of the signal-to-noise ratio, internally and in the result. */
const SNR_BITS: u32 = 12;
const OUTPUT_BITS: u32 = 6;
/** int16 values of a table of gains: gain(0), gain(1), then (value, slope, curvature, 0) for each octave from 2 on. */
export const GAINS: i32 = 125;

/**
 * signal[c] = shrink(signal[c] x gain(noise[c]) >> shift), in place. Traps if a buffer is too small.
 *
 * @param signal uint32 for each channel
 * @param noise uint32 for each channel
 * @param gains the table, 125 values
 * Source: TensorFlow Lite Micro, signal/src/pcan_argc_fixed.cc.
 */
export function normalize(signal: Values32, noise: Values32, gains: Samples16, shift: i32): void {
  fits(signal.length, noise.length);
  fits(GAINS, gains.length);
  charge(signal.length * 4);
  let value = signal.data;
  let estimate = noise.data;
  for (const end = value + ((<usize>signal.length) << 2); value < end; value += 4) {
    const g = <u64>(<u32>gain(load<u32>(estimate), gains.data));
    store<u32>(value, shrink(<u32>((<u64>load<u32>(value) * g) >> shift)));
    estimate += 4;
  }
}

/** Evaluates the parabola of an octave at the position that 10 bits of the mantissa determine. */
function gain(x: u32, gains: usize): i32 {
  if (x <= 2) return load<i16>(gains + (x << 1));
  const octave = 32 - clz<i32>(x);
  gains += (octave << 3) - 12;
  const position = <i32>((octave < 11 ? x << (11 - octave) : x >> (octave - 11)) & 0x3ff);
  const slope = ((<i32>load<i16>(gains, 4) * position) >> 5) + ((<i32>load<i16>(gains, 2)) << 5);
  return <i32>(<i16>(((slope * position + 16384) >> 15) + <i32>load<i16>(gains)));
}

/** x^2 / 4 below 2, x - 1 from 2 on. */
function shrink(x: u32): u32 {
  return x < 2 << SNR_BITS
    ? (x * x) >> (2 + 2 * SNR_BITS - OUTPUT_BITS)
    : (x >> (SNR_BITS - OUTPUT_BITS)) - (1 << OUTPUT_BITS);
}
