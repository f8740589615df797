import { charge } from '../abi/fuel';
import { fits, Values32 } from '../memory';

/** Fraction bits of the smoothing and remaining constants. */
const FRACTION: u64 = 14;

/**
 * Tracks the noise floor of each channel and subtracts it from the signal, in place, leaving at least `remaining` of
 * it. Even and odd channels have their own smoothing. Traps if `noise` is too small.
 *
 * @param signal uint32 for each channel
 * @param noise uint32 for each channel: the state, zeros at the start, with `bits` fraction bits more than the signal
 * @param even share of the new value in the estimate of an even channel, Q14
 * @param odd the same for an odd channel
 * @param remaining smallest share of the signal that is left, Q14
 * Source: TensorFlow Lite Micro, signal/src/filter_bank_spectral_subtraction.cc without clamping.
 */
export function subtractNoise(
  signal: Values32,
  noise: Values32,
  bits: i32,
  even: i32,
  odd: i32,
  remaining: i32,
): void {
  const channels = signal.length;
  fits(channels, noise.length);
  charge(channels * 4);
  let at = signal.data;
  let state = noise.data;
  for (let c = 0; c < channels; c++) {
    const rate = <u64>(c & 1 ? odd : even);
    const value = load<u32>(at);
    const scaled = value << bits;
    const estimate = <u32>((<u64>scaled * rate + <u64>load<u32>(state) * ((1 << FRACTION) - rate)) >> FRACTION);
    store<u32>(state, estimate);
    const floor = <u32>((<u64>value * <u64>remaining) >> FRACTION);
    const rest = (scaled - min<u32>(estimate, scaled)) >> bits;
    store<u32>(at, max<u32>(rest, floor));
    at += 4;
    state += 4;
  }
}
