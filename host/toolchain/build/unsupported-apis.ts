/** Finds uses of APIs of JavaScript's library that nodes don't have, and names the replacement. */
import { MoteError } from '../../base/index.ts';
import { type Calls, culprits } from '../assembly/index.ts';

/** What AssemblyScript imports for parts of JavaScript's library, and the replacement on a node. */
const UNSUPPORTED: [imported: RegExp, api: string, replacement: string][] = [
  [/^env\.console\./, 'console.log', 'log.info(text, value)'],
  [/^env\.Date\./, 'Date', 'time.utc(), or time.now() for durations'],
  [/^env\.(seed|Math\.random)$/, 'Math.random', 'random()'],
  [/^env\.(performance|process|crypto)\./, 'an object of a browser or of Node', 'the SDK, moteware/assembly/mote'],
];

/** Throws `MoteError('BUILD_IMPORT')` for a function of JavaScript's library that no node has. */
export function rejectUnsupportedApis(calls: Calls): void {
  for (const [internal, imported] of calls.imports) {
    const found = UNSUPPORTED.find(([pattern]) => pattern.test(imported));
    if (found === undefined) continue;
    const [, api, replacement] = found;
    const where = culprits(calls, (name) => name === internal).map(([name]) => name);
    const who = where.join(', ') || 'the app';
    throw new MoteError('BUILD_IMPORT', `${who} uses ${api}, which no node has: use ${replacement}`);
  }
}

/**
 * Warns of functions that calculate with floats. Floats are allowed, but two engines may differ in the bits of a NaN,
 * and a node may lack a floating-point unit.
 */
export function warnOfFloats(calls: Calls): string[] {
  const through = culprits(calls, (name) => name.startsWith('~') && calls.floats.has(name)).map(([name]) => name);
  const own = [...calls.floats].filter((name) => !name.startsWith('~'));
  const names = [...new Set([...own, ...through])];
  if (names.length === 0) return [];
  const how =
    'no float may decide what a node does; use i32 or i64 in place of number, which is f64, and scale (a metric has an exponent)';
  return [`${names.join(', ')} calculates with floats: ${how}`];
}
