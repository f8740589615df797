/**
 * New connections to the broker: a limited number whose client isn't accepted yet, each for a limited time, and served so
 * that those who never log in hold up no one else.
 */
import type { Socket } from 'node:net';
import { GatewayConstant } from '../../base/abi/index.ts';
import type { Clock } from '../../base/index.ts';

/** A client that isn't accepted within this time is disconnected. */
export const LOGIN_MS = 10_000;
/** So that many connections at once don't hold up the clients that are there. */
const CONNECTIONS_A_TURN = 4;
/**
 * After one of its connections ended without a login, an address is served one connection in each of so many of these
 * times: the memory that reads from strangers take would otherwise be collected in long pauses.
 */
const PACE_MS = 20;
const PACES = 50;

interface Waiting {
  readonly address: string;
  serve: (() => void) | null;
  /** Ends the time limit. */
  readonly stop: () => void;
}

export class Logins {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #waiting = new Map<Socket, Waiting>();
  /** By address: how many paces are left, and whether a connection may be served in this one. */
  readonly #suspects = new Map<string, { paces: number; ready: boolean }>();
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Calls `serve` at the connection's turn, with the function to call when the client is accepted. Beyond the limit the
   * oldest connection makes room.
   */
  add(socket: Socket, serve: (accepted: () => void) => void): void {
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined && this.#waiting.size >= GatewayConstant.brokerLogins) {
      this.#end(oldest);
      oldest.destroy();
    }
    const address = socket.remoteAddress ?? '';
    // An error before it is served, such as a reset, only closes it.
    socket.on('error', () => {});
    socket.once('close', () => {
      if (this.#end(socket)) this.#suspect(address);
    });
    this.#waiting.set(socket, {
      address,
      serve: () => serve(() => this.#end(socket)),
      stop: this.#clock.after(LOGIN_MS, () => socket.destroy()),
    });
    this.#schedule();
  }

  /** Returns whether the connection was waiting for a login. */
  #end(socket: Socket): boolean {
    this.#waiting.get(socket)?.stop();
    return this.#waiting.delete(socket);
  }

  #suspect(address: string): void {
    const known = this.#suspects.get(address);
    if (known !== undefined) {
      known.paces = PACES;
      return;
    }
    const suspect = { paces: PACES, ready: false };
    this.#suspects.set(address, suspect);
    const pace = () => {
      suspect.ready = true;
      suspect.paces--;
      if (suspect.paces === 0) this.#suspects.delete(address);
      else this.#clock.after(PACE_MS, pace);
      this.#schedule();
    };
    this.#clock.after(PACE_MS, pace);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    let left = CONNECTIONS_A_TURN;
    for (const waiting of this.#waiting.values()) {
      const { serve } = waiting;
      if (serve === null || !this.#mayServe(waiting.address)) continue;
      waiting.serve = null;
      serve();
      left--;
      if (left > 0) continue;
      this.#schedule();
      return;
    }
  }

  #mayServe(address: string): boolean {
    const suspect = this.#suspects.get(address);
    if (suspect === undefined) return true;
    const { ready } = suspect;
    suspect.ready = false;
    return ready;
  }
}
