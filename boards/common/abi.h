/* Generated from abi/abi.json by abi/generate.mjs. Do not edit. The ABI between a module and its host. */
#ifndef MOTE_ABI_H
#define MOTE_ABI_H

#define ABI_MODULE "mote"
/* major x 65536 + minor */
#define ABI_VERSION 65537

/* What imports return. */
enum abi_error {
    ABI_OK = 0,
    ABI_NOT_FOUND = -1,
    ABI_TOO_LARGE = -2,
    ABI_DENIED = -3,
    ABI_INVALID = -4,
    ABI_FULL = -5,
};

/* Levels of `log`. */
enum abi_level {
    ABI_LEVEL_ERROR = 0,
    ABI_LEVEL_WARN = 1,
    ABI_LEVEL_INFO = 2,
    ABI_LEVEL_DEBUG = 3,
};

/* Operators of a model's program, as nn_run takes them. */
enum abi_operator {
    ABI_OPERATOR_ADD = 0,
    ABI_OPERATOR_AVERAGE_POOL2D = 1,
    ABI_OPERATOR_CONSTANT = 2,
    ABI_OPERATOR_CONV2D = 3,
    ABI_OPERATOR_COPY = 4,
    ABI_OPERATOR_DEPTHWISE_CONV2D = 5,
    ABI_OPERATOR_DEQUANTIZE = 6,
    ABI_OPERATOR_FULLY_CONNECTED = 7,
    ABI_OPERATOR_LOOKUP = 8,
    ABI_OPERATOR_MAX_POOL2D = 9,
    ABI_OPERATOR_MEAN = 10,
    ABI_OPERATOR_PAD = 11,
    ABI_OPERATOR_QUANTIZE = 12,
    ABI_OPERATOR_SOFTMAX = 13,
    ABI_OPERATOR_TRANSPOSE = 14,
};
#define ABI_OPERATORS 15

/* Most of names of sensors, metrics, events, topics, keys and taps. */
#define ABI_MAX_NAME 64
/* Most of one event's CBOR body. */
#define ABI_MAX_EVENT 1024
/* Most of one message to the module. */
#define ABI_MAX_MESSAGE 1024
/* Most of one key-value value. */
#define ABI_MAX_VALUE 1024
/* Most of values in one publish, counted. */
#define ABI_MAX_SAMPLES 1024
/* Most of one log line; longer ones are cut. */
#define ABI_MAX_LOG 256

/*
 * X(name, signature) for each function that a module may import. A signature is the result and, in brackets, the parameters: v is
 * none, i is 32 and I is 64 bits.
 */
#define ABI_IMPORTS(X) \
    X(time_now, "I()") \
    X(time_utc, "I()") \
    X(random, "i()") \
    X(log, "v(iii)") \
    X(tap, "v(iiii)") \
    X(sensor_open, "i(ii)") \
    X(sensor_rate, "i(i)") \
    X(sensor_frame_bytes, "i(i)") \
    X(sensor_available, "i(i)") \
    X(sensor_read, "i(iii)") \
    X(sensor_time, "I(i)") \
    X(sensor_lost, "i(i)") \
    X(metric, "i(iiiii)") \
    X(publish, "i(iIiiii)") \
    X(event, "i(iiii)") \
    X(subscribe, "i(ii)") \
    X(message_read, "i(ii)") \
    X(config, "i(iii)") \
    X(kv_get, "i(iiii)") \
    X(kv_set, "i(iiii)") \
    X(kv_delete, "i(ii)") \
    X(rom_size, "i()") \
    X(rom_read, "i(iii)") \
    X(nn_run, "i(iii)") \
    X(nn_real_fft, "i(iiii)") \
    X(nn_filter_bank, "i(iiiiii)")

/* X(name, signature) for each function that a module exports. */
#define ABI_EXPORTS(X) \
    X(init, "i()") \
    X(step, "I(I)") \
    X(on_message, "v(ii)") \
    X(health, "i()")

/* Globals that a module exports. */
#define ABI_GLOBAL_ABI_VERSION "abi_version"
#define ABI_GLOBAL_MEMORY_BYTES "memory_bytes"
#define ABI_GLOBAL_FUEL "fuel"

#endif
