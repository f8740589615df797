/** Major types of RFC 8949, section 3.1, and the other results of a decoder. */
export const UINT: i32 = 0;
export const NEGATIVE: i32 = 1;
export const BYTES: i32 = 2;
export const TEXT: i32 = 3;
export const ARRAY: i32 = 4;
export const MAP: i32 = 5;
export const TAG: i32 = 6;
/** false, true, null, undefined and floats. */
export const SIMPLE: i32 = 7;
/** Nothing is left, or the input is malformed. */
export const NOTHING: i32 = -1;

export const FALSE: u8 = 0xf4;
export const TRUE: u8 = 0xf5;
export const NULL: u8 = 0xf6;
