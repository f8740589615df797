/** Both ends of a stream inside one process, with faults as of a bad radio or a loose cable, repeatable from a seed. */
import type { Clock } from '../../base/index.ts';
import type { Transport } from './transport.ts';

/** Probabilities from 0 to 1, for each write. */
export interface FaultPlan {
  /** The bytes of one write never arrive. */
  drop?: number;
  /** One bit of a write flips. */
  corrupt?: number;
  /** A write arrives twice. */
  duplicate?: number;
  /** A write arrives in two pieces. */
  split?: number;
  /** The stream ends after this write. */
  cut?: number;
  /** Delay of each write. */
  delayMs?: number;
}

export interface Pair {
  a: Transport;
  b: Transport;
  /** Ends the stream. Bytes under way are lost, and both ends are notified. */
  cut(): void;
}

/**
 * Creates a stream in each direction. Bytes arrive in order, delivered by `clock` and never inside `write`. `random`
 * returns 0 <= x < 1; without it no fault happens.
 */
export function transportPair(clock: Clock, faults: FaultPlan = {}, random: () => number = () => 1): Pair {
  let open = true;
  const ends = [new End(), new End()] as const;
  const cut = () => {
    if (!open) return;
    open = false;
    // Deferred, as a socket does it: a close listener may attach a new stream at once.
    clock.after(0, () => {
      for (const end of ends) end.closed();
    });
  };
  const transport = (own: End, other: End): Transport => ({
    write(bytes) {
      if (!open) return;
      for (const part of damage(bytes, faults, random)) {
        clock.after(faults.delayMs ?? 0, () => {
          if (open) other.data(part);
        });
      }
      // Bytes written before the cut arrive, bytes written after it don't.
      if (random() < (faults.cut ?? 0)) clock.after(faults.delayMs ?? 0, cut);
    },
    onData: (listener) => {
      own.data = listener;
    },
    onClose: (listener) => {
      own.closed = listener;
    },
    close: cut,
  });
  return { a: transport(ends[0], ends[1]), b: transport(ends[1], ends[0]), cut };
}

class End {
  data: (bytes: Uint8Array) => void = () => {};
  closed: () => void = () => {};
}

function damage(bytes: Uint8Array, faults: FaultPlan, random: () => number): Uint8Array[] {
  if (random() < (faults.drop ?? 0)) return [];
  const copy = bytes.slice();
  if (random() < (faults.corrupt ?? 0)) {
    const bit = Math.floor(random() * copy.length * 8);
    copy[bit >> 3]! ^= 1 << (bit & 7);
  }
  const parts = [copy];
  if (random() < (faults.split ?? 0)) {
    const at = Math.floor(random() * copy.length);
    parts.splice(0, 1, copy.subarray(0, at), copy.subarray(at));
  }
  if (random() < (faults.duplicate ?? 0)) parts.push(copy.slice());
  return parts;
}
