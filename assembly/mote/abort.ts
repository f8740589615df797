import { LEVEL_ERROR } from '../abi/module';
import { append, appendInteger, flush } from './log';

/** Called for `throw`, failed asserts and out-of-range indices: logs the message and its place, then traps. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  if (message) {
    append(message);
    append(' ');
  }
  append('at ');
  if (file) append(file);
  append(':');
  appendInteger(line);
  append(':');
  appendInteger(column);
  flush(LEVEL_ERROR);
  unreachable();
}
