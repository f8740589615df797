/** The two things that a link needs from outside: a stream of bytes, and time. */

/** A full-duplex byte stream: a socket, a serial line, or one end of an in-process pair. Delivery may cut bytes anywhere. */
export interface Transport {
  write(bytes: Uint8Array): void;
  /** Sets the one listener; bytes are valid only during the call. */
  onData(listener: (bytes: Uint8Array) => void): void;
  /** Called once when the stream is gone, whoever ended it. */
  onClose(listener: () => void): void;
  close(): void;
}

/** Monotonic milliseconds and one-shot timers. `after` returns what cancels it. */
export interface Timers {
  nowMs(): number;
  after(delayMs: number, run: () => void): () => void;
}

/** The process's own clock. A waiting link timer doesn't keep the process alive. */
export const systemTimers: Timers = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
