/** Time as the gateway sees it; tests pass a virtual one. */
export interface Clock {
  /** UTC in milliseconds since 1970. Message expiry outlives the process, so this is wall time. */
  nowMs(): number;
  /** Calls `fn` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, fn: () => void): () => void;
}

/** The machine's clock. Timers keep the process alive, as the connections that they guard do. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};
