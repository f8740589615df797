import { charge } from '../abi/fuel';
import { Samples16 } from '../memory';

/**
 * Shifts a block left as far as its peak allows, in place, so that a fixed-point transform keeps the most bits.
 *
 * @returns the shift, 0 .. 15; 15 for a block of zeros
 * Source: TensorFlow Lite Micro, signal/src/fft_auto_scale.cc and max_abs.cc.
 */
export function autoScale(samples: Samples16): i32 {
  charge(samples.length << 1);
  const data = samples.data;
  const end = data + (samples.length << 1);
  let peak: i32 = 0;
  for (let p = data; p < end; p += 2) {
    const value = <i32>load<i16>(p);
    // |-32768| doesn't fit int16 and restarts the search, as in the reference, whose bytes must be reproduced.
    if (value > peak) peak = value;
    else if (-value > peak) peak = <i32>(<i16>-value);
  }
  const bits = max(clz(peak) - 17, 0);
  if (bits > 0) for (let p = data; p < end; p += 2) store<i16>(p, (<i32>load<i16>(p)) << bits);
  return bits;
}
