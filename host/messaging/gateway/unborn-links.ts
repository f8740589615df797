/**
 * Links whose node has sent no birth yet. Whoever reaches the port can open one, so their number and their time are
 * limited. Beyond the number the oldest one of the address that has most is ended: a flood from one address displaces
 * itself, and not a node that connects from elsewhere.
 */
import type { Clock } from '../../base/index.ts';

export interface UnbornOptions<Link> {
  clock: Clock;
  maxLinks: number;
  timeMs: number;
  /** The link is over; it was removed before. `why` completes "A peer ... was disconnected: ". */
  onOver(link: Link, why: string): void;
}

export class UnbornLinks<Link extends { readonly origin: string }> {
  readonly #options: UnbornOptions<Link>;
  /** In the order of their age, because a Map keeps the order of insertion. The value cancels the time limit. */
  readonly #links = new Map<Link, () => void>();

  constructor(options: UnbornOptions<Link>) {
    this.#options = options;
  }

  get size(): number {
    return this.#links.size;
  }

  /** The link begins, or a node that is unknown has followed on it. */
  add(link: Link): void {
    const { clock, maxLinks, timeMs } = this.#options;
    this.remove(link);
    const late = () => this.#end(link, `it sent no birth in ${timeMs / 1000} s`);
    this.#links.set(link, clock.after(timeMs, late));
    if (this.size > maxLinks) this.#end(this.#oldest(), `${maxLinks} other peers had sent no birth either`);
  }

  /** The link is born, or over. */
  remove(link: Link): void {
    this.#links.get(link)?.();
    this.#links.delete(link);
  }

  #end(link: Link, why: string): void {
    this.remove(link);
    this.#options.onOver(link, why);
  }

  /** The oldest link of the address that has most. */
  #oldest(): Link {
    const counts = new Map<string, number>();
    for (const { origin } of this.#links.keys()) counts.set(origin, (counts.get(origin) ?? 0) + 1);
    const most = Math.max(...counts.values());
    for (const link of this.#links.keys()) if (counts.get(link.origin) === most) return link;
    throw new Error('There is no link.');
  }
}
