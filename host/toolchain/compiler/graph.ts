/** The typed graph: the checked contents of a `.tflite` file, independent of how it will run. */

export const TENSOR_BYTES = {
  float32: 4,
  float16: 2,
  int32: 4,
  uint8: 1,
  int64: 8,
  bool: 1,
  int16: 2,
  int8: 1,
} as const;
export type TensorType = keyof typeof TENSOR_BYTES;

/** real = scale x (stored - zero point); one scale, or one for each index of `axis`. Scales are float32 values. */
export interface Quantization {
  scales: readonly number[];
  zeroPoints: readonly number[];
  axis: number;
}

export interface Tensor {
  index: number;
  name: string;
  type: TensorType;
  shape: readonly number[];
  elements: number;
  bytes: number;
  quantization?: Quantization;
  /** Keeps its contents from one run to the next. */
  variable: boolean;
  /** Constant contents, a view of the file. */
  data?: Uint8Array;
}

export const ACTIVATIONS = ['none', 'relu', 'relu_n1_to_1', 'relu6', 'tanh', 'sign_bit'] as const;
export type Activation = (typeof ACTIVATIONS)[number];
export type Padding = 'same' | 'valid';

export interface WindowOptions {
  padding: Padding;
  strideH: number;
  strideW: number;
  activation: Activation;
}

/** An operator by its name in TensorFlow Lite's schema, with the options that belong to it. */
export type Operation =
  | ({ op: 'CONV_2D'; dilationH: number; dilationW: number } & WindowOptions)
  | ({ op: 'DEPTHWISE_CONV_2D'; dilationH: number; dilationW: number; depthMultiplier: number } & WindowOptions)
  | ({ op: 'AVERAGE_POOL_2D' | 'MAX_POOL_2D'; kernelH: number; kernelW: number } & WindowOptions)
  | { op: 'FULLY_CONNECTED'; activation: Activation; shuffled: boolean }
  | { op: 'ADD'; activation: Activation }
  | { op: 'SOFTMAX'; beta: number }
  | { op: 'LEAKY_RELU'; alpha: number }
  | { op: 'MEAN'; keepDims: boolean }
  | {
      op:
        | 'RESHAPE'
        | 'SQUEEZE'
        | 'EXPAND_DIMS'
        | 'LOGISTIC'
        | 'TANH'
        | 'RELU'
        | 'RELU6'
        | 'HARD_SWISH'
        | 'PAD'
        | 'TRANSPOSE'
        | 'QUANTIZE'
        | 'DEQUANTIZE';
    };
export type OperationName = Operation['op'];

export interface Operator {
  index: number;
  operation: Operation;
  /** Tensor indices; -1 is an omitted input. */
  inputs: readonly number[];
  outputs: readonly number[];
}

export interface Graph {
  description: string;
  tensors: readonly Tensor[];
  operators: readonly Operator[];
  inputs: readonly number[];
  outputs: readonly number[];
}

/** `operator 3 (CONV_2D)`, for errors. */
export function operatorLabel(operator: Operator): string {
  return `operator ${operator.index} (${operator.operation.op})`;
}

/** `tensor 12 "dense/MatMul"`, for errors; without control characters and with long names shortened. */
export function tensorLabel(tensor: Tensor): string {
  const name = tensor.name.replace(/\p{C}/gu, '?');
  return `tensor ${tensor.index} "${name.length > 60 ? `${name.slice(0, 57)}...` : name}"`;
}
