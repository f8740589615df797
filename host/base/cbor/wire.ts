/** Constants of the encoding (RFC 8949, section 3.1) and the default error of reader and writer. */
import { type MoteError, sentenceError } from '../index.ts';

export const UINT = 0;
export const NEGATIVE = 1;
export const BYTES = 2;
export const TEXT = 3;
export const ARRAY = 4;
export const MAP = 5;
export const TAG = 6;
export const SIMPLE = 7;

/** Complete items of one byte. */
export const FALSE = 0xf4;
export const TRUE = 0xf5;
export const NULL = 0xf6;

/** Creates the error to throw. `what` describes the defect in lower case, without a full stop. */
export type Fault = (what: string) => MoteError;

/** The default: error `CBOR`. */
export const damaged: Fault = (what) => sentenceError('cbor', what);
