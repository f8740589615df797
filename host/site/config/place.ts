/** How the parts of a configuration report mistakes with their place in the file. */
import type { MoteError } from '../../base/index.ts';

/** Runs `parse`, and adds the place of `keys` to its errors. */
export type At = <T>(keys: readonly string[], parse: () => T) => T;
/** An error at the value with these keys, or at the key `ofKey` in it. */
export type Wrong = (keys: readonly string[], what: string, ofKey?: string) => MoteError;
