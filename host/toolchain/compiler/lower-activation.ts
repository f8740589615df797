/** Activations of one int8 that are operators of their own, as tables: leaky ReLU and hard swish. */
import { MoteError } from '../../base/index.ts';
import { divideByPowerOfTwo, multiplyByQuantizedMultiplier } from './fixed-point.ts';
import { lookup } from './lower-pointwise.ts';
import { affine, type Multiplier, quantizeMultiplier } from './quantization.ts';
import type { Lowering, Step } from './step.ts';

const INT16_MIN = -(2 ** 15);
const INT16_MAX = 2 ** 15 - 1;

/** reference_ops::QuantizeLeakyRelu; its scales are products of float32. */
export function lowerLeakyRelu(op: Lowering, alpha: number): Step {
  const from = affine(op.input(0));
  const to = affine(op.output);
  if (!(alpha >= 0 && Number.isFinite(alpha)))
    throw new MoteError('MODEL_UNSUPPORTED', `${op.label} has a slope of ${alpha}: only 0 and positive are possible`);
  const rescale = (real: number): Multiplier => {
    const multiplier = quantizeMultiplier(real);
    if (multiplier.shift > 22)
      throw new MoteError('MODEL_FORMAT', `${op.label} has an output scale too small for its input`);
    return multiplier;
  };
  const above = rescale(Math.fround(from.scale / to.scale));
  const below = rescale(Math.fround(Math.fround(from.scale * alpha) / to.scale));
  return lookup(op, (input) => {
    const centred = input - from.zero;
    const { multiplier, shift } = centred >= 0 ? above : below;
    return to.zero + multiplyByQuantizedMultiplier(centred, multiplier, shift);
  });
}

/** reference_ops::HardSwish, in 16 bits: x / 128 of an input step, times relu6(x + 3) / 6 as a fraction of 2^15. */
export function lowerHardSwish(op: Lowering): Step {
  const from = affine(op.input(0));
  const to = affine(op.output);
  const fine = Math.fround(from.scale / 128);
  const output = halved(quantizeMultiplier(Math.fround(fine / to.scale)));
  const gate = halved(quantizeMultiplier(Math.fround(fine / Math.fround(3 / 32768))));
  if (output.shift > 0 || output.shift < -31 || gate.shift > 16)
    throw new MoteError('MODEL_UNSUPPORTED', `${op.label} has an output scale too small or an input scale too large`);
  return lookup(op, (input) => {
    const lifted = (input - from.zero) * 128;
    const scaled = multiplyHigh16(lifted, output.multiplier);
    let share = lifted;
    if (gate.shift > 0) share = saturate16(share * 2 ** (gate.shift - 1));
    share = multiplyHigh16(share, gate.multiplier);
    if (gate.shift > 0) share = saturate16(share * 2);
    if (gate.shift < 0) share = divideByPowerOfTwo(share, -gate.shift);
    // From [-1, 1] to [0, 1].
    share = (share + 2 ** 15) >> 1;
    const product = saturate16(Math.trunc((share * scaled) / 2 ** 15));
    return to.zero + divideByPowerOfTwo(product, -output.shift);
  });
}

/** DownScaleInt32ToInt16Multiplier. */
function halved({ multiplier, shift }: Multiplier): Multiplier {
  return { multiplier: Math.min(Math.floor((multiplier + 2 ** 15) / 2 ** 16), INT16_MAX), shift };
}

/** SaturatingRoundingDoublingHighMul of 16 bits: a x b / 2^15, halves away from zero. */
function multiplyHigh16(a: number, b: number): number {
  const product = a * b;
  return saturate16(Math.trunc((product + (product >= 0 ? 2 ** 14 : 1 - 2 ** 14)) / 2 ** 15));
}

function saturate16(value: number): number {
  return Math.min(Math.max(value, INT16_MIN), INT16_MAX);
}
