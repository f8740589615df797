/** A node's time: whole microseconds since its clock started, and what is to happen at a time. */
import { VirtualClock } from '../link/index.ts';

export { VirtualClock };

/** `VirtualClock` for simulation as fast as it goes, `RealClock` for a node that lives. One clock may serve many nodes. */
export interface Clock {
  nowUs(): number;
  nowMs(): number;
  /** Runs `run` at `us` or as soon as possible after; returns what cancels it. */
  at(us: number, run: () => void): () => void;
  after(delayMs: number, run: () => void): () => void;
}

/** Longest delay that setTimeout takes. */
const MAX_DELAY_MS = 0x7fff_ffff;

export class RealClock implements Clock {
  readonly #startMs = performance.now();

  nowUs(): number {
    return Math.floor((performance.now() - this.#startMs) * 1000);
  }
  nowMs(): number {
    return performance.now() - this.#startMs;
  }

  at(us: number, run: () => void): () => void {
    let timer: NodeJS.Timeout;
    // Timers have whole milliseconds and may fire early; what is not due yet is set again.
    const arm = () => {
      const leftMs = Math.ceil((us - this.nowUs()) / 1000);
      timer = setTimeout(() => (this.nowUs() >= us ? run() : arm()), Math.min(Math.max(leftMs, 0), MAX_DELAY_MS));
    };
    arm();
    return () => clearTimeout(timer);
  }

  after(delayMs: number, run: () => void): () => void {
    return this.at(this.nowUs() + Math.round(delayMs * 1000), run);
  }
}
