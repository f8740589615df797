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

/** Names of builtin operators by code, including unsupported ones, which errors name. */
const OPERATORS: Readonly<Record<number, string>> = {
  0: 'ADD',
  1: 'AVERAGE_POOL_2D',
  2: 'CONCATENATION',
  3: 'CONV_2D',
  4: 'DEPTHWISE_CONV_2D',
  6: 'DEQUANTIZE',
  9: 'FULLY_CONNECTED',
  14: 'LOGISTIC',
  17: 'MAX_POOL_2D',
  18: 'MUL',
  19: 'RELU',
  21: 'RELU6',
  22: 'RESHAPE',
  23: 'RESIZE_BILINEAR',
  25: 'SOFTMAX',
  27: 'SVDF',
  28: 'TANH',
  32: 'CUSTOM',
  34: 'PAD',
  36: 'GATHER',
  39: 'TRANSPOSE',
  40: 'MEAN',
  41: 'SUB',
  42: 'DIV',
  43: 'SQUEEZE',
  44: 'UNIDIRECTIONAL_SEQUENCE_LSTM',
  45: 'STRIDED_SLICE',
  47: 'EXP',
  49: 'SPLIT',
  53: 'CAST',
  54: 'PRELU',
  55: 'MAXIMUM',
  56: 'ARG_MAX',
  57: 'MINIMUM',
  60: 'PADV2',
  65: 'SLICE',
  67: 'TRANSPOSE_CONV',
  70: 'EXPAND_DIMS',
  74: 'SUM',
  76: 'RSQRT',
  83: 'PACK',
  88: 'UNPACK',
  97: 'RESIZE_NEAREST_NEIGHBOR',
  98: 'LEAKY_RELU',
  99: 'SQUARED_DIFFERENCE',
  102: 'SPLIT_V',
  114: 'QUANTIZE',
  117: 'HARD_SWISH',
  126: 'BATCH_MATMUL',
  142: 'VAR_HANDLE',
  143: 'READ_VARIABLE',
  144: 'ASSIGN_VARIABLE',
};

/** Operators that compile, which an error lists. */
const KERNELS: readonly OperationName[] = [
  'ADD',
  'AVERAGE_POOL_2D',
  'CONV_2D',
  'DEPTHWISE_CONV_2D',
  'DEQUANTIZE',
  'EXPAND_DIMS',
  'FULLY_CONNECTED',
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

export function operatorName(code: number): string {
  return OPERATORS[code] ?? `number ${code}`;
}

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
    case 'MEAN':
      return { op, keepDims: options?.bool(0, false) ?? false };
    case 'RESHAPE':
    case 'SQUEEZE':
    case 'EXPAND_DIMS':
    case 'LOGISTIC':
    case 'TANH':
    case 'RELU':
    case 'RELU6':
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
