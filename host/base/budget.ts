/**
 * Limits how often something may happen: `burst` times at once, and once more each `everyUs`. It starts full. The C
 * twin is boards/base/budget.c.
 */
export interface BudgetOptions {
  burst: number;
  everyUs: number;
}

export class Budget {
  readonly #options: BudgetOptions;
  /** What has happened takes until here, at one each `everyUs`. */
  #spentUntilUs = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
  }

  /** Returns the microseconds until it may happen, 0 if it may now. */
  waitUs(nowUs: number): number {
    const { burst, everyUs } = this.#options;
    return Math.max(0, Math.max(this.#spentUntilUs, nowUs) - nowUs - (burst - 1) * everyUs);
  }

  /** Counts it as happening now. */
  spend(nowUs: number): void {
    this.#spentUntilUs = Math.max(this.#spentUntilUs, nowUs) + this.#options.everyUs;
  }

  /** Returns whether it may happen now, and if so counts it. */
  take(nowUs: number): boolean {
    if (this.waitUs(nowUs) > 0) return false;
    this.spend(nowUs);
    return true;
  }
}

const DAY_US = 86_400_000_000;

/** A budget of `count` a day. */
export function dayBudget(count: number): Budget {
  return new Budget({ burst: count, everyUs: DAY_US / count });
}
