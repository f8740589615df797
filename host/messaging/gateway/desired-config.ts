/**
 * The desired configuration of a node: sent to each new peer and when it changes, and again when the node has rejected
 * a change because its budget of a day was spent.
 */
import type { Clock } from '../../base/index.ts';
import { numbersIn } from '../../device/link/index.ts';
import { retryMs } from './desired.ts';

export interface DesiredConfigOptions {
  clock: Clock;
  /** Sends it to the node; false if the link is full, undefined if there is no node. */
  send: (values: Record<string, number>) => boolean | undefined;
}

export class DesiredConfig {
  readonly #options: DesiredConfigOptions;
  #values: Record<string, number> | undefined;
  #due = false;
  #cancel: (() => void) | undefined;

  constructor(options: DesiredConfigOptions) {
    this.#options = options;
  }

  /** The link was full when the configuration was due. */
  get due(): boolean {
    return this.#due;
  }

  set(values: Record<string, number>): void {
    if (JSON.stringify(values) === JSON.stringify(this.#values)) return;
    this.#values = values;
    this.send();
  }

  send(): void {
    this.stop();
    if (this.#values !== undefined) this.#due = this.#options.send(this.#values) === false;
  }

  /** The link can send again. */
  pump(): void {
    if (this.#due) this.send();
  }

  /** The node has sent this line of its log. */
  log(line: string): void {
    const rejected = numbersIn(line, 'config_budget');
    if (rejected === null) return;
    this.stop();
    this.#cancel = this.#options.clock.after(retryMs(rejected[1] ?? 0), () => this.send());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
