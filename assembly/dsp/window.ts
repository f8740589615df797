import { charge } from '../abi/fuel';

/**
 * dst[i] = src[i] x window[i] for a symmetric window; `half` holds its first `size / 2` values.
 *
 * @param src int16[size]
 * @param half int16[size / 2], each 0 .. 2^shift, so that the product fits int16 again
 * @param size even
 * @param dst int16[size]; may be src
 * Source: TensorFlow Lite Micro, signal/src/window.cc (rounds down).
 */
export function applyWindow(src: usize, half: usize, size: i32, shift: i32, dst: usize): void {
  charge(size);
  let mirror = src + ((size - 1) << 1);
  let mirrorDst = dst + ((size - 1) << 1);
  const end = src + size;
  while (src < end) {
    const w = <i32>load<i16>(half);
    store<i16>(dst, (<i32>load<i16>(src) * w) >> shift);
    store<i16>(mirrorDst, (<i32>load<i16>(mirror) * w) >> shift);
    src += 2;
    half += 2;
    dst += 2;
    mirror -= 2;
    mirrorDst -= 2;
  }
}
