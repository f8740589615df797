/**
 * TensorFlow Lite's fixed-point arithmetic with exact integers (tensorflow/lite/kernels/internal/common.h and gemmlowp/fixedpoint), for
 * the tables that the compiler computes. The same arithmetic at run time is in `assembly/nn/requantize.ts`.
 */

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

function saturate(value: number): number {
  return Math.min(Math.max(value, INT32_MIN), INT32_MAX);
}

/** SaturatingRoundingDoublingHighMul: a x b / 2^31, halves rounded up. */
export function multiplyHigh(a: number, b: number): number {
  if (a === INT32_MIN && b === INT32_MIN) return INT32_MAX;
  return Number((BigInt(a) * BigInt(b) + (1n << 30n)) >> 31n);
}

/** RoundingDivideByPOT: value / 2^exponent, halves away from zero. */
export function divideByPowerOfTwo(value: number, exponent: number): number {
  const unit = 2 ** exponent;
  const floor = Math.floor(value / unit);
  const rest = value - floor * unit;
  return rest * 2 > unit || (rest * 2 === unit && value > 0) ? floor + 1 : floor;
}

/** MultiplyByQuantizedMultiplier with double rounding; a positive shift goes left. */
export function multiplyByQuantizedMultiplier(value: number, multiplier: number, shift: number): number {
  const lifted = Number(BigInt.asIntN(32, BigInt(value) << BigInt(Math.max(shift, 0))));
  return divideByPowerOfTwo(multiplyHigh(lifted, multiplier), Math.max(-shift, 0));
}

/** exp(2^exponent x -1) with 31 fractional bits, for exponents -2 to 4. */
const EXP_STEPS = [1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242] as const;

/** gemmlowp's exp_on_negative_values: exp of a fixed-point number <= 0 with `integerBits`; the result has 31 fractional bits. */
export function expOnNegative(value: number, integerBits: number): number {
  if (value === 0) return INT32_MAX;
  const fractionalBits = 31 - integerBits;
  const quarter = 2 ** (fractionalBits - 2);
  const remainder = ((value % quarter) + quarter) % quarter;
  const near = remainder - quarter;
  let result = expNearZero(saturate(near * 2 ** integerBits));
  const rest = near - value;
  EXP_STEPS.forEach((factor, i) => {
    const exponent = i - 2;
    if (integerBits <= exponent) return;
    if (Math.floor(rest / 2 ** (fractionalBits + exponent)) % 2 !== 0) result = multiplyHigh(result, factor);
  });
  return result;
}

/** exp on [-1/4, 0) by a Taylor polynomial about -1/8; 31 fractional bits. */
function expNearZero(value: number): number {
  const expOfMinusEighth = 1895147668;
  const third = 715827883;
  const x = value + 2 ** 28;
  const x2 = multiplyHigh(x, x);
  const x3 = multiplyHigh(x2, x);
  const x4 = multiplyHigh(x2, x2);
  const tail = divideByPowerOfTwo(multiplyHigh(divideByPowerOfTwo(x4, 2) + x3, third) + x2, 1);
  return saturate(expOfMinusEighth + multiplyHigh(expOfMinusEighth, x + tail));
}

/** 1 / ((1 + value) / 2) by three Newton-Raphson steps; `value` has 31 fractional bits, the result 29. */
function reciprocalOfHalf(value: number): number {
  const half = Math.floor((value + INT32_MAX + 1) / 2);
  let x = 1515870810 + multiplyHigh(half, -1010580540);
  for (let i = 0; i < 3; i++) x += saturate(4 * multiplyHigh(x, 2 ** 29 - multiplyHigh(half, x)));
  return x;
}

/** gemmlowp's logistic; 31 fractional bits out. */
export function logistic(value: number, integerBits: number): number {
  if (value === 0) return 2 ** 30;
  const positive = saturate(2 * reciprocalOfHalf(expOnNegative(-Math.abs(value), integerBits)));
  return value > 0 ? positive : INT32_MAX - positive;
}

/** gemmlowp's tanh; 31 fractional bits out. */
export function tanh(value: number, integerBits: number): number {
  if (value === 0) return 0;
  // tanh(x) = (1 - exp(-2x)) / (1 + exp(-2x)); the doubling is one integer bit more.
  const magnitude = saturate(4 * (reciprocalOfHalf(expOnNegative(-Math.abs(value), integerBits + 1)) - 2 ** 29));
  return value > 0 ? magnitude : -magnitude;
}
