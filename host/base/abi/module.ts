// Generated from abi/abi.json by abi/generate.mjs. Do not edit.

export type WireType = 'i32' | 'i64';

export interface FunctionType {
  readonly params: readonly WireType[];
  readonly result: WireType | null;
}

export const ABI_MODULE = 'mote';
/** major x 65536 + minor */
export const ABI_VERSION = 65537;

/** Error numbers that imports return. */
export const AbiError = {
  OK: 0,
  NOT_FOUND: -1,
  TOO_LARGE: -2,
  DENIED: -3,
  INVALID: -4,
  FULL: -5,
} as const;

/** Levels of `log`, by number. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Maxima of what crosses the ABI. */
export const AbiLimit = {
  /**
   * a name of a sensor, metric, event, topic, key or tap: UTF-8 without control characters and non-characters, else
   * INVALID
   */
  name: 64,
  /** the CBOR body of an event */
  event: 1024,
  /** a message to the module */
  message: 1024,
  /** a value of the key-value store */
  value: 1024,
  /** the values of one publish (a count, not bytes) */
  samples: 1024,
  /** a log line; longer lines are cut */
  log: 256,
} as const;

export const ABI_IMPORTS = {
  /** Monotonic time since the node started, in microseconds; the clock of `step`. */
  time_now: { params: [], result: 'i64' },
  /** UTC in milliseconds since 1970, or -1 while the node's clock isn't synchronised. */
  time_utc: { params: [], result: 'i64' },
  /** 32 random bits; from the seed in a simulator, so that a run can be repeated. */
  random: { params: [], result: 'i32' },
  /** Writes one UTF-8 line to the node's log. */
  log: { params: ['i32', 'i32', 'i32'], result: null },
  /** Shows an inner buffer to a listener; costs nothing without one. */
  tap: { params: ['i32', 'i32', 'i32', 'i32'], result: null },
  /** Handle (0 or more) of a sensor, or NOT_FOUND, or DENIED when the package doesn't name it. */
  sensor_open: { params: ['i32', 'i32'], result: 'i32' },
  /** Sample rate in millihertz. */
  sensor_rate: { params: ['i32'], result: 'i32' },
  /** Bytes of one sample with all its channels; channels are interleaved little-endian int16. */
  sensor_frame_bytes: { params: ['i32'], result: 'i32' },
  /**
   * Samples waiting in the node's ring. When the ring is full, loses as many samples as it holds, and none was ever
   * read, the node reports MODULE_UNREAD once.
   */
  sensor_available: { params: ['i32'], result: 'i32' },
  /**
   * Takes up to `samples` samples from the ring, oldest first, into `dst`; returns how many. A number above what the
   * ring holds ends the module with MODULE_READ.
   */
  sensor_read: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  /** Time of the oldest waiting sample, microseconds on the clock of `step`. */
  sensor_time: { params: ['i32'], result: 'i64' },
  /** Samples that the ring dropped because they were not read in time, since the node started. */
  sensor_lost: { params: ['i32'], result: 'i32' },
  /**
   * Declares a telemetry metric, only in `init` (INVALID afterwards); value = integer x 10^exponent in `unit` (UCUM);
   * returns its id.
   */
  metric: { params: ['i32', 'i32', 'i32', 'i32', 'i32'], result: 'i32' },
  /**
   * Sends `count` int32 values of a metric: the first at `t0` microseconds, the next every `dt` microseconds; quality 0
   * is good.
   */
  publish: { params: ['i32', 'i64', 'i32', 'i32', 'i32', 'i32'], result: 'i32' },
  /** Sends an event with a CBOR body; delivered at least once. */
  event: { params: ['i32', 'i32', 'i32', 'i32'], result: 'i32' },
  /** Asks for commands of that name, only in `init` (INVALID afterwards); returns the id that `on_message` gets. */
  subscribe: { params: ['i32', 'i32'], result: 'i32' },
  /** Inside `on_message`: copies the message's body to `dst`; returns its length, or TOO_LARGE. */
  message_read: { params: ['i32', 'i32'], result: 'i32' },
  /** An integer setting of the node, or `default` where it isn't set. */
  config: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  /** Copies a stored value to `dst`; returns its length, NOT_FOUND or TOO_LARGE. */
  kv_get: { params: ['i32', 'i32', 'i32', 'i32'], result: 'i32' },
  /** Stores a value; it survives restarts and swaps once this returns OK. */
  kv_set: { params: ['i32', 'i32', 'i32', 'i32'], result: 'i32' },
  /** Removes a stored value; NOT_FOUND when there was none. */
  kv_delete: { params: ['i32', 'i32'], result: 'i32' },
  /** Bytes of the module's read-only data. */
  rom_size: { params: [], result: 'i32' },
  /** Copies read-only data to `dst`; returns OK, or INVALID outside the rom. */
  rom_read: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  /**
   * Runs a model's operators with the host's own kernels: `program` is the rom offset of `count` entries of two words,
   * operator number and rom offset of its record. Returns how many operators it ran, from the first on. The module asks
   * again for the rest; it runs the next operator itself when the answer is 0.
   */
  nn_run: { params: ['i32', 'i32', 'i32'], result: 'i32' },
  /** The transform of `dsp/fft.ts` with the host's own code: 1 when done, 0 when the module has to run its own code. */
  nn_real_fft: { params: ['i32', 'i32', 'i32', 'i32'], result: 'i32' },
  /**
   * The sums of `dsp/filter_bank.ts` with the host's own code: 1 when done, 0 when the module has to run its own code.
   */
  nn_filter_bank: { params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], result: 'i32' },
} as const satisfies Record<string, FunctionType>;
export type AbiImport = keyof typeof ABI_IMPORTS;

export const ABI_EXPORTS = {
  /** Called once after loading; OK, or a negative error that refuses to start. */
  init: { params: [], result: 'i32' },
  /**
   * Does the work that is due and returns the time at which it wants to be called again, in microseconds. The node
   * waits 100 microseconds at least; 1000 earlier times in a row that don't catch up with the clock end the module with
   * MODULE_STEP.
   */
  step: { params: ['i64'], result: 'i64' },
  /** A command for a subscription, or id -1: the configuration changed. */
  on_message: { params: ['i32', 'i32'], result: null },
  /** 1 healthy, 0 not known yet, negative: failing. A module on trial is confirmed only when it returns 1. */
  health: { params: [], result: 'i32' },
} as const satisfies Record<string, FunctionType>;
export type AbiExport = keyof typeof ABI_EXPORTS;

export const ABI_GLOBALS = {
  /** The ABI that the module was built for, major x 65536 + minor; an immutable global, read before any code runs. */
  abi_version: 'i32',
  /** Bytes of linear memory that the module touches at most; the host may provide no more. */
  memory_bytes: 'i32',
  /**
   * Mutable: set by the host before each call, counted down by loops, calls and kernels; below zero the module traps.
   */
  fuel: 'i64',
} as const satisfies Record<string, WireType>;
