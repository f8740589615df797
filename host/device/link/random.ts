/**
 * Repeatable random numbers: xorshift32 (G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8(14), 2003).
 */
export class Xorshift {
  #state: number;

  constructor(seed: number) {
    // A state of zero would stay zero. The multiplication separates neighbouring seeds.
    this.#state = Math.imul(seed | 0, 0x9e37_79b1) ^ 0x2545_f491 || 1;
    for (let i = 0; i < 8; i++) this.next();
  }

  /** Returns 32 random bits as an int32, never 0. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x;
  }

  /** Returns a number x, 0 <= x < 1. */
  unit(): number {
    return (this.next() >>> 0) / 0x1_0000_0000;
  }

  /** Returns an integer x, 0 <= x < limit. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }
}
