/** Time: of this machine, or of a simulation. Each component gets its clock passed in, so that a test or a simulation decides what time it is. */

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

  /** `keepsAlive: false`: a timer that waits doesn't keep the process alive. */
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
    // Timers have whole milliseconds and may fire early: then the rest of the time is waited for again.
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

/** The clock of this process. Its timers keep the process alive, as the connections that they guard do. */
export const systemClock: Clock = new RealClock();

/** The same for timers that don't keep the process alive, such as those of a link that waits for its other end. */
export const backgroundClock: Clock = new RealClock({ keepsAlive: false });

interface Due {
  us: number;
  run: () => void;
}

/** Time that goes as fast as the work in it: a queue of calls in the order of their time, then of their request. */
export class VirtualClock implements Clock {
  readonly #startUtcMs: number;
  #nowUs = 0;
  /** Sorted; earliest last, so that taking it is cheap. */
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
    // `low` is before all of the same time: they are taken from the end, so they come first.
    this.#queue.splice(low, 0, due);
    return () => {
      const index = this.#queue.indexOf(due);
      if (index >= 0) this.#queue.splice(index, 1);
    };
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Time of the next call, null when none waits. */
  nextUs(): number | null {
    return this.#queue.at(-1)?.us ?? null;
  }

  /** Goes to the time of the next call, unless it is after `limitUs`, and makes it. */
  runNext(limitUs = Number.MAX_SAFE_INTEGER): boolean {
    const next = this.#queue.at(-1);
    if (next === undefined || next.us > limitUs) return false;
    this.#queue.pop();
    this.#nowUs = Math.max(this.#nowUs, next.us);
    next.run();
    return true;
  }

  /** Lets work take time: calls that become due meanwhile are late. */
  spend(us: number): void {
    this.#nowUs += us;
  }

  /** Makes all calls up to and at `us`; then the clock shows `us`. */
  runUntil(us: number): void {
    while (this.runNext(us));
    this.#nowUs = Math.max(this.#nowUs, us);
  }

  /** Makes all calls of the next `ms` milliseconds. */
  advance(ms: number): void {
    this.runUntil(this.#nowUs + Math.round(ms * 1000));
  }
}
