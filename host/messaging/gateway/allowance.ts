/** Limits how often something may happen: `burst` times at once, and once more each `everyMs`. */
import type { Clock } from '../../base/index.ts';

export interface AllowanceOptions {
  clock: Clock;
  burst: number;
  everyMs: number;
}

export class Allowance {
  readonly #options: AllowanceOptions;
  #left: number;
  #filledUs: number;

  constructor(options: AllowanceOptions) {
    this.#options = options;
    this.#left = options.burst;
    this.#filledUs = options.clock.nowUs();
  }

  /** Returns whether it may happen now, and if so counts it. */
  take(): boolean {
    const { clock, burst, everyMs } = this.#options;
    const more = Math.floor((clock.nowUs() - this.#filledUs) / (everyMs * 1000));
    this.#left = Math.min(burst, this.#left + more);
    this.#filledUs += more * everyMs * 1000;
    if (this.#left === 0) return false;
    this.#left--;
    return true;
  }
}
