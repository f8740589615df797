/** Finds code that allocates. It runs before the optimizer, which would hide the place. */
import { MoteError } from '../../base/index.ts';
import { type Calls, culprits, isReached } from '../assembly/index.ts';

/** AssemblyScript's allocators. */
const ALLOCATOR = /^~lib\/rt\/(stub|tlsf|itcms)\/__(alloc|new|renew|realloc)$/;

/** What a call that allocates is in TypeScript, and what to write instead. */
const HABITS: readonly [through: RegExp, advice: string][] = [
  [
    /through (String#concat|String\.|.*#toString|StaticArray<~lib\/string)/,
    "a text that is made needs a heap: use log.info('text', value)",
  ],
  [/through (__newArray|Array<)/, 'an array needs a heap: use samples16(n) or values32(n)'],
];

/**
 * Throws `MoteError('BUILD_HEAP')` if code can reach an allocator, with the app's functions that do and what they call.
 */
export function rejectHeap(calls: Calls): void {
  const isAllocator = (name: string) => ALLOCATOR.test(name);
  if (!isReached(calls, isAllocator)) return;
  const named = culprits(calls, isAllocator).map(
    ([name, through]) => `${name} (through ${through.slice(through.lastIndexOf('/') + 1)})`,
  );
  const where = named.length > 0 ? named.join(', ') : 'code outside any function';
  const how = 'use memory.data(N) for buffers, literals for text, and @unmanaged classes over static data';
  const advice = HABITS.filter(([pattern]) => pattern.test(where)).map(([, text]) => `; ${text}`);
  throw new MoteError('BUILD_HEAP', `nodes have no heap, but it is used by ${where}: ${how}${advice.join('')}`);
}
