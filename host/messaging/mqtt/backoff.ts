/** Exponential backoff with jitter, so that a thousand clients don't reconnect in the same second. */
export interface BackoffOptions {
  /** Upper limit of the first wait. It doubles with each failure. */
  baseMs: number;
  capMs: number;
}

/**
 * Returns the milliseconds before attempt `attempt` (0, 1, ...): evenly distributed between half and all of min(cap, base x 2^attempt).
 * `random` is in [0, 1).
 */
export function backoffMs(attempt: number, { baseMs, capMs }: BackoffOptions, random: () => number): number {
  const max = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(max * (0.5 + 0.5 * random()));
}
