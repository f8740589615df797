/** The result of lowering an operator: calls of kernels in `assembly/nn`, without addresses. */
import type { AbiOperator, OperatorRecords } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import { type Graph, type Operator, operatorLabel, type Tensor, tensorLabel } from './graph.ts';
import { ModelLimit } from './parse.ts';

/** Kernels are the operators of a program. */
export type Kernel = AbiOperator;

/** Addresses for the fields of an operator's record. */
export interface Addresses {
  /** Arena offset of a tensor. */
  tensor(index: number): number;
  /** Arena offset and size of the step's scratch. */
  scratch: number;
  scratchBytes: number;
  /** Rom offset of these bytes, 4-byte aligned; equal bytes share one place. */
  rom(bytes: Uint8Array): number;
}

/** A call of some kernel, or one for each picture of a batch. */
export type Step = { [K in Kernel]: StepOf<K> }[Kernel];

export interface StepOf<K extends Kernel> {
  kernel: K;
  operator: Operator;
  /** Tensors in the arena that it reads and writes. */
  reads: readonly number[];
  writes: readonly number[];
  /** Reads whose memory the first output may reuse if no later step needs them. */
  inPlace: readonly number[];
  scratch: Scratch;
  /** Multiply-accumulates, 0 where an operator has none. */
  macs: number;
  /** Fuel of each of its calls, about one for each innermost iteration. */
  work: number;
  /** The operator's record for each call; one call for each picture of a batch. */
  records(at: Addresses): OperatorRecords[K][];
}

/** What all steps have in common: everything but the kernel and its records. */
export type StepBase = Omit<StepOf<Kernel>, 'kernel' | 'records'>;

/**
 * Scratch bytes of a step: it needs at least `min`, uses more in units of `unit`, gains little beyond `good` and nothing beyond `max`.
 */
export interface Scratch {
  min: number;
  unit: number;
  good: number;
  max: number;
}

export const NO_SCRATCH: Scratch = { min: 0, unit: 1, good: 0, max: 0 };

/** An operator with its tensors, as the lowering functions get it. */
export interface Lowering {
  graph: Graph;
  operator: Operator;
  label: string;
  /** The input at a position, which must exist. */
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
