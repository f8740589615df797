/** What every component may use: errors, clocks, locks, paths and text. */

export { Budget, dayBudget } from './budget.ts';
export { backgroundClock, type Clock, RealClock, systemClock, VirtualClock } from './clock.ts';
export { decimal, divideHalfEven, formatDecimal } from './decimal.ts';
export { type ErrorCode, MoteError } from './error.ts';
export { makeFolder, readInput, writeOutput } from './files.ts';
export { guard } from './guard.ts';
export { type Lock, tryLock } from './lock.ts';
export { nearest } from './nearest.ts';
export { isObject, parseObject } from './object.ts';
export { optional } from './optional.ts';
export { buildFolder, packagePath, packageRoot, packageVersion } from './paths.ts';
export { codeFrame, type MarkedPlace, type Place, type SourceLine, sourceLines } from './place.ts';
export { sameSecret } from './secret.ts';
export { codedSentence, PLACEHOLDER, sentence, sentenceError, writtenNumber } from './sentence.ts';
export { clip, formatBytes, isWireText, printable, repairText } from './text.ts';
export { findThirdParty, type ThirdParty, thirdPartyIncludes } from './third-party.ts';
export { type LockOptions, withLock } from './with-lock.ts';
