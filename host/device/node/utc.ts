/**
 * UTC on a node: F. Cristian, "Probabilistic clock synchronization", Distributed Computing 3, 1989. The shim's time is taken as of
 * the middle of the round trip, so half of the round trip bounds the error; an answer replaces the estimate when its bound is
 * smaller than what the old one has become through drift.
 */
import type { TimeReply } from '../link/index.ts';

/** A cheap crystal's drift, parts per million. */
const DRIFT_PPM = 50;
/** The last millisecond whose microseconds have 53 bits, in the year 2255: what comes later is no time but a mistake. */
const MAX_UTC_MS = 9_007_199_254_740;

export class UtcClock {
  /** UTC in microseconds at zero of the node's clock. */
  #offsetUs: number | null;
  #boundUs = 0;
  #atUs = 0;
  readonly #fixed: boolean;
  #asked: number | null = null;

  /** `utcMs`: UTC at zero of the node's clock, when it is known without a link. */
  constructor(utcMs: number | null = null) {
    this.#fixed = utcMs !== null;
    this.#offsetUs = utcMs === null ? null : Math.round(utcMs * 1000);
  }

  get known(): boolean {
    return this.#offsetUs !== null;
  }
  /** True when only a link can tell the time. */
  get asks(): boolean {
    return !this.#fixed;
  }

  /** UTC milliseconds of a time of the node's clock; null while not known. */
  at(us: number): number | null {
    return this.#offsetUs === null ? null : Math.floor((this.#offsetUs + us) / 1000);
  }

  ask(nowUs: number): void {
    this.#asked = nowUs;
  }

  /** True when the answer was to the last question and improved the clock. */
  answer(reply: TimeReply, nowUs: number): boolean {
    if (this.#fixed || reply.sentUs !== this.#asked || reply.utcMs > MAX_UTC_MS) return false;
    this.#asked = null;
    const boundUs = (nowUs - reply.sentUs) / 2;
    const grownUs = this.#boundUs + ((nowUs - this.#atUs) * DRIFT_PPM) / 1e6;
    if (this.#offsetUs !== null && boundUs > grownUs) return false;
    this.#offsetUs = Math.round(reply.utcMs * 1000 - reply.sentUs - boundUs);
    this.#boundUs = boundUs;
    this.#atUs = nowUs;
    return true;
  }
}
