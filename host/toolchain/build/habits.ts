/** Habits of TypeScript that AssemblyScript or a node lacks: what to write instead, behind the compiler's message. */

/** The compiler's message, the source line from that place on, and the advice. */
const HABITS: readonly [message: RegExp, source: RegExp, advice: string][] = [
  [/^Not implemented: Closures/, /^/, 'a function sees no local variables of another one: pass them as parameters'],
  [/^Not implemented: Exceptions/, /^/, 'nothing catches a trap: return an error number, and test it'],
  [/^Cannot find name 'JSON'/, /^/, 'use event(name).text(...).int(...).send() to send, and message() to read'],
  [/^Type '<object>'/, /^/, 'an object literal needs a heap: use variables, or an @unmanaged class over memory.data'],
  [
    /^Expression expected/,
    /^async\b/,
    'a node has no promises: keep the state in variables, and go on in the next step',
  ],
  [/^Expression expected/, /^\?\.|^\.|^.?\.\w/, 'instead of a?.b write: if (a) a.b'],
];

/** Adds the advice to each line `file:line:column: message` of the compiler. */
export function explainHabits(text: string, read: (file: string) => string | null): string {
  return text
    .split('\n')
    .map((line) => {
      const [, file, row, column, message] = /^(.+?):(\d+):(\d+): (.*)$/.exec(line) ?? [];
      if (file === undefined || message === undefined) return line;
      const source =
        read(file)
          ?.split('\n')
          [Number(row) - 1]?.slice(Number(column) - 1) ?? '';
      const habit = HABITS.find(([pattern, at]) => pattern.test(message) && at.test(source));
      return habit === undefined ? line : `${line} (${habit[2]})`;
    })
    .join('\n');
}
