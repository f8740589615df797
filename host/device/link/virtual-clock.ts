import type { Timers } from './transport.ts';

interface Due {
  us: number;
  run: () => void;
}

/** Time that goes as fast as the work in it: a queue of what is due, in order of time and then of asking. Whole microseconds. */
export class VirtualClock implements Timers {
  #nowUs = 0;
  /** Sorted; earliest last, so that taking it is cheap. */
  #queue: Due[] = [];

  nowUs(): number {
    return this.#nowUs;
  }
  nowMs(): number {
    return this.#nowUs / 1000;
  }

  after(delayMs: number, run: () => void): () => void {
    return this.at(this.#nowUs + Math.max(0, Math.round(delayMs * 1000)), run);
  }

  /** Runs `run` when the clock shows `us`, at the earliest now. */
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

  /** Time of the next thing due, null when there is none. */
  nextUs(): number | null {
    return this.#queue.at(-1)?.us ?? null;
  }

  /** Goes to the next thing due, if it isn't after `limitUs`, and does it. */
  runNext(limitUs = Number.MAX_SAFE_INTEGER): boolean {
    const next = this.#queue.at(-1);
    if (next === undefined || next.us > limitUs) return false;
    this.#queue.pop();
    this.#nowUs = Math.max(this.#nowUs, next.us);
    next.run();
    return true;
  }

  /** Work that takes time: the clock goes on, and what becomes due meanwhile runs late. */
  spend(us: number): void {
    this.#nowUs += us;
  }

  /** Does everything due up to and at `us`; then the clock shows `us`. */
  runUntil(us: number): void {
    while (this.runNext(us));
    this.#nowUs = Math.max(this.#nowUs, us);
  }
}
