/** Habits of TypeScript that AssemblyScript or a node lacks: what to write instead, behind the compiler's message. */

import type { MarkedPlace } from '../../base/index.ts';

/** The compiler's message, the source line from that place on, and the advice. */
const HABITS: readonly [message: RegExp, source: RegExp, advice: string][] = [
  [/^Not implemented: Closures/, /^/, 'a function sees no local variables of another one: pass them as parameters'],
  [/^Not implemented: Exceptions/, /^/, 'nothing catches a trap: return an error number, and test it'],
  [/^Cannot find name 'JSON'/, /^/, 'use event(name).text(...).int(...).send() to send, and message() to read'],
  [/^Type '<object>'/, /^/, 'an object literal needs a heap: use variables, or an @unmanaged class over memory.data'],
  [
    /^Expression expected/,
    /^(async|await)\b/,
    'a node has no promises: keep the state in variables, and go on in the next step',
  ],
  [/^Expression expected/, /^\?\.|^\.|^.?\.\w/, 'instead of a?.b write: if (a) a.b'],
  [/^Expression expected/, /^\?/, 'instead of a ?? b write: a ? a : b'],
  [/ type '(f64|number)'/, /^/, 'number is f64, and a node calculates with integers: use i32, or i64 for times'],
];

/** The message of a place, with the advice for it behind. */
export function explainHabit(message: string, { column, source }: MarkedPlace): string {
  const rest = source.at(-1)?.text.slice(column - 1) ?? '';
  const habit = HABITS.find(([pattern, at]) => pattern.test(message) && at.test(rest));
  return habit === undefined ? message : `${message} (${habit[2]})`;
}
