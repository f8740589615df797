/** Habits from other places where TypeScript runs, said in the app's words before a node refuses or misses something. */
import { MoteError } from '../../base/index.ts';
import { type Calls, culprits } from '../assembly/index.ts';

/** What AssemblyScript imports for parts of JavaScript's library, and what a node has instead. */
const HABITS: [imported: RegExp, habit: string, instead: string][] = [
  [/^env\.console\./, 'console.log', 'log.info(text, value)'],
  [/^env\.Date\./, 'Date', 'time.utc(), or time.now() for what only passes'],
  [/^env\.(seed|Math\.random)$/, 'Math.random', 'random()'],
  [/^env\.(performance|process|crypto)\./, 'an object of a browser or of Node', 'the SDK, moteware/assembly/mote'],
];

/** Throws `MoteError('BUILD_IMPORT')` for a function of JavaScript's library that no node has. */
export function explainImports(calls: Calls): void {
  for (const [internal, imported] of calls.imports) {
    const habit = HABITS.find(([pattern]) => pattern.test(imported));
    if (habit === undefined) continue;
    const where = culprits(calls, (name) => name === internal).map(([name]) => name);
    const who = where.join(', ') || 'the app';
    throw new MoteError('BUILD_IMPORT', `${who} uses ${habit[1]}, which no node has: use ${habit[2]}`);
  }
}

/** A warning where floats are calculated with: allowed, but two engines need not agree in every bit of a NaN, nor a node have a unit for them. */
export function explainFloats(calls: Calls): string[] {
  const through = culprits(calls, (name) => name.startsWith('~') && calls.floats.has(name)).map(([name]) => name);
  const own = [...calls.floats].filter((name) => !name.startsWith('~'));
  const names = [...new Set([...own, ...through])];
  if (names.length === 0) return [];
  const how = 'no float may decide what a node does; scale to integers (a metric has an exponent for that)';
  return [`${names.join(', ')} calculates with floats: ${how}`];
}
