// Generated from abi/operators.json by abi/generate.mjs. Do not edit.

/** What programs, records and groups of weights have in common. */
export const OperatorConstant = {
  /** An entry of a program: operator number and rom offset of its record. */
  entryBytes: 8,
  /**
   * Parameters of four channels at the start of a group of weights: four int32 biases, four int32 multipliers, then one
   * word for each channel (left shift, right shift).
   */
  paramsBytes: 48,
  /** Weights of four taps of four channels, in groups of conv2d and fully_connected. */
  stepBytes: 16,
  /** Weights of one tap of four channels, in groups of depthwise_conv2d. */
  tapBytes: 4,
  /** The table of lookup. */
  tableBytes: 256,
  /** Bits by which add lifts its inputs before it scales them. */
  addLift: 20,
  /** Integer bits of the sum of exponentials of softmax. */
  softmaxSumBits: 12,
  /** Largest row of softmax, whose exponentials fit the sum. */
  maxSoftmaxDepth: 4095,
} as const;

/** Sum of two tensors. */
export interface AddRecord {
  /** Arena offset. First input tensor. */
  inputA: number;
  /** Arena offset. Second input tensor. */
  inputB: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Values in each tensor. */
  count: number;
  /** Zero point of the first input. */
  zeroA: number;
  /** Scale of the first input in the common scale, as a fixed-point multiplier. */
  multiplierA: number;
  /** Right shift of that scale. */
  shiftA: number;
  /** Zero point of the second input. */
  zeroB: number;
  /** Scale of the second input in the common scale, as a fixed-point multiplier. */
  multiplierB: number;
  /** Right shift of that scale. */
  shiftB: number;
  /** Zero point of the output. */
  outputZero: number;
  /** Scale from the common scale to the output, as a fixed-point multiplier. */
  multiplier: number;
  /** Right shift of that scale. */
  shift: number;
  /** Smallest output value; outputs are clamped to it. */
  outputMin: number;
  /** Largest output value. */
  outputMax: number;
}

/** Convolution. */
export interface Conv2dRecord {
  /** Arena offset. Input tensor. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Arena offset. Windows of two output pixels, then a tile of weights. */
  scratch: number;
  /** Height of the input. */
  inH: number;
  /** Width of the input. */
  inW: number;
  /** Channels of the input. */
  inC: number;
  /** Height of the output. */
  outH: number;
  /** Width of the output. */
  outW: number;
  /** Channels of the output. */
  outC: number;
  /** Height of the kernel. */
  kernelH: number;
  /** Width of the kernel. */
  kernelW: number;
  /** Rows from one window to the next. */
  strideH: number;
  /** Columns from one window to the next. */
  strideW: number;
  /** Rows from one tap to the next. */
  dilationH: number;
  /** Columns from one tap to the next. */
  dilationW: number;
  /** Rows of padding above the input. */
  padTop: number;
  /** Columns of padding to the left of the input. */
  padLeft: number;
  /** Zero point of the input, which taps outside the input read. */
  inputZero: number;
  /** Zero point of the output. */
  outputZero: number;
  /** Smallest output value; outputs are clamped to it. */
  outputMin: number;
  /** Largest output value. */
  outputMax: number;
  /** Rom offset. First group of weights. */
  weights: number;
  /** Groups of weights that the scratch holds at once. */
  tileGroups: number;
}

/** Copy within the arena. */
export interface CopyRecord {
  /** Arena offset. Input tensor. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Bytes to copy. */
  bytes: number;
}

/** Copy from rom. */
export interface ConstantRecord {
  /** Rom offset. The constant. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Bytes to copy. */
  bytes: number;
}

