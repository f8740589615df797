/** Which values of a poll are stored: all, or those that have changed enough. */
import { modbusDiffers } from '../../decode/index.ts';
import type { Place } from './plan.ts';

interface Last {
  readonly data: Uint8Array;
  readonly atUs: number;
}

export class Deadbands {
  readonly #refreshUs: number;
  readonly #last = new Map<Place, Last>();

  constructor(refreshUs: number) {
    this.#refreshUs = refreshUs;
  }

  /** True if the values of a place are to be stored; then they are the ones to compare with. */
  passes(place: Place, data: Uint8Array, nowUs: number): boolean {
    const last = this.#last.get(place);
    if (last !== undefined && !this.#differs(place, data, last, nowUs)) return false;
    this.#last.set(place, { data: Uint8Array.from(data), atUs: nowUs });
    return true;
  }

  #differs({ registers }: Place, data: Uint8Array, last: Last, nowUs: number): boolean {
    const same = Buffer.from(data).equals(last.data);
    return registers.some(({ register, deadband }) => {
      // A text is an event, which happens once.
      if (register.type === 'string') return !same;
      if (deadband === null || nowUs - last.atUs >= this.#refreshUs) return true;
      return !same && modbusDiffers(register, last.data, data, deadband);
    });
  }
}
