/*
 * Generated from abi/operators.json by abi/generate.mjs. Do not edit. Operators of a model's program, and the record of
 * each.
 */
#ifndef MOTE_OPERATORS_H
#define MOTE_OPERATORS_H

#include <stdint.h>

/* An entry of a program: operator number and rom offset of its record. */
#define OPERATOR_ENTRY_BYTES 8
/*
 * Parameters of four channels at the start of a group of weights: four int32 biases, four int32 multipliers, then one
 * word for each channel (left shift, right shift).
 */
#define OPERATOR_PARAMS_BYTES 48
/* Weights of four taps of four channels, in groups of conv2d and fully_connected. */
#define OPERATOR_STEP_BYTES 16
/* Weights of one tap of four channels, in groups of depthwise_conv2d. */
#define OPERATOR_TAP_BYTES 4
/* The table of lookup. */
#define OPERATOR_TABLE_BYTES 256
/* Bits by which add lifts its inputs before it scales them. */
#define OPERATOR_ADD_LIFT 20
/* Integer bits of the sum of exponentials of softmax. */
#define OPERATOR_SOFTMAX_SUM_BITS 12
/* Largest row of softmax, whose exponentials fit the sum. */
#define OPERATOR_MAX_SOFTMAX_DEPTH 4095
/* Words of the longest record. */
#define OPERATOR_MAX_RECORD_WORDS 23

/* Sum of two tensors. */
struct add_record {
    /* Arena offset. First input tensor. */
    int32_t input_a;
    /* Arena offset. Second input tensor. */
    int32_t input_b;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Values in each tensor. */
    int32_t count;
    /* Zero point of the first input. */
    int32_t zero_a;
    /* Scale of the first input in the common scale, as a fixed-point multiplier. */
    int32_t multiplier_a;
    /* Right shift of that scale. */
    int32_t shift_a;
    /* Zero point of the second input. */
    int32_t zero_b;
    /* Scale of the second input in the common scale, as a fixed-point multiplier. */
    int32_t multiplier_b;
    /* Right shift of that scale. */
    int32_t shift_b;
    /* Zero point of the output. */
    int32_t output_zero;
    /* Scale from the common scale to the output, as a fixed-point multiplier. */
    int32_t multiplier;
    /* Right shift of that scale. */
    int32_t shift;
    /* Smallest output value; outputs are clamped to it. */
    int32_t output_min;
    /* Largest output value. */
    int32_t output_max;
};

/* Convolution. */
struct conv2d_record {
    /* Arena offset. Input tensor. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Arena offset. Windows of two output pixels, then a tile of weights. */
    int32_t scratch;
    /* Height of the input. */
    int32_t in_h;
    /* Width of the input. */
    int32_t in_w;
    /* Channels of the input. */
    int32_t in_c;
    /* Height of the output. */
    int32_t out_h;
    /* Width of the output. */
    int32_t out_w;
    /* Channels of the output. */
    int32_t out_c;
    /* Height of the kernel. */
    int32_t kernel_h;
    /* Width of the kernel. */
    int32_t kernel_w;
    /* Rows from one window to the next. */
    int32_t stride_h;
    /* Columns from one window to the next. */
    int32_t stride_w;
    /* Rows from one tap to the next. */
    int32_t dilation_h;
    /* Columns from one tap to the next. */
    int32_t dilation_w;
    /* Rows of padding above the input. */
    int32_t pad_top;
    /* Columns of padding to the left of the input. */
    int32_t pad_left;
    /* Zero point of the input, which taps outside the input read. */
    int32_t input_zero;
    /* Zero point of the output. */
    int32_t output_zero;
    /* Smallest output value; outputs are clamped to it. */
    int32_t output_min;
    /* Largest output value. */
    int32_t output_max;
    /* Rom offset. First group of weights. */
    int32_t weights;
    /* Groups of weights that the scratch holds at once. */
    int32_t tile_groups;
};

/* Copy within the arena. */
struct copy_record {
    /* Arena offset. Input tensor. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Bytes to copy. */
    int32_t bytes;
};