/** Depthwise convolution. */
export interface DepthwiseConv2dRecord {
  /** Arena offset. Input tensor. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Arena offset. The window of one output pixel, then a tile of weights. */
  scratch: number;
  /** Height of the input. */
  inH: number;
  /** Width of the input. */
  inW: number;
  /** Channels of the input and of the output. */
  channels: number;
  /** Height of the output. */
  outH: number;
  /** Width of the output. */
  outW: number;
  /** Height of the kernel. */
  kernelH: number;
  /** Width of the kernel. */
  kernelW: number;
  /** Rows from one window to the next. */
  strideH: number;
  /** Columns from one window to the next. */
  strideW: number;
  /** Rows from one tap to the next. */
  dilationH: number;
  /** Columns from one tap to the next. */
  dilationW: number;
  /** Rows of padding above the input. */
  padTop: number;
  /** Columns of padding to the left of the input. */
  padLeft: number;
  /** Zero point of the input, which taps outside the input read. */
  inputZero: number;
  /** Zero point of the output. */
  outputZero: number;
  /** Smallest output value; outputs are clamped to it. */
  outputMin: number;
  /** Largest output value. */
  outputMax: number;
  /** Rom offset. First group of weights. */
  weights: number;
  /** Groups of weights that the scratch holds at once. */
  tileGroups: number;
}

/** Fully connected layer of one row. */
export interface FullyConnectedRecord {
  /** Arena offset. Input tensor. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Arena offset. A tile of weights. */
  scratch: number;
  /** Inputs in steps of four. The input tensor has room for whole steps; weights behind its end are zeros. */
  steps: number;
  /** Values of the output. */
  outputs: number;
  /** Zero point of the output. */
  outputZero: number;
  /** Smallest output value; outputs are clamped to it. */
  outputMin: number;
  /** Largest output value. */
  outputMax: number;
  /** Rom offset. First group of weights. */
  weights: number;
  /** Steps that the scratch holds at once. */
  tileSteps: number;
}

/** One int8 value to another through a table. */
export interface LookupRecord {
  /** Arena offset. Input tensor. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Arena offset. A copy of the table. */
  scratch: number;
  /** Values in each tensor. */
  count: number;
  /** Rom offset. Table of 256 outputs; the output for -128 comes first. */
  table: number;
}

/** Mean over neighbouring dimensions; the input is outer x reduced x inner. */
export interface MeanRecord {
  /** Arena offset. Input tensor. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Product of the sizes before the reduced dimensions. */
  outer: number;
  /** Product of the sizes of the reduced dimensions. */
  reduced: number;
  /** Product of the sizes behind the reduced dimensions. */
  inner: number;
  /** Minus the zero point of the input x `reduced`. */
  bias: number;
  /** Scale from the sum to the output, with the division by `reduced`, as a fixed-point multiplier. */
  multiplier: number;
  /** Left shift of that scale. */
  left: number;
  /** Right shift of that scale. */
  right: number;
  /** Zero point of the output. */
  outputZero: number;
}

/** Padding of up to four dimensions. */
export interface PadRecord {
  /** Arena offset. Input tensor. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Value of the padding. */
  value: number;
  /** Bytes of the whole output. */
  outputBytes: number;
  /** Sizes of the three outer dimensions of the input. The compiler merges inner dimensions without padding. */
  size: readonly [number, number, number];
  /** Bytes that are contiguous in both tensors. */
  run: number;
  /** Output bytes from one index of an outer dimension to the next. */
  stride: readonly [number, number, number];
  /** Output bytes before the first input byte. */
  first: number;
}

/** Average or maximum over windows. */
export interface PoolRecord {
  /** Arena offset. Input tensor. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Height of the input. */
  inH: number;
  /** Width of the input. */
  inW: number;
  /** Channels of the input and of the output. */
  channels: number;
  /** Height of the output. */
  outH: number;
  /** Width of the output. */
  outW: number;
  /** Height of the kernel. */
  kernelH: number;
  /** Width of the kernel. */
  kernelW: number;
  /** Rows from one window to the next. */
  strideH: number;
  /** Columns from one window to the next. */
  strideW: number;
  /** Rows of padding above the input. */
  padTop: number;
  /** Columns of padding to the left of the input. */
  padLeft: number;
  /** Smallest output value; outputs are clamped to it. */
  outputMin: number;
  /** Largest output value. */
  outputMax: number;
}

