/**
 * The sending half of a session: queued messages in order, which of them are in flight, and which the peer
 * acknowledged.
 */

interface Queued<Out> {
  message: Out;
  body: Uint8Array;
  /** Bytes that it takes in a node's memory. */
  cost: number;
}

export class SendWindow<Out> {
  #queue: Queued<Out>[] = [];
  /** Sequence number of the first message. */
  #base = 0;
  /** Messages in flight on the present stream. */
  #inFlight = 0;
  /** Messages that were ever sent to this peer. */
  #sent = 0;

  get length(): number {
    return this.#queue.length;
  }
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Bytes that the messages selected by `counts` take in a node's memory. */
  bytes(counts: (message: Out) => boolean): number {
    return this.#queue.reduce((sum, { message, cost }) => sum + (counts(message) ? cost : 0), 0);
  }

  push(message: Out, body: Uint8Array, cost: number): void {
    this.#queue.push({ message, body, cost });
  }

  /**
   * Puts the next message in flight and returns it; `again` if it was sent to this peer before. Returns null if `limit`
   * messages are in flight or none is left.
   */
  next(limit: number): { seq: number; body: Uint8Array; again: boolean } | null {
    const index = this.#inFlight;
    if (index >= limit || index >= this.#queue.length) return null;
    this.#inFlight++;
    const again = index < this.#sent;
    if (!again) this.#sent++;
    return { seq: (this.#base + index) & 0xffff, body: this.#queue[index]!.body, again };
  }

  /** Marks all messages as not in flight, so that all are sent again. */
  rewind(): void {
    this.#inFlight = 0;
  }

  /** Removes all messages before number `next`. Returns how many, or null for a number that was never sent. */
  acknowledge(next: number): number | null {
    const count = (next - this.#base) & 0xffff;
    if (count > this.#sent) return null;
    this.#queue.splice(0, count);
    this.#base = next;
    this.#inFlight = Math.max(this.#inFlight - count, 0);
    this.#sent -= count;
    return count;
  }

  /** Empties the queue for a new peer and returns the messages that weren't acknowledged. */
  restart(): Out[] {
    const pending = this.#queue.map((entry) => entry.message);
    this.#queue = [];
    this.#base = 0;
    this.#inFlight = 0;
    this.#sent = 0;
    return pending;
  }
}
