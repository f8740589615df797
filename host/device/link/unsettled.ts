/** Accepted messages whose handlers have not ended: they, and those behind them, aren't acknowledged. */
export class Unsettled {
  #messages: { seq: number; settled: boolean }[] = [];

  /** The number of the first one. */
  get first(): number | undefined {
    return this.#messages[0]?.seq;
  }

  /** Adds message `seq` until `handled` has resolved. Calls `onAdvance` when that changes which one is the first. */
  add(seq: number, handled: Promise<void>, onAdvance: () => void): void {
    const all = this.#messages;
    const message = { seq, settled: false };
    all.push(message);
    void handled.then(() => {
      message.settled = true;
      const before = all[0];
      while (all[0]?.settled) all.shift();
      // Another peer has other numbers.
      if (this.#messages === all && all[0] !== before) onAdvance();
    });
  }

  /** Forgets the messages of a peer that is gone. */
  clear(): void {
    this.#messages = [];
  }
}
