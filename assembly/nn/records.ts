// Generated from abi/operators.json by abi/generate.mjs. Do not edit.

/** An entry of a program: operator number and rom offset of its record. */
export const ENTRY_BYTES: i32 = 8;
/**
 * Parameters of four channels at the start of a group of weights: four int32 biases, four int32 multipliers, then one
 * word for each channel (left shift, right shift).
 */
export const PARAMS_BYTES: i32 = 48;
/** Weights of four taps of four channels, in groups of conv2d and fully_connected. */
export const STEP_BYTES: i32 = 16;
/** Weights of one tap of four channels, in groups of depthwise_conv2d. */
export const TAP_BYTES: i32 = 4;
/** The table of lookup. */
export const TABLE_BYTES: i32 = 256;
/** Bits by which add lifts its inputs before it scales them. */
export const ADD_LIFT: i32 = 20;
/** Integer bits of the sum of exponentials of softmax. */
export const SOFTMAX_SUM_BITS: i32 = 12;
/** Largest row of softmax, whose exponentials fit the sum. */
export const MAX_SOFTMAX_DEPTH: i32 = 4095;
/** Bytes of the longest record. */
export const MAX_RECORD_BYTES: i32 = 92;

/** Sum of two tensors. Word numbers of the record's fields. */
export namespace AddRecord {
  /** Arena offset. First input tensor. */
  export const INPUT_A: usize = 0;
  /** Arena offset. Second input tensor. */
  export const INPUT_B: usize = 1;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 2;
  /** Values in each tensor. */
  export const COUNT: usize = 3;
  /** Zero point of the first input. */
  export const ZERO_A: usize = 4;
  /** Scale of the first input in the common scale, as a fixed-point multiplier. */
  export const MULTIPLIER_A: usize = 5;
  /** Right shift of that scale. */
  export const SHIFT_A: usize = 6;
  /** Zero point of the second input. */
  export const ZERO_B: usize = 7;
  /** Scale of the second input in the common scale, as a fixed-point multiplier. */
  export const MULTIPLIER_B: usize = 8;
  /** Right shift of that scale. */
  export const SHIFT_B: usize = 9;
  /** Zero point of the output. */
  export const OUTPUT_ZERO: usize = 10;
  /** Scale from the common scale to the output, as a fixed-point multiplier. */
  export const MULTIPLIER: usize = 11;
  /** Right shift of that scale. */
  export const SHIFT: usize = 12;
  /** Smallest output value; outputs are clamped to it. */
  export const OUTPUT_MIN: usize = 13;
  /** Largest output value. */
  export const OUTPUT_MAX: usize = 14;
  export const WORDS: i32 = 15;
}

/** Convolution. Word numbers of the record's fields. */
export namespace Conv2dRecord {
  /** Arena offset. Input tensor. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Arena offset. Windows of two output pixels, then a tile of weights. */
  export const SCRATCH: usize = 2;
  /** Height of the input. */
  export const IN_H: usize = 3;
  /** Width of the input. */
  export const IN_W: usize = 4;
  /** Channels of the input. */
  export const IN_C: usize = 5;
  /** Height of the output. */
  export const OUT_H: usize = 6;
  /** Width of the output. */
  export const OUT_W: usize = 7;
  /** Channels of the output. */
  export const OUT_C: usize = 8;
  /** Height of the kernel. */
  export const KERNEL_H: usize = 9;
  /** Width of the kernel. */
  export const KERNEL_W: usize = 10;
  /** Rows from one window to the next. */
  export const STRIDE_H: usize = 11;
  /** Columns from one window to the next. */
  export const STRIDE_W: usize = 12;
  /** Rows from one tap to the next. */
  export const DILATION_H: usize = 13;
  /** Columns from one tap to the next. */
  export const DILATION_W: usize = 14;
  /** Rows of padding above the input. */
  export const PAD_TOP: usize = 15;
  /** Columns of padding to the left of the input. */
  export const PAD_LEFT: usize = 16;
  /** Zero point of the input, which taps outside the input read. */
  export const INPUT_ZERO: usize = 17;
  /** Zero point of the output. */
  export const OUTPUT_ZERO: usize = 18;
  /** Smallest output value; outputs are clamped to it. */
  export const OUTPUT_MIN: usize = 19;
  /** Largest output value. */
  export const OUTPUT_MAX: usize = 20;
  /** Rom offset. First group of weights. */
  export const WEIGHTS: usize = 21;
  /** Groups of weights that the scratch holds at once. */
  export const TILE_GROUPS: usize = 22;
  export const WORDS: i32 = 23;
}

