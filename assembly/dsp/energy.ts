import { charge } from '../abi/fuel';
import { Values32 } from '../memory';

/**
 * Replaces each bin of a spectrum, a complex number of two int16, by its energy real^2 + imaginary^2 (uint32).
 * Source: TensorFlow Lite Micro, signal/src/energy.cc.
 */
export function spectrumEnergy(bins: Values32): void {
  charge(bins.length);
  let bin = bins.data;
  for (const end = bin + ((<usize>bins.length) << 2); bin < end; bin += 4) {
    const re = <i32>load<i16>(bin);
    const im = <i32>load<i16>(bin, 2);
    store<u32>(bin, re * re + im * im);
  }
}