/** Conversion between float32 and int8. */
export interface ConvertRecord {
  /** Arena offset. Input tensor. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Values in each tensor. */
  count: number;
  /** float32. Scale of the int8 tensor. */
  scale: number;
  /** Zero point of the int8 tensor. */
  zero: number;
}

/** Softmax of rows. */
export interface SoftmaxRecord {
  /** Arena offset. Input tensor. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Rows. */
  rows: number;
  /** Values in a row. */
  depth: number;
  /** Rom offset. int32 exponentials with 31 fractional bits, of the differences 0, -1, -2, ... to the row's maximum. */
  table: number;
  /** Entries of the table; the exponential of a larger difference is 0. */
  tableSize: number;
}

/** Transposition of up to four dimensions. */
export interface TransposeRecord {
  /** Arena offset. Input tensor. */
  input: number;
  /** Arena offset. Output tensor. */
  output: number;
  /** Sizes of the output, outermost dimension first. */
  size: readonly [number, number, number, number];
  /** Input bytes from one index of an output dimension to the next. */
  stride: readonly [number, number, number, number];
}

/** The record of each operator. */
export interface OperatorRecords {
  add: AddRecord;
  average_pool2d: PoolRecord;
  constant: ConstantRecord;
  conv2d: Conv2dRecord;
  copy: CopyRecord;
  depthwise_conv2d: DepthwiseConv2dRecord;
  dequantize: ConvertRecord;
  fully_connected: FullyConnectedRecord;
  lookup: LookupRecord;
  max_pool2d: PoolRecord;
  mean: MeanRecord;
  pad: PadRecord;
  quantize: ConvertRecord;
  softmax: SoftmaxRecord;
  transpose: TransposeRecord;
}
/** An operator of a model's program. */
export type AbiOperator = keyof OperatorRecords;

/** Numbers of operators in a program of `nn_run`. */
export const ABI_OPERATORS = {
  add: 0,
  average_pool2d: 1,
  constant: 2,
  conv2d: 3,
  copy: 4,
  depthwise_conv2d: 5,
  dequantize: 6,
  fully_connected: 7,
  lookup: 8,
  max_pool2d: 9,
  mean: 10,
  pad: 11,
  quantize: 12,
  softmax: 13,
  transpose: 14,
} as const satisfies Record<AbiOperator, number>;

/** The file of `assembly/nn` that exports the kernel of each operator. */
export const OPERATOR_FILES = {
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
} as const satisfies Record<AbiOperator, string>;

/** Types of fields; each takes a word. */
export type FieldType = 'arena' | 'rom' | 'i32' | 'f32';

