/** Exponential backoff with jitter, so that a thousand clients don't come back in the same second. */
export interface BackoffOptions {
  /** First longest wait; doubles with each failure. */
  baseMs: number;
  capMs: number;
}

/** Milliseconds before attempt `attempt` (0, 1, ...): even between half and all of min(cap, base x 2^attempt). `random` is in [0, 1). */
export function backoffMs(attempt: number, { baseMs, capMs }: BackoffOptions, random: () => number): number {
  const most = Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(most * (0.5 + 0.5 * random()));
}
