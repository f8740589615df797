import { charge } from '../abi/fuel';
import { fits, Samples16 } from '../memory';

/**
 * to[i] = from[i] x window[i] for a symmetric window; `half` is its first half. Traps if a buffer is too small.
 *
 * @param from an even number of values
 * @param half half as many, each 0 .. 2^shift, so that the product fits int16 again
 * @param to may be `from`
 * Source: TensorFlow Lite Micro, signal/src/window.cc (rounds down).
 */
export function applyWindow(from: Samples16, half: Samples16, shift: i32, to: Samples16): void {
  const size = from.length;
  fits(size, half.length << 1);
  fits(size, to.length);
  charge(size);
  let src = from.data;
  let dst = to.data;
  let weights = half.data;
  let mirror = src + ((size - 1) << 1);
  let mirrorDst = dst + ((size - 1) << 1);
  const end = src + size;
  while (src < end) {
    const w = <i32>load<i16>(weights);
    store<i16>(dst, (<i32>load<i16>(src) * w) >> shift);
    store<i16>(mirrorDst, (<i32>load<i16>(mirror) * w) >> shift);
    src += 2;
    weights += 2;
    dst += 2;
    mirror -= 2;
    mirrorDst -= 2;
  }
}
