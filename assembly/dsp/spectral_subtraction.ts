import { charge } from '../abi/fuel';

/** Fraction bits of the smoothing and remaining constants. */
const FRACTION: u64 = 14;

/**
 * Tracks the noise floor of each channel and subtracts it from the signal, in place, leaving at least `remaining` of
 * it. Even and odd channels have their own smoothing.
 *
 * @param signal uint32[channels]
 * @param noise uint32[channels]: the state, zeros at the start, with `bits` fraction bits more than the signal
 * @param even share of the new value in the estimate of an even channel, Q14
 * @param odd the same for an odd channel
 * @param remaining smallest share of the signal that is left, Q14
 * Source: TensorFlow Lite Micro, signal/src/filter_bank_spectral_subtraction.cc without clamping.
 */
export function subtractNoise(
  signal: usize,
  noise: usize,
  channels: i32,
  bits: i32,
  even: i32,
  odd: i32,
  remaining: i32,
): void {
  charge(channels * 4);
  for (let c = 0; c < channels; c++) {
    const rate = <u64>(c & 1 ? odd : even);
    const value = load<u32>(signal);
    const scaled = value << bits;
    const estimate = <u32>((<u64>scaled * rate + <u64>load<u32>(noise) * ((1 << FRACTION) - rate)) >> FRACTION);
    store<u32>(noise, estimate);
    const floor = <u32>((<u64>value * <u64>remaining) >> FRACTION);
    const rest = (scaled - min<u32>(estimate, scaled)) >> bits;
    store<u32>(signal, max<u32>(rest, floor));
    signal += 4;
    noise += 4;
  }
}
