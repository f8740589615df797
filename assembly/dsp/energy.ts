import { charge } from '../abi/fuel';

/**
 * Replaces complex int16 bins by their energy real^2 + imaginary^2 (uint32), in place.
 *
 * @param spectrum first bin; `bins` of 4 bytes
 * Source: TensorFlow Lite Micro, signal/src/energy.cc.
 */
export function spectrumEnergy(spectrum: usize, bins: i32): void {
  charge(bins);
  for (const end = spectrum + ((<usize>bins) << 2); spectrum < end; spectrum += 4) {
    const re = <i32>load<i16>(spectrum);
    const im = <i32>load<i16>(spectrum, 2);
    store<u32>(spectrum, re * re + im * im);
  }
}
