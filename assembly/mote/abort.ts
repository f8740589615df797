import { LEVEL_ERROR } from '../abi/module';
import { append, appendInteger, flush } from './log';

/** What `throw`, failed asserts and out-of-range indices become: a line in the log that says where, then a trap. */
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
