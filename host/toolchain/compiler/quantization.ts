/**
 * Real scales -> integer multipliers, with TensorFlow Lite's rounding (tensorflow/lite/kernels/internal/quantization_util.cc and
 * kernel_util.cc). Scales are float32 values held in doubles, as there.
 */
import { MoteError } from '../../base/index.ts';
import { type Activation, type Tensor, tensorLabel } from './graph.ts';

/** real = multiplier / 2^31 x 2^shift; `multiplier` is 0 or in [2^30, 2^31), a positive `shift` goes left. */
export interface Multiplier {
  multiplier: number;
  shift: number;
}

/** One scale and zero point for a whole tensor. */
export interface Affine {
  scale: number;
  zero: number;
}

/** C's round(): halves away from zero, exact for every double. */
export function round(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

/** C's frexp(): value = fraction x 2^exponent with fraction in [0.5, 1); `value` is positive and finite. */
export function frexp(value: number): { fraction: number; exponent: number } {
  let exponent = Math.max(-1023, Math.floor(Math.log2(value)) + 1);
  // Two steps, since 2^-exponent alone can overflow for subnormal values.
  let fraction = value * 2 ** -Math.floor(exponent / 2) * 2 ** -(exponent - Math.floor(exponent / 2));
  while (fraction >= 1) {
    fraction /= 2;
    exponent++;
  }
  while (fraction < 0.5) {
    fraction *= 2;
    exponent--;
  }
  return { fraction, exponent };
}

/** QuantizeMultiplier. `real` is 0 or positive; below 2^-32 it becomes 0. */
export function quantizeMultiplier(real: number): Multiplier {
  if (real === 0) return { multiplier: 0, shift: 0 };
  const { fraction, exponent } = frexp(real);
  let multiplier = round(fraction * 2 ** 31);
  let shift = exponent;
  if (multiplier === 2 ** 31) {
    multiplier /= 2;
    shift++;
  }
  return shift < -31 ? { multiplier: 0, shift: 0 } : { multiplier, shift };
}

/** CalculateInputRadius: the largest input that doesn't overflow `integerBits` once shifted left. */
export function inputRadius(integerBits: number, leftShift: number): number {
  return Math.floor(((2 ** integerBits - 1) * 2 ** (31 - integerBits)) / 2 ** leftShift);
}

/** The scale and zero point of an int8 tensor. Throws `MODEL_UNSUPPORTED` if it has another type, or no scale, or several. */
export function affine(tensor: Tensor): Affine {
  const quantization = tensor.quantization;
  if (tensor.type !== 'int8' || quantization === undefined) {
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${tensorLabel(tensor)} is ${tensor.type}${quantization === undefined ? ' without a scale' : ''}: convert the model with full int8 quantization`,
    );
  }
  const [scale, ...others] = quantization.scales;
  const zero = quantization.zeroPoints[0];
  if (scale === undefined || zero === undefined || others.length > 0) {
    throw new MoteError('MODEL_UNSUPPORTED', `${tensorLabel(tensor)} has several scales where only one is possible`);
  }
  if (zero < -128 || zero > 127)
    throw new MoteError('MODEL_FORMAT', `${tensorLabel(tensor)} has a zero point of ${zero}, outside int8`);
  return { scale, zero };
}

/** As `affine`, also for a uint8 tensor, whose zero point is given as that of the int8 tensor of equal real values. */
export function affineOfEdge(tensor: Tensor): Affine {
  const quantization = tensor.quantization;
  if (tensor.type !== 'uint8' || quantization === undefined) return affine(tensor);
  const zeroPoints = quantization.zeroPoints.map((zero) => zero - 128);
  return affine({ ...tensor, type: 'int8', quantization: { ...quantization, zeroPoints } });
}

/** CalculateActivationRangeQuantized for int8. Throws for activations that can't be fused. */
export function activationRange(activation: Activation, output: Affine, label: string): { low: number; high: number } {
  const steps = (real: number) => clampToInt8(output.zero + round(Math.fround(real / output.scale)));
  switch (activation) {
    case 'none':
      return { low: -128, high: 127 };
    case 'relu':
      return { low: output.zero, high: 127 };
    case 'relu6':
      return { low: output.zero, high: steps(6) };
    case 'relu_n1_to_1':
      return { low: steps(-1), high: steps(1) };
    default:
      throw new MoteError(
        'MODEL_UNSUPPORTED',
        `${label} has a fused ${activation}, which TensorFlow Lite's int8 kernels don't have either`,
      );
  }
}

export function clampToInt8(value: number): number {
  return Math.min(Math.max(value, -128), 127);
}
