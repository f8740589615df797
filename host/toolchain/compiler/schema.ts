/**
 * The part of TensorFlow Lite's schema (tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3) that is read: names of types and
 * operators, and the options of the operators that have kernels. Field numbers are positions in the schema's tables.
 */
import { MoteError } from '../../base/index.ts';
import type { Table } from './flatbuffer.ts';
import {
  ACTIVATIONS,
  type Activation,
  type Operation,
  type OperationName,
  type TensorType,
  type WindowOptions,
} from './graph.ts';
import { operatorName } from './operator-names.ts';

export const TENSOR_TYPES: Readonly<Record<number, TensorType>> = {
  0: 'float32',
  1: 'float16',
  2: 'int32',
  3: 'uint8',
  4: 'int64',
  6: 'bool',
  7: 'int16',
  9: 'int8',
};

/** Operators that compile, which an error lists. */
export const KERNELS: readonly OperationName[] = [
  'ADD',
  'AVERAGE_POOL_2D',
  'CONV_2D',
  'DEPTHWISE_CONV_2D',
  'DEQUANTIZE',
  'EXPAND_DIMS',
  'FULLY_CONNECTED',
  'HARD_SWISH',
  'LEAKY_RELU',
  'LOGISTIC',
  'MAX_POOL_2D',
  'MEAN',
  'PAD',
  'QUANTIZE',
  'RELU',
  'RELU6',
  'RESHAPE',
  'SOFTMAX',
  'SQUEEZE',
  'TANH',
  'TRANSPOSE',
];

/** Reads the options of an operator; `options` is undefined if the file omits them, which means defaults. */
export function readOperation(code: number, options: Table | undefined, what: string): Operation {
  const op = operatorName(code);
  switch (op) {
    case 'CONV_2D':
      return {
        op,
        ...window(options, 3, what),
        dilationH: count(options, 5, 1, what),
        dilationW: count(options, 4, 1, what),
      };
    case 'DEPTHWISE_CONV_2D':
      return {
        op,
        ...window(options, 4, what),
        depthMultiplier: options?.int32(3, 0) ?? 0,
        dilationH: count(options, 6, 1, what),
        dilationW: count(options, 5, 1, what),
      };
    case 'AVERAGE_POOL_2D':
    case 'MAX_POOL_2D':
      return {
        op,
        ...window(options, 5, what),
        kernelW: count(options, 3, 0, what),
        kernelH: count(options, 4, 0, what),
      };
    case 'FULLY_CONNECTED':
      return { op, activation: activation(options, 0, what), shuffled: (options?.int8(1, 0) ?? 0) !== 0 };
    case 'ADD':
      return { op, activation: activation(options, 0, what) };
    case 'SOFTMAX':
      return { op, beta: options?.float32(0, 0) ?? 0 };
    case 'LEAKY_RELU':
      return { op, alpha: options?.float32(0, 0) ?? 0 };
    case 'MEAN':
      return { op, keepDims: options?.bool(0, false) ?? false };
    case 'RESHAPE':
    case 'SQUEEZE':
    case 'EXPAND_DIMS':
    case 'LOGISTIC':
    case 'TANH':
    case 'RELU':
    case 'RELU6':
    case 'HARD_SWISH':
    case 'PAD':
    case 'TRANSPOSE':
    case 'QUANTIZE':
    case 'DEQUANTIZE':
      return { op };
    default: {
      const names = KERNELS.join(', ');
      throw new MoteError('MODEL_UNSUPPORTED', `${what} has no kernel yet: there are kernels for ${names}`);
    }
  }
}

function window(options: Table | undefined, activationField: number, what: string): WindowOptions {
  const padding = options?.int8(0, 0) ?? 0;
  if (padding !== 0 && padding !== 1) throw new MoteError('MODEL_FORMAT', `${what} has an unknown padding ${padding}`);
  return {
    padding: padding === 0 ? 'same' : 'valid',
    strideW: count(options, 1, 0, what),
    strideH: count(options, 2, 0, what),
    activation: activation(options, activationField, what),
  };
}

/** A stride, dilation or window size: 1 to 65535. */
function count(options: Table | undefined, field: number, otherwise: number, what: string): number {
  const value = options?.int32(field, otherwise) ?? otherwise;
  if (value < 1 || value > 65535)
    throw new MoteError('MODEL_FORMAT', `${what} has a stride, dilation or window of ${value}`);
  return value;
}

function activation(options: Table | undefined, field: number, what: string): Activation {
  const code = options?.int8(field, 0) ?? 0;
  const name = ACTIVATIONS[code];
  if (name === undefined) throw new MoteError('MODEL_FORMAT', `${what} has an unknown activation ${code}`);
  return name;
}
