/** What one message may hold, so that a hostile one costs a bounded time and memory. Each is counted by its reason beyond. */

/** Bytes of a payload. A larger file is split by its reader. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;
/** Levels of arrays and objects in JSON; CBOR has 16, see base/cbor. */
export const MAX_DEPTH = 32;
/** Points of one message. */
export const MAX_POINTS = 100_000;
/** Series of one message. */
export const MAX_SERIES = 1_000;
/** Events of one message. */
export const MAX_EVENTS = 1_000;
/** Characters of the names of devices and series. */
export const MAX_NAME = 256;
/** Characters of a unit. */
export const MAX_UNIT = 64;
/** Bytes of the JSON of an event's body. */
export const MAX_BODY_BYTES = 64 * 1024;
/** Metrics that a birth may declare. */
export const MAX_METRICS = 10_000;
/** Characters of one number as text; the longest double takes 25, in decimals 326. */
export const MAX_NUMBER = 400;
/** Senders whose births one decoding keeps. */
export const MAX_SENDERS = 100_000;
/** Exponent of a value whose decoder gives none. */
export const DEFAULT_EXPONENT = -6;
/** The finest exponent that inference offers. */
export const FINEST_EXPONENT = -9;
