/** The layout of weights in rom: groups of four output channels, see `assembly/nn/conv2d.ts` and `depthwise_conv2d.ts`. */
import { OperatorConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import { type Tensor, tensorLabel } from './graph.ts';
import { type Affine, type Multiplier, quantizeMultiplier } from './quantization.ts';

const { paramsBytes, stepBytes, tapBytes } = OperatorConstant;

/** Bytes of one group: parameters, then weights. */
export function groupBytes(weightBytes: number): number {
  return paramsBytes + weightBytes;
}

/** Parameters that turn the sum of one output channel into an output value. */
export interface Channel {
  /** int32, including the input's zero point. */
  bias: number;
  multiplier: Multiplier;
}

/** `taps` weights for each output channel; `weight(channel, tap)` reads one. */
export interface Filter {
  channels: number;
  taps: number;
  weight(channel: number, tap: number): number;
}

/** Rom bytes in the layout of conv2d and fully_connected: 16 bytes for four taps of four channels. */
export function packDense(filter: Filter, channels: readonly Channel[]): Uint8Array {
  const steps = Math.ceil(filter.taps / 4);
  return packGroups(channels, stepBytes * steps, (view, at, channel, lane) => {
    for (let tap = 0; tap < filter.taps; tap++) {
      view.setInt8(at + (tap >> 2) * stepBytes + lane * 4 + (tap & 3), filter.weight(channel, tap));
    }
  });
}

/** Rom bytes in the layout of depthwise_conv2d: four bytes for each tap, one for each channel. */
export function packDepthwise(filter: Filter, channels: readonly Channel[]): Uint8Array {
  return packGroups(channels, tapBytes * filter.taps, (view, at, channel, lane) => {
    for (let tap = 0; tap < filter.taps; tap++) view.setInt8(at + tap * tapBytes + lane, filter.weight(channel, tap));
  });
}

function packGroups(
  channels: readonly Channel[],
  weightBytes: number,
  write: (view: DataView, at: number, channel: number, lane: number) => void,
): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(channels.length / 4) * groupBytes(weightBytes));
  const view = new DataView(bytes.buffer);
  channels.forEach(({ bias, multiplier }, channel) => {
    const lane = channel & 3;
    const group = (channel >> 2) * groupBytes(weightBytes);
    view.setInt32(group + 4 * lane, bias, true);
    view.setInt32(group + 16 + 4 * lane, multiplier.multiplier, true);
    view.setUint8(group + 32 + 4 * lane, Math.max(multiplier.shift, 0));
    view.setUint8(group + 33 + 4 * lane, Math.max(-multiplier.shift, 0));
    write(view, group + paramsBytes, channel, lane);
  });
  return bytes;
}

/**
 * Bias and multiplier of each output channel. A kernel sums raw inputs; TensorFlow Lite sums inputs minus the zero point, so the bias contains
 * the difference. Both are equal modulo 2^32, as an int32 sum is.
 */
export function channelParameters(
  filter: Filter,
  weights: Tensor,
  bias: Tensor | undefined,
  input: Affine,
  output: Affine,
): Channel[] {
  const scales = filterScales(weights, filter.channels);
  const biases = readBias(bias, filter.channels);
  return Array.from({ length: filter.channels }, (_, channel) => {
    const sum = weightSum(filter, channel);
    // PopulateConvolutionQuantizationParams: the product of float32 scales, in double.
    const real = (input.scale * scales[channel]!) / output.scale;
    return { bias: (biases[channel]! - input.zero * sum) | 0, multiplier: channelMultiplier(real, weights) };
  });
}

export function weightSum(filter: Filter, channel: number): number {
  let sum = 0;
  for (let tap = 0; tap < filter.taps; tap++) sum += filter.weight(channel, tap);
  return sum;
}

/** A multiplier whose left shift fits an int32 sum. A larger one means a broken scale. */
export function channelMultiplier(real: number, weights: Tensor): Multiplier {
  const multiplier = quantizeMultiplier(real);
  if (multiplier.shift > 30)
    throw new MoteError('MODEL_FORMAT', `${tensorLabel(weights)} has a scale too large for its output`);
  return multiplier;
}

/** One scale for each channel, from one for all or one for each. */
export function filterScales(weights: Tensor, channels: number): number[] {
  const quantization = weights.quantization;
  if (weights.type !== 'int8' || quantization === undefined || weights.data === undefined) {
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${tensorLabel(weights)} must hold constant int8 weights with scales: convert the model with full int8 quantization`,
    );
  }
  if (quantization.zeroPoints.some((zero) => zero !== 0)) {
    throw new MoteError('MODEL_UNSUPPORTED', `${tensorLabel(weights)} has zero points: int8 weights must be symmetric`);
  }
  const { scales } = quantization;
  if (scales.length !== 1 && scales.length !== channels) {
    throw new MoteError('MODEL_FORMAT', `${tensorLabel(weights)} has ${scales.length} scales for ${channels} channels`);
  }
  return Array.from({ length: channels }, (_, i) => scales[scales.length === 1 ? 0 : i]!);
}

function readBias(bias: Tensor | undefined, channels: number): Int32Array {
  const values = new Int32Array(channels);
  if (bias === undefined) return values;
  if (bias.type !== 'int32' || bias.data === undefined || bias.elements !== channels) {
    throw new MoteError('MODEL_UNSUPPORTED', `${tensorLabel(bias)} must hold ${channels} constant int32 biases`);
  }
  const view = new DataView(bias.data.buffer, bias.data.byteOffset, bias.data.byteLength);
  for (let i = 0; i < channels; i++) values[i] = view.getInt32(4 * i, true);
  return values;
}

/** Constant contents as signed bytes. */
export function int8Data(tensor: Tensor): Int8Array {
  const data = tensor.data!;
  return new Int8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Constant int32 values, such as shapes, axes and paddings. */
export function int32Data(tensor: Tensor | undefined, label: string): number[] {
  if (tensor?.data === undefined || tensor.type !== 'int32') {
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${label} needs constant int32 values${tensor === undefined ? '' : ` in ${tensorLabel(tensor)}`}`,
    );
  }
  const view = new DataView(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  return Array.from({ length: tensor.elements }, (_, i) => view.getInt32(4 * i, true));
}
