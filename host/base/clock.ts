/**
 * Time of this machine or of a simulation. Each component gets its clock passed in, so a test or a simulation controls
 * it.
 */

export interface Clock {
  /** Monotonic time since the clock started, in whole microseconds. */
  nowUs(): number;
  /** UTC in milliseconds since 1970. It can jump. */
  utcMs(): number;
  /** Calls `run` once at `us`, or as soon as possible after it. Returns a function that cancels the call. */
  at(us: number, run: () => void): () => void;
  /** Calls `run` once after `delayMs`. Returns a function that cancels the call. */
  after(delayMs: number, run: () => void): () => void;
}

/** The longest delay that setTimeout takes. */
const MAX_DELAY_MS = 0x7fff_ffff;

/** The time of this machine. One clock may serve many nodes. */
export class RealClock implements Clock {
  readonly #startMs = performance.now();
  readonly #keepsAlive: boolean;

  /** `keepsAlive: false`: pending timers don't keep the process alive. */
  constructor({ keepsAlive = true }: { keepsAlive?: boolean } = {}) {
    this.#keepsAlive = keepsAlive;
  }

  nowUs(): number {
    return Math.floor((performance.now() - this.#startMs) * 1000);
  }
  utcMs(): number {
    return Date.now();
  }

  at(us: number, run: () => void): () => void {
    let timer: NodeJS.Timeout;
    // Timers have whole milliseconds and may fire early; `arm` then waits for the rest.
    const arm = () => {
      const leftMs = Math.ceil((us - this.nowUs()) / 1000);
      timer = setTimeout(() => (this.nowUs() >= us ? run() : arm()), Math.min(Math.max(leftMs, 0), MAX_DELAY_MS));
      if (!this.#keepsAlive) timer.unref();
    };
    arm();
    return () => clearTimeout(timer);
  }

  after(delayMs: number, run: () => void): () => void {
    return this.at(this.nowUs() + Math.round(delayMs * 1000), run);
  }
}

/** The clock of this process. Its timers keep the process alive, as the connections do that they guard. */
export const systemClock: Clock = new RealClock();

/**
 * The clock of this process for timers that don't keep it alive, such as those of a link that waits for its other end.
 */
export const backgroundClock: Clock = new RealClock({ keepsAlive: false });

interface Due {
  us: number;
  run: () => void;
}

/** Simulated time: a queue of calls in the order of their time, and of their request where the times are equal. */
export class VirtualClock implements Clock {
  readonly #startUtcMs: number;
  #nowUs = 0;
  /** Sorted, with the earliest last, so that removing it is cheap. */
  #queue: Due[] = [];

  /** `startUtcMs`: UTC at time 0. */
  constructor(startUtcMs = 0) {
    this.#startUtcMs = startUtcMs;
  }

  nowUs(): number {
    return this.#nowUs;
  }
  utcMs(): number {
    return this.#startUtcMs + Math.floor(this.#nowUs / 1000);
  }

  after(delayMs: number, run: () => void): () => void {
    return this.at(this.#nowUs + Math.max(0, Math.round(delayMs * 1000)), run);
  }

  at(us: number, run: () => void): () => void {
    const due = { us: Math.max(us, this.#nowUs), run };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#queue[middle]!.us > due.us) low = middle + 1;
      else high = middle;
    }
    // Inserted before all calls of the same time: calls are taken from the end, so earlier requests run first.
    this.#queue.splice(low, 0, due);
    return () => {
      const index = this.#queue.indexOf(due);
      if (index >= 0) this.#queue.splice(index, 1);
    };
  }

  /** Number of pending calls. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Time of the next call, or null if none is pending. */
  nextUs(): number | null {
    return this.#queue.at(-1)?.us ?? null;
  }

  /** Advances to the time of the next call and makes it. Returns false if there is none up to `limitUs`. */
  runNext(limitUs = Number.MAX_SAFE_INTEGER): boolean {
    const next = this.#queue.at(-1);
    if (next === undefined || next.us > limitUs) return false;
    this.#queue.pop();
    this.#nowUs = Math.max(this.#nowUs, next.us);
    next.run();
    return true;
  }

  /** Advances the time without making calls, as work does: calls that become due meanwhile are late. */
  spend(us: number): void {
    this.#nowUs += us;
  }

  /** Makes all calls up to and including `us` and sets the clock to `us`. */
  runUntil(us: number): void {
    while (this.runNext(us));
    this.#nowUs = Math.max(this.#nowUs, us);
  }

  /** Makes all calls of the next `ms` milliseconds. */
  advance(ms: number): void {
    this.runUntil(this.#nowUs + Math.round(ms * 1000));
  }
}
