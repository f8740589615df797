// Fixed-point scaling as in TensorFlow Lite with double rounding (tensorflow/lite/kernels/internal/common.h):
// SaturatingRoundingDoublingHighMul, then RoundingDivideByPOT, which rounds halves away from zero.

/**
 * `value` x `multiplier` / 2^31 x 2^(left - right), rounded twice. `multiplier` is 0 or in [2^30, 2^31); one of the
 * shifts is 0; `value << left` must fit 32 bits, which the compiler's scales guarantee.
 */
export function multiply(value: i32, multiplier: i32, left: i32, right: i32): i32 {
  // Twice the result of the first rounding: with the spare low bit, one formula without a branch also handles right =
  // 0.
  const twice = (((<i64>(value << left)) * (<i64>multiplier) + (1 << 30)) >> 30) & ~1;
  return <i32>((twice + ((<i64>1) << (<i64>right)) + (twice >> 63)) >> (<i64>(right + 1)));
}

/** Rounded `value` / 2^exponent, halves away from zero; exponent 0 to 31. */
export function divideByPowerOfTwo(value: i32, exponent: i32): i32 {
  const twice = (<i64>value) << 1;
  return <i32>((twice + ((<i64>1) << (<i64>exponent)) + (twice >> 63)) >> (<i64>(exponent + 1)));
}

/** Rounded `a` x `b` / 2^31: the product of two fixed-point numbers. They must not both be -2^31. */
export function multiplyHigh(a: i32, b: i32): i32 {
  return <i32>(((<i64>a) * (<i64>b) + (1 << 30)) >> 31);
}

// @ts-ignore: decorator
@inline
export function clamp(value: i32, low: i32, high: i32): i32 {
  return min(max(value, low), high);
}
