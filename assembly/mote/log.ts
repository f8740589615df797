import { writeUtf8 } from '../cbor/utf8';
import { LEVEL_DEBUG, LEVEL_ERROR, LEVEL_INFO, LEVEL_WARN, MAX_LOG, log as hostLog } from '../abi/module';
import { NAME } from './names';

const line = memory.data(MAX_LOG);
let used: i32 = 0;

/** Marks that no number follows the text. */
const NONE: i64 = i64.MIN_VALUE;

/** Lines in the node's log, at most 256 bytes of UTF-8. A number can follow the text without building a string. */
export namespace log {
  export function error(text: string, value: i64 = NONE): void {
    write(LEVEL_ERROR, text, value);
  }

  export function warn(text: string, value: i64 = NONE): void {
    write(LEVEL_WARN, text, value);
  }

  export function info(text: string, value: i64 = NONE): void {
    write(LEVEL_INFO, text, value);
  }

  export function debug(text: string, value: i64 = NONE): void {
    write(LEVEL_DEBUG, text, value);
  }
}

function write(level: i32, text: string, value: i64): void {
  append(text);
  if (value != NONE) {
    append(' ');
    appendInteger(value);
  }
  flush(level);
}

/** Adds text to the line that `flush` writes. Text beyond the maximum is cut. */
export function append(text: string): void {
  used += writeUtf8(text, line + used, MAX_LOG - used);
}

/** Adds a decimal number to the line if it fits as a whole. */
export function appendInteger(value: i64): void {
  // A u64 has up to 20 digits. NAME is unused between calls of the ABI.
  const end = NAME + 24;
  let at = end;
  let rest = <u64>(value < 0 ? -value : value);
  do {
    store<u8>(--at, 48 + <u8>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (value < 0) store<u8>(--at, 45);
  const length = <i32>(end - at);
  if (length > MAX_LOG - used) return;
  memory.copy(line + used, at, length);
  used += length;
}

/** Writes the line and begins the next one. */
export function flush(level: i32): void {
  hostLog(level, line, used);
  used = 0;
}
