/** What every component may use: errors, clocks, locks, paths and text. */
export { MoteError } from './error.ts';
export { type Lock, tryLock } from './lock.ts';
export { buildFolder, packagePath, packageRoot, packageVersion } from './paths.ts';
export { type Clock as SystemClock, systemClock } from './system-clock.ts';
export { clip } from './text.ts';
export { findThirdParty, type ThirdParty } from './third-party.ts';
export { type LockOptions, withLock } from './with-lock.ts';