/** Copy within the arena. Word numbers of the record's fields. */
export namespace CopyRecord {
  /** Arena offset. Input tensor. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Bytes to copy. */
  export const BYTES: usize = 2;
  export const WORDS: i32 = 3;
}

/** Copy from rom. Word numbers of the record's fields. */
export namespace ConstantRecord {
  /** Rom offset. The constant. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Bytes to copy. */
  export const BYTES: usize = 2;
  export const WORDS: i32 = 3;
}

/** Depthwise convolution. Word numbers of the record's fields. */
export namespace DepthwiseConv2dRecord {
  /** Arena offset. Input tensor. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Arena offset. The window of one output pixel, then a tile of weights. */
  export const SCRATCH: usize = 2;
  /** Height of the input. */
  export const IN_H: usize = 3;
  /** Width of the input. */
  export const IN_W: usize = 4;
  /** Channels of the input and of the output. */
  export const CHANNELS: usize = 5;
  /** Height of the output. */
  export const OUT_H: usize = 6;
  /** Width of the output. */
  export const OUT_W: usize = 7;
  /** Height of the kernel. */
  export const KERNEL_H: usize = 8;
  /** Width of the kernel. */
  export const KERNEL_W: usize = 9;
  /** Rows from one window to the next. */
  export const STRIDE_H: usize = 10;
  /** Columns from one window to the next. */
  export const STRIDE_W: usize = 11;
  /** Rows from one tap to the next. */
  export const DILATION_H: usize = 12;
  /** Columns from one tap to the next. */
  export const DILATION_W: usize = 13;
  /** Rows of padding above the input. */
  export const PAD_TOP: usize = 14;
  /** Columns of padding to the left of the input. */
  export const PAD_LEFT: usize = 15;
  /** Zero point of the input, which taps outside the input read. */
  export const INPUT_ZERO: usize = 16;
  /** Zero point of the output. */
  export const OUTPUT_ZERO: usize = 17;
  /** Smallest output value; outputs are clamped to it. */
  export const OUTPUT_MIN: usize = 18;
  /** Largest output value. */
  export const OUTPUT_MAX: usize = 19;
  /** Rom offset. First group of weights. */
  export const WEIGHTS: usize = 20;
  /** Groups of weights that the scratch holds at once. */
  export const TILE_GROUPS: usize = 21;
  export const WORDS: i32 = 22;
}

/** Fully connected layer of one row. Word numbers of the record's fields. */
export namespace FullyConnectedRecord {
  /** Arena offset. Input tensor. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Arena offset. A tile of weights. */
  export const SCRATCH: usize = 2;
  /** Inputs in steps of four. The input tensor has room for whole steps; weights behind its end are zeros. */
  export const STEPS: usize = 3;
  /** Values of the output. */
  export const OUTPUTS: usize = 4;
  /** Zero point of the output. */
  export const OUTPUT_ZERO: usize = 5;
  /** Smallest output value; outputs are clamped to it. */
  export const OUTPUT_MIN: usize = 6;
  /** Largest output value. */
  export const OUTPUT_MAX: usize = 7;
  /** Rom offset. First group of weights. */
  export const WEIGHTS: usize = 8;
  /** Steps that the scratch holds at once. */
  export const TILE_STEPS: usize = 9;
  export const WORDS: i32 = 10;
}

/** One int8 value to another through a table. Word numbers of the record's fields. */
export namespace LookupRecord {
  /** Arena offset. Input tensor. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Arena offset. A copy of the table. */
  export const SCRATCH: usize = 2;
  /** Values in each tensor. */
  export const COUNT: usize = 3;
  /** Rom offset. Table of 256 outputs; the output for -128 comes first. */
  export const TABLE: usize = 4;
  export const WORDS: i32 = 5;
}