/** Fields of the record of each operator, in the order in which they lie in rom. */
export const OPERATOR_FIELDS: {
  readonly [O in AbiOperator]: readonly (readonly [name: keyof OperatorRecords[O], type: FieldType])[];
} = {
  add: [
    ['inputA', 'arena'],
    ['inputB', 'arena'],
    ['output', 'arena'],
    ['count', 'i32'],
    ['zeroA', 'i32'],
    ['multiplierA', 'i32'],
    ['shiftA', 'i32'],
    ['zeroB', 'i32'],
    ['multiplierB', 'i32'],
    ['shiftB', 'i32'],
    ['outputZero', 'i32'],
    ['multiplier', 'i32'],
    ['shift', 'i32'],
    ['outputMin', 'i32'],
    ['outputMax', 'i32'],
  ],
  average_pool2d: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['inH', 'i32'],
    ['inW', 'i32'],
    ['channels', 'i32'],
    ['outH', 'i32'],
    ['outW', 'i32'],
    ['kernelH', 'i32'],
    ['kernelW', 'i32'],
    ['strideH', 'i32'],
    ['strideW', 'i32'],
    ['padTop', 'i32'],
    ['padLeft', 'i32'],
    ['outputMin', 'i32'],
    ['outputMax', 'i32'],
  ],
  constant: [
    ['input', 'rom'],
    ['output', 'arena'],
    ['bytes', 'i32'],
  ],
  conv2d: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['scratch', 'arena'],
    ['inH', 'i32'],
    ['inW', 'i32'],
    ['inC', 'i32'],
    ['outH', 'i32'],
    ['outW', 'i32'],
    ['outC', 'i32'],
    ['kernelH', 'i32'],
    ['kernelW', 'i32'],
    ['strideH', 'i32'],
    ['strideW', 'i32'],
    ['dilationH', 'i32'],
    ['dilationW', 'i32'],
    ['padTop', 'i32'],
    ['padLeft', 'i32'],
    ['inputZero', 'i32'],
    ['outputZero', 'i32'],
    ['outputMin', 'i32'],
    ['outputMax', 'i32'],
    ['weights', 'rom'],
    ['tileGroups', 'i32'],
  ],
  copy: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['bytes', 'i32'],
  ],
  depthwise_conv2d: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['scratch', 'arena'],
    ['inH', 'i32'],
    ['inW', 'i32'],
    ['channels', 'i32'],
    ['outH', 'i32'],
    ['outW', 'i32'],
    ['kernelH', 'i32'],
    ['kernelW', 'i32'],
    ['strideH', 'i32'],
    ['strideW', 'i32'],
    ['dilationH', 'i32'],
    ['dilationW', 'i32'],
    ['padTop', 'i32'],
    ['padLeft', 'i32'],
    ['inputZero', 'i32'],
    ['outputZero', 'i32'],
    ['outputMin', 'i32'],
    ['outputMax', 'i32'],
    ['weights', 'rom'],
    ['tileGroups', 'i32'],
  ],
  dequantize: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['count', 'i32'],
    ['scale', 'f32'],
    ['zero', 'i32'],
  ],
  fully_connected: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['scratch', 'arena'],
    ['steps', 'i32'],
    ['outputs', 'i32'],
    ['outputZero', 'i32'],
    ['outputMin', 'i32'],
    ['outputMax', 'i32'],
    ['weights', 'rom'],
    ['tileSteps', 'i32'],
  ],
  lookup: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['scratch', 'arena'],
    ['count', 'i32'],
    ['table', 'rom'],
  ],
  max_pool2d: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['inH', 'i32'],
    ['inW', 'i32'],
    ['channels', 'i32'],
    ['outH', 'i32'],
    ['outW', 'i32'],
    ['kernelH', 'i32'],
    ['kernelW', 'i32'],
    ['strideH', 'i32'],
    ['strideW', 'i32'],
    ['padTop', 'i32'],
    ['padLeft', 'i32'],
    ['outputMin', 'i32'],
    ['outputMax', 'i32'],
  ],
  mean: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['outer', 'i32'],
    ['reduced', 'i32'],
    ['inner', 'i32'],
    ['bias', 'i32'],
    ['multiplier', 'i32'],
    ['left', 'i32'],
    ['right', 'i32'],
    ['outputZero', 'i32'],
  ],
  pad: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['value', 'i32'],
    ['outputBytes', 'i32'],
    ['size', 'i32'],
    ['run', 'i32'],
    ['stride', 'i32'],
    ['first', 'i32'],
  ],
  quantize: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['count', 'i32'],
    ['scale', 'f32'],
    ['zero', 'i32'],
  ],
  softmax: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['rows', 'i32'],
    ['depth', 'i32'],
    ['table', 'rom'],
    ['tableSize', 'i32'],
  ],
  transpose: [
    ['input', 'arena'],
    ['output', 'arena'],
    ['size', 'i32'],
    ['stride', 'i32'],
  ],
};
