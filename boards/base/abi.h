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
#define ABI_LEVELS 4

/*
 * Maximum of a name of a sensor, metric, event, topic, key or tap: UTF-8 without control characters and non-characters,
 * else INVALID.
 */
#define ABI_MAX_NAME 64
/* Maximum of the CBOR body of an event. */
#define ABI_MAX_EVENT 1024
/* Maximum of a message to the module. */
#define ABI_MAX_MESSAGE 1024
/* Maximum of a value of the key-value store. */
#define ABI_MAX_VALUE 1024
/* Maximum of the values of one publish (a count, not bytes). */
#define ABI_MAX_SAMPLES 1024
/* Maximum of a log line; longer lines are cut. */
#define ABI_MAX_LOG 256

/*
 * X(name, signature) for each function that a module may import. A signature is the result and, in brackets, the
 * parameters: v is none, i has 32 and I has 64 bits.
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
