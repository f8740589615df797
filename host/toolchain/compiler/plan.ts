/**
 * The memory plan: the offset of each buffer in one arena, decided at compile time. Buffers whose lifetimes intersect must not overlap.
 */

/** A piece of memory that is needed from step `first` to step `last`, both included. */
export interface Buffer {
  bytes: number;
  first: number;
  last: number;
}

export interface Placement {
  /** Offset of each buffer, in the order given; multiples of `ALIGNMENT`. */
  offsets: readonly number[];
  bytes: number;
}

/** Every buffer starts at a multiple of this. */
export const ALIGNMENT = 4;
/** Rounds of the search below; each costs about the square of the number of buffers. */
const ROUNDS = 200;
/** Above this many buffers only a greedy plan is made. */
const SEARCH_LIMIT = 150;

export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** The lower bound of every plan: the largest sum of buffers that are alive at one step. */
export function lowerBound(buffers: readonly Buffer[]): number {
  const changes = new Map<number, number>();
  for (const { bytes, first, last } of buffers) {
    changes.set(first, (changes.get(first) ?? 0) + align(bytes));
    changes.set(last + 1, (changes.get(last + 1) ?? 0) - align(bytes));
  }
  let alive = 0;
  let peak = 0;
  for (const step of [...changes.keys()].sort((a, b) => a - b)) {
    alive += changes.get(step)!;
    peak = Math.max(peak, alive);
  }
  return peak;
}

/**
 * Places buffers one after another, each at the lowest offset that is free during its lifetime: in several orders, then in random
 * variations of the best one (seeded, so that a model always compiles to the same bytes), until the lower bound is reached.
 */
export function plan(buffers: readonly Buffer[]): Placement {
  const bound = lowerBound(buffers);
  const order = buffers.map((_, i) => i);
  const size = (i: number) => buffers[i]!.bytes;
  const life = (i: number) => buffers[i]!.last - buffers[i]!.first + 1;
  const orders = [
    [...order].sort((a, b) => size(b) - size(a) || a - b),
    [...order].sort((a, b) => size(b) * life(b) - size(a) * life(a) || a - b),
    [...order].sort((a, b) => life(b) - life(a) || size(b) - size(a) || a - b),
    [...order].sort((a, b) => buffers[a]!.first - buffers[b]!.first || size(b) - size(a) || a - b),
  ];
  let bestOrder = orders[0]!;
  let best = place(buffers, bestOrder);
  for (const candidate of orders.slice(1)) {
    const placement = place(buffers, candidate);
    if (placement.bytes < best.bytes) [best, bestOrder] = [placement, candidate];
  }
  if (buffers.length > SEARCH_LIMIT) return best;
  const random = xorshift(0x9e3779b9);
  for (let round = 0; round < ROUNDS && best.bytes > bound; round++) {
    const candidate = [...bestOrder];
    for (let swaps = 1 + (random() % 3); swaps > 0; swaps--) {
      const [moved] = candidate.splice(random() % candidate.length, 1);
      candidate.splice(random() % (candidate.length + 1), 0, moved!);
    }
    const placement = place(buffers, candidate);
    if (placement.bytes <= best.bytes) [best, bestOrder] = [placement, candidate];
  }
  return best;
}

/** First fit in the given order. */
function place(buffers: readonly Buffer[], order: readonly number[]): Placement {
  const offsets = new Array<number>(buffers.length).fill(0);
  /** Placed so far, by offset. */
  const placed: number[] = [];
  let bytes = 0;
  for (const index of order) {
    const buffer = buffers[index]!;
    let at = 0;
    for (const other of placed) {
      if (!meet(buffer, buffers[other]!)) continue;
      if (offsets[other]! - at >= align(buffer.bytes)) break;
      at = Math.max(at, offsets[other]! + align(buffers[other]!.bytes));
    }
    offsets[index] = at;
    bytes = Math.max(bytes, at + align(buffer.bytes));
    const position = placed.findIndex((other) => offsets[other]! > at);
    placed.splice(position < 0 ? placed.length : position, 0, index);
  }
  return { offsets, bytes };
}

/** Whether two buffers are alive at the same step. */
export function meet(a: Buffer, b: Buffer): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** The largest free range for a buffer while `buffer` lives, among the others that are placed, within `bytes`. */
export function largestGap(
  buffers: readonly Buffer[],
  placement: Placement,
  buffer: number,
): { offset: number; bytes: number } {
  const taken = buffers
    .map((other, i) => ({ other, offset: placement.offsets[i]!, i }))
    .filter(({ other, i }) => i !== buffer && meet(other, buffers[buffer]!))
    .sort((a, b) => a.offset - b.offset);
  let best = { offset: 0, bytes: 0 };
  let at = 0;
  for (const { other, offset } of [...taken, { other: { bytes: 0, first: 0, last: 0 }, offset: placement.bytes }]) {
    if (offset - at > best.bytes) best = { offset: at, bytes: offset - at };
    at = Math.max(at, offset + align(other.bytes));
  }
  return best;
}

function xorshift(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}