/* Copy from rom. */
struct constant_record {
    /* Rom offset. The constant. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Bytes to copy. */
    int32_t bytes;
};

/* Depthwise convolution. */
struct depthwise_conv2d_record {
    /* Arena offset. Input tensor. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Arena offset. The window of one output pixel, then a tile of weights. */
    int32_t scratch;
    /* Height of the input. */
    int32_t in_h;
    /* Width of the input. */
    int32_t in_w;
    /* Channels of the input and of the output. */
    int32_t channels;
    /* Height of the output. */
    int32_t out_h;
    /* Width of the output. */
    int32_t out_w;
    /* Height of the kernel. */
    int32_t kernel_h;
    /* Width of the kernel. */
    int32_t kernel_w;
    /* Rows from one window to the next. */
    int32_t stride_h;
    /* Columns from one window to the next. */
    int32_t stride_w;
    /* Rows from one tap to the next. */
    int32_t dilation_h;
    /* Columns from one tap to the next. */
    int32_t dilation_w;
    /* Rows of padding above the input. */
    int32_t pad_top;
    /* Columns of padding to the left of the input. */
    int32_t pad_left;
    /* Zero point of the input, which taps outside the input read. */
    int32_t input_zero;
    /* Zero point of the output. */
    int32_t output_zero;
    /* Smallest output value; outputs are clamped to it. */
    int32_t output_min;
    /* Largest output value. */
    int32_t output_max;
    /* Rom offset. First group of weights. */
    int32_t weights;
    /* Groups of weights that the scratch holds at once. */
    int32_t tile_groups;
};

/* Fully connected layer of one row. */
struct fully_connected_record {
    /* Arena offset. Input tensor. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Arena offset. A tile of weights. */
    int32_t scratch;
    /* Inputs in steps of four. The input tensor has room for whole steps; weights behind its end are zeros. */
    int32_t steps;
    /* Values of the output. */
    int32_t outputs;
    /* Zero point of the output. */
    int32_t output_zero;
    /* Smallest output value; outputs are clamped to it. */
    int32_t output_min;
    /* Largest output value. */
    int32_t output_max;
    /* Rom offset. First group of weights. */
    int32_t weights;
    /* Steps that the scratch holds at once. */
    int32_t tile_steps;
};

/* One int8 value to another through a table. */
struct lookup_record {
    /* Arena offset. Input tensor. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Arena offset. A copy of the table. */
    int32_t scratch;
    /* Values in each tensor. */
    int32_t count;
    /* Rom offset. Table of 256 outputs; the output for -128 comes first. */
    int32_t table;
};

/* Mean over neighbouring dimensions; the input is outer x reduced x inner. */
struct mean_record {
    /* Arena offset. Input tensor. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Product of the sizes before the reduced dimensions. */
    int32_t outer;
    /* Product of the sizes of the reduced dimensions. */
    int32_t reduced;
    /* Product of the sizes behind the reduced dimensions. */
    int32_t inner;
    /* Minus the zero point of the input x `reduced`. */
    int32_t bias;
    /* Scale from the sum to the output, with the division by `reduced`, as a fixed-point multiplier. */
    int32_t multiplier;
    /* Left shift of that scale. */
    int32_t left;
    /* Right shift of that scale. */
    int32_t right;
    /* Zero point of the output. */
    int32_t output_zero;
};

/* Padding of up to four dimensions. */
struct pad_record {
    /* Arena offset. Input tensor. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Value of the padding. */
    int32_t value;
    /* Bytes of the whole output. */
    int32_t output_bytes;
    /* Sizes of the three outer dimensions of the input. The compiler merges inner dimensions without padding. */
    int32_t size[3];
    /* Bytes that are contiguous in both tensors. */
    int32_t run;
    /* Output bytes from one index of an outer dimension to the next. */
    int32_t stride[3];
    /* Output bytes before the first input byte. */
    int32_t first;
};

