/** Checks of a machine as lines for a person. */
import type { Check } from '../../toolchain/doctor/index.ts';
import { cutTo, type Terminal, table, wrap } from './terminal.ts';

/** One line for each check, and below it how to get what is missing. */
export function checkLines(terminal: Terminal, checks: readonly Check[]): string[] {
  const mark = (check: Check) => {
    if (check.ok) return terminal.paint('green', '✓');
    return check.needed ? terminal.paint('red', '✗') : terminal.paint('yellow', '-');
  };
  const width = terminal.columns - Math.max(...checks.map(({ name }) => name.length)) - '✓    '.length;
  const lines = table(checks.map((check) => [mark(check), check.name, cutTo(check.found, width)]));
  return checks.flatMap(({ fix }, i) => [
    lines[i]!,
    ...(fix === undefined ? [] : wrap(fix, terminal.columns - 3).map((line) => terminal.paint('dim', `   ${line}`))),
  ]);
}
