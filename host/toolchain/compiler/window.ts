/** Positions of a sliding window in a picture, with TensorFlow Lite's padding (tensorflow/lite/kernels/padding.h). */
import { MoteError } from '../../base/index.ts';
import type { Padding } from './graph.ts';

export interface Axis {
  /** Output positions. */
  size: number;
  /** Pixels outside the picture before the first position. */
  padBefore: number;
}

export function windowAxis(
  input: number,
  kernel: number,
  stride: number,
  dilation: number,
  padding: Padding,
  label: string,
): Axis {
  const reach = (kernel - 1) * dilation + 1;
  const size = Math.ceil((padding === 'same' ? input : input - reach + 1) / stride);
  if (size < 1)
    throw new MoteError('MODEL_FORMAT', `${label} has a window of ${reach}, larger than its input of ${input}`);
  const outside = Math.max((size - 1) * stride + reach - input, 0);
  return { size, padBefore: padding === 'same' ? Math.floor(outside / 2) : 0 };
}
