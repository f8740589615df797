/**
 * Keep-alive, MQTT 5 section 3.1.2.10. Every half interval it sends a ping if either side was silent since the last check. If nothing
 * arrived by the next check, the broker is dead. So a dead broker is detected within one interval, and the client is never silent for
 * longer than that.
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

  /** `seconds` 0 disables it, as in the standard. */
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
