import { charge } from '../abi/fuel';
import { fits, Samples16, Values32 } from '../memory';
import { LOG_LUT } from './tables';

/** ln(2) in Q16. */
const LN2: u64 = 45426;
const HALF: u32 = 32768;

/**
 * to[c] = scale x ln(from[c] x 2^bits), at most 32767; 0 for inputs without a positive logarithm. Traps if `to` is too
 * small.
 *
 * @param from uint32 for each channel
 * @param to int16 for each channel; may begin where `from` does
 * Source: TensorFlow Lite Micro, signal/src/filter_bank_log.cc.
 */
export function logarithm(from: Values32, scale: u32, bits: i32, to: Samples16): void {
  fits(from.length, to.length);
  charge(from.length * 3);
  let src = from.data;
  let dst = to.data;
  for (const end = src + ((<usize>from.length) << 2); src < end; src += 4) {
    const x = load<u32>(src) << bits;
    store<i16>(dst, x > 1 ? min<u32>(scaledLog(x, scale), 32767) : 0);
    dst += 2;
  }
}

/**
 * scale x ln(x), rounded; x > 0. log2 is the position of the highest bit plus a table of 128 segments for the rest. The
 * reference divides the slope inside a segment by 65536 instead of 512, so segments are nearly constant; models were
 * trained with that. Source: TensorFlow Lite Micro, signal/src/log.cc.
 */
export function scaledLog(x: u32, scale: u32): u32 {
  const exponent = <u32>(31 - clz<i32>(x));
  const mantissa = x ^ ((<u32>1) << exponent);
  const fraction = <i32>(exponent < 16 ? mantissa << (16 - exponent) : mantissa >> (exponent - 16));
  const segment = LOG_LUT + ((fraction >> 9) << 1);
  const base = <i32>load<u16>(segment);
  const bend = ((<i32>load<u16>(segment, 2) - base) * (fraction & 511)) >> 16;
  const log2 = (exponent << 16) + <u32>(fraction + base + bend);
  const ln = <u32>((LN2 * <u64>log2 + HALF) >> 16);
  return (scale * ln + HALF) >> 16;
}
