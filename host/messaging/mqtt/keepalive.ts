/**
 * Keep-alive, MQTT 5 section 3.1.2.10. Every half interval: ping when either side was silent since the last look; a ping that
 * nothing answered by the next look means a dead broker. So a dead one is found within one interval, and we never are
 * silent for longer than one.
 */
import type { Clock } from '../../base/index.ts';

export class KeepAlive {
  readonly #clock: Clock;
  readonly #halfMs: number;
  readonly #ping: () => void;
  readonly #deaf: () => boolean;
  readonly #dead: () => void;
  #cancel: (() => void) | undefined;
  #sent = false;
  #heard = false;
  #waiting = false;

  /** `seconds` 0 turns it off, as in the standard. */
  constructor(options: { clock: Clock; seconds: number; ping: () => void; deaf: () => boolean; dead: () => void }) {
    this.#clock = options.clock;
    this.#halfMs = options.seconds * 500;
    this.#ping = options.ping;
    this.#deaf = options.deaf;
    this.#dead = options.dead;
    if (options.seconds > 0) this.#arm();
  }

  sent(): void {
    this.#sent = true;
  }

  heard(): void {
    this.#heard = true;
    this.#waiting = false;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    this.#cancel = this.#clock.after(this.#halfMs, () => this.#look());
  }

  #look(): void {
    if (this.#waiting && !this.#deaf()) {
      this.#dead();
      return;
    }
    const silent = !(this.#sent && this.#heard);
    this.#sent = false;
    this.#heard = false;
    if (silent) {
      this.#waiting = true;
      this.#ping();
      this.#sent = false;
    }
    this.#arm();
  }
}