/* Average or maximum over windows. */
struct pool_record {
    /* Arena offset. Input tensor. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Height of the input. */
    int32_t in_h;
    /* Width of the input. */
    int32_t in_w;
    /* Channels of the input and of the output. */
    int32_t channels;
    /* Height of the output. */
    int32_t out_h;
    /* Width of the output. */
    int32_t out_w;
    /* Height of the kernel. */
    int32_t kernel_h;
    /* Width of the kernel. */
    int32_t kernel_w;
    /* Rows from one window to the next. */
    int32_t stride_h;
    /* Columns from one window to the next. */
    int32_t stride_w;
    /* Rows of padding above the input. */
    int32_t pad_top;
    /* Columns of padding to the left of the input. */
    int32_t pad_left;
    /* Smallest output value; outputs are clamped to it. */
    int32_t output_min;
    /* Largest output value. */
    int32_t output_max;
};

/* Conversion between float32 and int8. */
struct convert_record {
    /* Arena offset. Input tensor. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Values in each tensor. */
    int32_t count;
    /* float32. Scale of the int8 tensor. */
    float scale;
    /* Zero point of the int8 tensor. */
    int32_t zero;
};

/* Softmax of rows. */
struct softmax_record {
    /* Arena offset. Input tensor. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Rows. */
    int32_t rows;
    /* Values in a row. */
    int32_t depth;
    /*
     * Rom offset. int32 exponentials with 31 fractional bits, of the differences 0, -1, -2, ... to the row's maximum.
     */
    int32_t table;
    /* Entries of the table; the exponential of a larger difference is 0. */
    int32_t table_size;
};

/* Transposition of up to four dimensions. */
struct transpose_record {
    /* Arena offset. Input tensor. */
    int32_t input;
    /* Arena offset. Output tensor. */
    int32_t output;
    /* Sizes of the output, outermost dimension first. */
    int32_t size[4];
    /* Input bytes from one index of an output dimension to the next. */
    int32_t stride[4];
};

/* A record of any operator. */
union operator_record {
    int32_t words[OPERATOR_MAX_RECORD_WORDS];
    struct add_record add;
    struct conv2d_record conv2d;
    struct copy_record copy;
    struct constant_record constant;
    struct depthwise_conv2d_record depthwise_conv2d;
    struct fully_connected_record fully_connected;
    struct lookup_record lookup;
    struct mean_record mean;
    struct pad_record pad;
    struct pool_record pool;
    struct convert_record convert;
    struct softmax_record softmax;
    struct transpose_record transpose;
};

/* Numbers of operators in a program of nn_run. */
enum operator_number {
    OPERATOR_ADD = 0,
    OPERATOR_AVERAGE_POOL2D = 1,
    OPERATOR_CONSTANT = 2,
    OPERATOR_CONV2D = 3,
    OPERATOR_COPY = 4,
    OPERATOR_DEPTHWISE_CONV2D = 5,
    OPERATOR_DEQUANTIZE = 6,
    OPERATOR_FULLY_CONNECTED = 7,
    OPERATOR_LOOKUP = 8,
    OPERATOR_MAX_POOL2D = 9,
    OPERATOR_MEAN = 10,
    OPERATOR_PAD = 11,
    OPERATOR_QUANTIZE = 12,
    OPERATOR_SOFTMAX = 13,
    OPERATOR_TRANSPOSE = 14,
};
#define OPERATOR_COUNT 15

/* X(number, name, record) for each operator. */
#define OPERATORS(X) \
    X(0, add, add) \
    X(1, average_pool2d, pool) \
    X(2, constant, constant) \
    X(3, conv2d, conv2d) \
    X(4, copy, copy) \
    X(5, depthwise_conv2d, depthwise_conv2d) \
    X(6, dequantize, convert) \
    X(7, fully_connected, fully_connected) \
    X(8, lookup, lookup) \
    X(9, max_pool2d, pool) \
    X(10, mean, mean) \
    X(11, pad, pad) \
    X(12, quantize, convert) \
    X(13, softmax, softmax) \
    X(14, transpose, transpose)

#endif
