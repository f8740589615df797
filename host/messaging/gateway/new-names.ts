/**
 * Names of nodes that peers bring. Each name costs a connection to the broker for good, so one connection may bring only
 * some, and one address of another machine only a limited number that are on no list.
 */
import { GatewayConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import { isLoopback } from '../broker/index.ts';

/** A connection, and what it has brought. */
export interface Bringer {
  /** The address of its host; empty if it has none. */
  readonly origin: string;
  /** It is one of many that anybody may open. */
  readonly passing: boolean;
}

export class NewNames {
  readonly #perAddress: number;
  readonly #byLink = new WeakMap<Bringer, Set<string>>();
  readonly #byAddress = new Map<string, Set<string>>();

  /** `perAddress`: Infinity if there is a list of the names that may connect. */
  constructor(perAddress: number) {
    this.#perAddress = perAddress;
  }

  /** Notes that this link brings `node`. `known`: the name has a connection to the broker. Throws `NAMES_FULL`. */
  take(link: Bringer, node: string, known: boolean): void {
    if (!link.passing) return;
    const onLink = this.#byLink.get(link) ?? new Set();
    if (!onLink.has(node) && onLink.size >= GatewayConstant.linkNames) {
      throw full(`A connection from ${link.origin || 'an unknown address'}`, GatewayConstant.linkNames);
    }
    if (!known && link.origin !== '' && !isLoopback(link.origin.replace(/^::ffff:/, ''))) {
      const ofAddress = this.#byAddress.get(link.origin) ?? new Set();
      if (ofAddress.size >= this.#perAddress) throw full(`The address ${link.origin}`, this.#perAddress);
      this.#byAddress.set(link.origin, ofAddress.add(node));
    }
    this.#byLink.set(link, onLink.add(node));
  }
}

function full(who: string, names: number): MoteError {
  return new MoteError(
    'NAMES_FULL',
    `${who} has brought ${names} names of nodes, which is the maximum; another was rejected. Find out what connects from there.`,
  );
}
