// Generated from abi/abi.json by abi/generate.mjs. Do not edit.

/** Version of the ABI that this SDK was built for, major x 65536 + minor. */
export const ABI_VERSION: i32 = 65537;

export const OK: i32 = 0;
export const NOT_FOUND: i32 = -1;
export const TOO_LARGE: i32 = -2;
export const DENIED: i32 = -3;
export const INVALID: i32 = -4;
export const FULL: i32 = -5;

export const LEVEL_ERROR: i32 = 0;
export const LEVEL_WARN: i32 = 1;
export const LEVEL_INFO: i32 = 2;
export const LEVEL_DEBUG: i32 = 3;

/**
 * Maximum of a name of a sensor, metric, event, topic, key or tap: UTF-8 without control characters and non-characters,
 * else INVALID.
 */
export const MAX_NAME: i32 = 64;
/** Maximum of the CBOR body of an event. */
export const MAX_EVENT: i32 = 1024;
/** Maximum of a message to the module. */
export const MAX_MESSAGE: i32 = 1024;
/** Maximum of a value of the key-value store. */
export const MAX_VALUE: i32 = 1024;
/** Maximum of the values of one publish (a count, not bytes). */
export const MAX_SAMPLES: i32 = 1024;
/** Maximum of a log line; longer lines are cut. */
export const MAX_LOG: i32 = 256;

/** Monotonic time since the node started, in microseconds; the clock of `step`. */
@external("mote", "time_now")
export declare function time_now(): i64;

/** UTC in milliseconds since 1970, or -1 while the node's clock isn't synchronised. */
@external("mote", "time_utc")
export declare function time_utc(): i64;

/** 32 random bits; from the seed in a simulator, so that a run can be repeated. */
@external("mote", "random")
export declare function random(): i32;

/** Writes one UTF-8 line to the node's log. */
@external("mote", "log")
export declare function log(level: i32, text: usize, textLen: i32): void;

/** Shows an inner buffer to a listener; costs nothing without one. */
@external("mote", "tap")
export declare function tap(name: usize, nameLen: i32, data: usize, dataLen: i32): void;

/** Handle (0 or more) of a sensor, or NOT_FOUND, or DENIED when the package doesn't name it. */
@external("mote", "sensor_open")
export declare function sensor_open(name: usize, nameLen: i32): i32;

/** Sample rate in millihertz. */
@external("mote", "sensor_rate")
export declare function sensor_rate(sensor: i32): i32;

/** Bytes of one sample with all its channels; channels are interleaved little-endian int16. */
@external("mote", "sensor_frame_bytes")
export declare function sensor_frame_bytes(sensor: i32): i32;

/**
 * Samples waiting in the node's ring. When the ring is full, loses as many samples as it holds, and none was ever read,
 * the node reports MODULE_UNREAD once.
 */
@external("mote", "sensor_available")
export declare function sensor_available(sensor: i32): i32;

/**
 * Takes up to `samples` samples from the ring, oldest first, into `dst`; returns how many. A number above what the ring
 * holds ends the module with MODULE_READ.
 */
@external("mote", "sensor_read")
export declare function sensor_read(sensor: i32, dst: usize, samples: i32): i32;

/** Time of the oldest waiting sample, microseconds on the clock of `step`. */
@external("mote", "sensor_time")
export declare function sensor_time(sensor: i32): i64;

/** Samples that the ring dropped because they were not read in time, since the node started. */
@external("mote", "sensor_lost")
export declare function sensor_lost(sensor: i32): i32;

/**
 * Declares a telemetry metric, only in `init` (INVALID afterwards); value = integer x 10^exponent in `unit` (UCUM);
 * returns its id.
 */
@external("mote", "metric")
export declare function metric(name: usize, nameLen: i32, unit: usize, unitLen: i32, exponent: i32): i32;

/**
 * Sends `count` int32 values of a metric: the first at `t0` microseconds, the next every `dt` microseconds; quality 0
 * is good.
 */
@external("mote", "publish")
export declare function publish(metric: i32, t0: i64, dt: i32, values: usize, count: i32, quality: i32): i32;

/** Sends an event with a CBOR body; delivered at least once. */
@external("mote", "event")
export declare function event(name: usize, nameLen: i32, body: usize, bodyLen: i32): i32;

/** Asks for commands of that name, only in `init` (INVALID afterwards); returns the id that `on_message` gets. */
@external("mote", "subscribe")
export declare function subscribe(name: usize, nameLen: i32): i32;

/** Inside `on_message`: copies the message's body to `dst`; returns its length, or TOO_LARGE. */
@external("mote", "message_read")
export declare function message_read(dst: usize, dstLen: i32): i32;

/** An integer setting of the node, or `default` where it isn't set. */
@external("mote", "config")
export declare function config(name: usize, nameLen: i32, otherwise: i32): i32;

/** Copies a stored value to `dst`; returns its length, NOT_FOUND or TOO_LARGE. */
@external("mote", "kv_get")
export declare function kv_get(key: usize, keyLen: i32, dst: usize, dstLen: i32): i32;

/** Stores a value; it survives restarts and swaps once this returns OK. */
@external("mote", "kv_set")
export declare function kv_set(key: usize, keyLen: i32, value: usize, valueLen: i32): i32;

/** Removes a stored value; NOT_FOUND when there was none. */
@external("mote", "kv_delete")
export declare function kv_delete(key: usize, keyLen: i32): i32;

/** Bytes of the module's read-only data. */
@external("mote", "rom_size")
export declare function rom_size(): i32;

/** Copies read-only data to `dst`; returns OK, or INVALID outside the rom. */
@external("mote", "rom_read")
export declare function rom_read(offset: i32, dst: usize, dstLen: i32): i32;

/**
 * Runs a model's operators with the host's own kernels: `program` is the rom offset of `count` entries of two words,
 * operator number and rom offset of its record. Returns how many operators it ran, from the first on. The module asks
 * again for the rest; it runs the next operator itself when the answer is 0.
 */
@external("mote", "nn_run")
export declare function nn_run(arena: usize, program: i32, count: i32): i32;

/** The transform of `dsp/fft.ts` with the host's own code: 1 when done, 0 when the module has to run its own code. */
@external("mote", "nn_real_fft")
export declare function nn_real_fft(src: usize, dst: usize, twiddles: usize, points: i32): i32;

/**
 * The sums of `dsp/filter_bank.ts` with the host's own code: 1 when done, 0 when the module has to run its own code.
 */
@external("mote", "nn_filter_bank")
export declare function nn_filter_bank(energy: usize, edges: usize, weights: usize, channels: i32, shift: i32, dst: usize): i32;
