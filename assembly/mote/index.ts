/**
 * The SDK that an app imports. Nothing in it allocates: objects are handles or static, and string literals are
 * converted to UTF-8 in place. An app exports `init()`, `step(now)` and optionally `health()` and `onMessage(id,
 * length)`; see docs/ABI.md.
 */
export { DENIED, FULL, INVALID, NOT_FOUND, OK, TOO_LARGE } from '../abi/module';
export { part, place, Samples16, samples16, Values32, values32, Values8, values8 } from '../memory';
export { CONFIG_CHANGED, message, subscribe } from './command';
export { event, EventBuilder } from './event';
export { kv } from './kv';
export { log } from './log';
export { GOOD, Metric, metric, UNCERTAIN } from './metric';
export { config, random, rom, tap, time } from './node';
export { Sensor } from './sensor';
export { refuse } from './status';
