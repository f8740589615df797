/** The sending half of a session: messages in order, which of them are in flight, and which the peer has. */

interface Queued<Out> {
  message: Out;
  body: Uint8Array;
  /** What it takes in a node's memory. */
  cost: number;
}

export class SendWindow<Out> {
  #queue: Queued<Out>[] = [];
  /** Number of the first one. */
  #base = 0;
  /** How many are in flight on the present stream. */
  #inFlight = 0;
  /** How many were ever sent to this peer. */
  #sent = 0;

  get length(): number {
    return this.#queue.length;
  }
  get inFlight(): number {
    return this.#inFlight;
  }

  /** What the messages of a kind take in a node's memory. */
  bytes(counts: (message: Out) => boolean): number {
    return this.#queue.reduce((sum, { message, cost }) => sum + (counts(message) ? cost : 0), 0);
  }

  push(message: Out, body: Uint8Array, cost: number): void {
    this.#queue.push({ message, body, cost });
  }

  /** The next one to put in flight, `again` when this peer was sent it before; null when `limit` are, or none is left. */
  next(limit: number): { seq: number; body: Uint8Array; again: boolean } | null {
    const index = this.#inFlight;
    if (index >= limit || index >= this.#queue.length) return null;
    this.#inFlight++;
    const again = index < this.#sent;
    if (!again) this.#sent++;
    return { seq: (this.#base + index) & 0xffff, body: this.#queue[index]!.body, again };
  }

  /** Nothing is in flight any more: all goes out again. */
  rewind(): void {
    this.#inFlight = 0;
  }

  /** Takes all before number `next` off; how many, or null for a number that was never sent. */
  acknowledge(next: number): number | null {
    const count = (next - this.#base) & 0xffff;
    if (count > this.#sent) return null;
    this.#queue.splice(0, count);
    this.#base = next;
    this.#inFlight = Math.max(this.#inFlight - count, 0);
    this.#sent -= count;
    return count;
  }

  /** Empties it for a new peer and returns what nobody acknowledged. */
  restart(): Out[] {
    const pending = this.#queue.map((entry) => entry.message);
    this.#queue = [];
    this.#base = 0;
    this.#inFlight = 0;
    this.#sent = 0;
    return pending;
  }
}
