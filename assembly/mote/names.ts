/** Names cross the ABI as UTF-8 in static memory, so no string needs a heap. */
import { writeUtf8 } from '../cbor/utf8';
import { MAX_NAME } from '../abi/module';

/** A name that is too long stays longer than the limit, so the host rejects it instead of using a part of it. */
const CAPACITY: i32 = MAX_NAME + 4;

/** Address of the text of `writeName`. */
export const NAME: usize = memory.data(CAPACITY);
/** Address of the text of `writeUnit`. */
export const UNIT: usize = memory.data(CAPACITY);

/** Writes a name to NAME and returns its length in bytes. */
export function writeName(text: string): i32 {
  return writeUtf8(text, NAME, CAPACITY);
}

/** Writes a second text, for calls with two, to UNIT and returns its length in bytes. */
export function writeUnit(text: string): i32 {
  return writeUtf8(text, UNIT, CAPACITY);
}
