/**
 * UTC on a node: F. Cristian, "Probabilistic clock synchronization", Distributed Computing 3, 1989. The shim's time
 * counts for the middle of the round trip, so half of the round trip bounds the error. An answer replaces the estimate
 * if its bound is smaller than the bound of the old one plus its drift since.
 */
import { NodeConstant } from '../../base/abi/index.ts';
import type { TimeReply } from '../link/index.ts';

/** A UTC beyond the maximum is a mistake: its microseconds need more than 53 bits. */
const { utcDriftPpm: DRIFT_PPM, maxUtcMs: MAX_UTC_MS } = NodeConstant;

export class UtcClock {
  /** UTC in microseconds at time 0 of the node's clock. */
  #offsetUs: number | null;
  #boundUs = 0;
  #atUs = 0;
  readonly #fixed: boolean;
  #asked: number | null = null;

  /** `utcMs`: UTC at time 0 of the node's clock, if it is known without a link. */
  constructor(utcMs: number | null = null) {
    this.#fixed = utcMs !== null;
    this.#offsetUs = utcMs === null ? null : Math.round(utcMs * 1000);
  }

  get known(): boolean {
    return this.#offsetUs !== null;
  }
  /** True if the time must be requested over a link. */
  get asks(): boolean {
    return !this.#fixed;
  }

  /** Converts a time of the node's clock to UTC milliseconds; null while UTC is unknown. */
  at(us: number): number | null {
    return this.#offsetUs === null ? null : Math.floor((this.#offsetUs + us) / 1000);
  }

  ask(nowUs: number): void {
    this.#asked = nowUs;
  }

  /** Processes an answer. Returns true if it belongs to the last request and improved the clock. */
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
