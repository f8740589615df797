/** The mistakes of one file, with their places, so that one reading names several. */
import { MoteError } from '../../base/index.ts';

const MAX_SHOWN = 10;

/** Where something stands: `line 3`, `placements[2]`, or the path of an asset. */
export type Place = string;

export class Faults {
  readonly #texts: string[] = [];
  #count = 0;

  add(place: Place, what: string): void {
    this.#count++;
    if (this.#texts.length < MAX_SHOWN) this.#texts.push(`${place}: ${what}`);
  }

  get any(): boolean {
    return this.#count > 0;
  }

  /** Throws `ASSETS` if there is a mistake. */
  check(): void {
    if (!this.any) return;
    const more = this.#count - this.#texts.length;
    const lines = more === 0 ? this.#texts : [...this.#texts, `and ${more} more`];
    throw new MoteError('ASSETS', lines.join('\n'));
  }
}
