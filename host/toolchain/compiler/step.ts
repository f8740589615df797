/** What operators are lowered to: calls of kernels in `assembly/nn`, before anything has an address. */
import { MoteError } from '../../base/index.ts';
import { type Graph, type Operator, operatorLabel, type Tensor, tensorLabel } from './graph.ts';
import { ModelLimit } from './parse.ts';

/** Exported functions of `assembly/nn`, each with the file it is in. */
export const KERNEL_FILES = {
  add: 'add',
  average_pool2d: 'average_pool2d',
  constant: 'copy',
  conv2d: 'conv2d',
  copy: 'copy',
  depthwise_conv2d: 'depthwise_conv2d',
  dequantize: 'dequantize',
  fully_connected: 'fully_connected',
  lookup: 'lookup',
  max_pool2d: 'max_pool2d',
  mean: 'mean',
  pad: 'pad',
  quantize: 'quantize',
  softmax: 'softmax',
  transpose: 'transpose',
} as const;
export type Kernel = keyof typeof KERNEL_FILES;

/** Where things came to lie, for the words of an operator's header. */
export interface Addresses {
  /** Arena offset of a tensor. */
  tensor(index: number): number;
  /** Arena offset of the step's scratch, and how much of it there is. */
  scratch: number;
  scratchBytes: number;
  /** Rom offset of these bytes, 4-byte aligned; equal bytes share one place. */
  rom(bytes: Uint8Array): number;
}

export interface Step {
  kernel: Kernel;
  operator: Operator;
  /** Tensors in the arena that it reads and writes. */
  reads: readonly number[];
  writes: readonly number[];
  /** Reads whose memory the first output may take over, when nobody needs them afterwards. */
  inPlace: readonly number[];
  scratch: Scratch;
  /** Multiply-accumulates, 0 where an operator has none. */
  macs: number;
  /** What each of its calls costs in fuel, about one for each innermost iteration. */
  work: number;
  /** Words of the operator's header; one header for each call (a call a batch). */
  headers(at: Addresses): number[][];
}

/**
 * Scratch bytes of a step: it can't do with less than `min`, uses more only in units of `unit`, gains little beyond `good` and nothing
 * beyond `max`.
 */
export interface Scratch {
  min: number;
  unit: number;
  good: number;
  max: number;
}

export const NO_SCRATCH: Scratch = { min: 0, unit: 1, good: 0, max: 0 };

/** An operator with its tensors at hand, as the lowering functions get it. */
export interface Lowering {
  graph: Graph;
  operator: Operator;
  label: string;
  /** The input at a position, which must be there. */
  input(position: number): Tensor;
  optional(position: number): Tensor | undefined;
  output: Tensor;
}

export function lowering(graph: Graph, operator: Operator): Lowering {
  const label = operatorLabel(operator);
  const optional = (position: number) => graph.tensors[operator.inputs[position] ?? -1];
  const output = graph.tensors[operator.outputs[0] ?? -1];
  if (output === undefined || operator.outputs.length !== 1)
    throw new MoteError('MODEL_FORMAT', `${label} must have one output`);
  return {
    graph,
    operator,
    label,
    output,
    optional,
    input(position) {
      const tensor = optional(position);
      if (tensor === undefined) throw new MoteError('MODEL_FORMAT', `${label} has no input ${position}`);
      return tensor;
    },
  };
}

/** Throws unless the tensor's shape is `shape`. */
export function expectShape(tensor: Tensor, shape: readonly number[], label: string): void {
  if (tensor.shape.length !== shape.length || tensor.shape.some((size, i) => size !== shape[i])) {
    throw new MoteError(
      'MODEL_FORMAT',
      `${label}: ${tensorLabel(tensor)} has shape ${tensor.shape.join('x')}, expected ${shape.join('x')}`,
    );
  }
}

export type FourSizes = [number, number, number, number];

/** The shape of a tensor that must have four dimensions. */
export function fourSizes(tensor: Tensor, label: string): FourSizes {
  if (tensor.shape.length !== 4) {
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${label}: ${tensorLabel(tensor)} must have four dimensions, it has ${tensor.shape.length}`,
    );
  }
  return tensor.shape as unknown as FourSizes;
}

/** Batch, height, width and channels of an operator's input. */
export function nhwc(tensor: Tensor, label: string): FourSizes {
  const sizes = fourSizes(tensor, label);
  if (sizes[0] > ModelLimit.batch) {
    throw new MoteError(
      'MODEL_UNSUPPORTED',
      `${label} runs a batch of ${sizes[0]}, at most ${ModelLimit.batch} are possible`,
    );
  }
  return sizes;
}
