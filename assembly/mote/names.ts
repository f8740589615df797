/** Names cross the ABI as UTF-8, written to static places: no string needs a heap. */
import { writeUtf8 } from '../cbor/utf8';
import { MAX_NAME } from '../abi/module';

/** A name that is too long stays longer than the limit, so that the host refuses it instead of taking half of it. */
const CAPACITY: i32 = MAX_NAME + 4;

/** Where `writeName` puts its text. */
export const NAME: usize = memory.data(CAPACITY);
/** Where `writeUnit` puts its text. */
export const UNIT: usize = memory.data(CAPACITY);

/** Puts a name at NAME and returns its bytes. */
export function writeName(text: string): i32 {
  return writeUtf8(text, NAME, CAPACITY);
}

/** Puts a second text, for calls that take two, at UNIT and returns its bytes. */
export function writeUnit(text: string): i32 {
  return writeUtf8(text, UNIT, CAPACITY);
}