/** Mean over neighbouring dimensions; the input is outer x reduced x inner. Word numbers of the record's fields. */
export namespace MeanRecord {
  /** Arena offset. Input tensor. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Product of the sizes before the reduced dimensions. */
  export const OUTER: usize = 2;
  /** Product of the sizes of the reduced dimensions. */
  export const REDUCED: usize = 3;
  /** Product of the sizes behind the reduced dimensions. */
  export const INNER: usize = 4;
  /** Minus the zero point of the input x `reduced`. */
  export const BIAS: usize = 5;
  /** Scale from the sum to the output, with the division by `reduced`, as a fixed-point multiplier. */
  export const MULTIPLIER: usize = 6;
  /** Left shift of that scale. */
  export const LEFT: usize = 7;
  /** Right shift of that scale. */
  export const RIGHT: usize = 8;
  /** Zero point of the output. */
  export const OUTPUT_ZERO: usize = 9;
  export const WORDS: i32 = 10;
}

/** Padding of up to four dimensions. Word numbers of the record's fields. */
export namespace PadRecord {
  /** Arena offset. Input tensor. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Value of the padding. */
  export const VALUE: usize = 2;
  /** Bytes of the whole output. */
  export const OUTPUT_BYTES: usize = 3;
  /** Sizes of the three outer dimensions of the input. The compiler merges inner dimensions without padding. */
  export const SIZE: usize = 4;
  /** Bytes that are contiguous in both tensors. */
  export const RUN: usize = 7;
  /** Output bytes from one index of an outer dimension to the next. */
  export const STRIDE: usize = 8;
  /** Output bytes before the first input byte. */
  export const FIRST: usize = 11;
  export const WORDS: i32 = 12;
}

/** Average or maximum over windows. Word numbers of the record's fields. */
export namespace PoolRecord {
  /** Arena offset. Input tensor. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Height of the input. */
  export const IN_H: usize = 2;
  /** Width of the input. */
  export const IN_W: usize = 3;
  /** Channels of the input and of the output. */
  export const CHANNELS: usize = 4;
  /** Height of the output. */
  export const OUT_H: usize = 5;
  /** Width of the output. */
  export const OUT_W: usize = 6;
  /** Height of the kernel. */
  export const KERNEL_H: usize = 7;
  /** Width of the kernel. */
  export const KERNEL_W: usize = 8;
  /** Rows from one window to the next. */
  export const STRIDE_H: usize = 9;
  /** Columns from one window to the next. */
  export const STRIDE_W: usize = 10;
  /** Rows of padding above the input. */
  export const PAD_TOP: usize = 11;
  /** Columns of padding to the left of the input. */
  export const PAD_LEFT: usize = 12;
  /** Smallest output value; outputs are clamped to it. */
  export const OUTPUT_MIN: usize = 13;
  /** Largest output value. */
  export const OUTPUT_MAX: usize = 14;
  export const WORDS: i32 = 15;
}

/** Conversion between float32 and int8. Word numbers of the record's fields. */
export namespace ConvertRecord {
  /** Arena offset. Input tensor. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Values in each tensor. */
  export const COUNT: usize = 2;
  /** float32. Scale of the int8 tensor. */
  export const SCALE: usize = 3;
  /** Zero point of the int8 tensor. */
  export const ZERO: usize = 4;
  export const WORDS: i32 = 5;
}

/** Softmax of rows. Word numbers of the record's fields. */
export namespace SoftmaxRecord {
  /** Arena offset. Input tensor. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Rows. */
  export const ROWS: usize = 2;
  /** Values in a row. */
  export const DEPTH: usize = 3;
  /** Rom offset. int32 exponentials with 31 fractional bits, of the differences 0, -1, -2, ... to the row's maximum. */
  export const TABLE: usize = 4;
  /** Entries of the table; the exponential of a larger difference is 0. */
  export const TABLE_SIZE: usize = 5;
  export const WORDS: i32 = 6;
}

/** Transposition of up to four dimensions. Word numbers of the record's fields. */
export namespace TransposeRecord {
  /** Arena offset. Input tensor. */
  export const INPUT: usize = 0;
  /** Arena offset. Output tensor. */
  export const OUTPUT: usize = 1;
  /** Sizes of the output, outermost dimension first. */
  export const SIZE: usize = 2;
  /** Input bytes from one index of an output dimension to the next. */
  export const STRIDE: usize = 6;
  export const WORDS: i32 = 10;
}
