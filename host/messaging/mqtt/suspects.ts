/**
 * Finds the message because of which a broker ends connections, such as one that its parser or a plugin of it can't
 * take. After some connections that ended with messages in flight and none acknowledged, messages are sent one at a
 * time; the one that is alone in flight at the end of some more connections in a row is the cause.
 */
import type { MoteError } from '../../base/index.ts';

/** Connections in a row, before messages are sent one at a time. */
const FIRST = 3;
/** Connections in a row that end with the same message alone in flight: with a reason that may concern a message. */
const REASONED = 3;
/** Without a reason, as a broken network also ends them. */
const SILENT = 8;

/** Reasons of a DISCONNECT that have nothing to do with a message. */
const INNOCENT: ReadonlySet<string> = new Set([
  'MQTT_SHUTTING_DOWN',
  'MQTT_TAKEN_OVER',
  'MQTT_KEEP_ALIVE',
  'MQTT_BUSY',
  'MQTT_UNAVAILABLE',
  'MQTT_OTHER_SERVER',
  'MQTT_ADMIN',
  'MQTT_CONNECT_TIME',
  'MQTT_BANNED',
]);
const UNREASONED: ReadonlySet<string> = new Set(['MQTT_CLOSED', 'MQTT_NETWORK']);

export class Suspects {
  /** Connections in a row that ended without an acknowledgement. */
  #ended = 0;
  /** Messages that are still sent one at a time. */
  #alone = 0;
  #suspect = 0;
  #times = 0;

  get alone(): boolean {
    return this.#alone > 0;
  }

  /** The broker has answered a message. */
  answered(): void {
    this.#ended = 0;
    this.#times = 0;
    if (this.#alone > 0) this.#alone--;
  }

  /**
   * The broker has ended a connection while these messages were in flight. Returns the one that is the cause, once it is
   * known.
   */
  connectionEnded(error: MoteError, inflight: readonly number[]): number | undefined {
    const [first] = inflight;
    if (first === undefined || INNOCENT.has(error.code)) return undefined;
    this.#ended++;
    if (this.#alone === 0) {
      if (this.#ended >= FIRST) this.#alone = inflight.length;
      return undefined;
    }
    this.#times = first === this.#suspect ? this.#times + 1 : 1;
    this.#suspect = first;
    if (this.#times < (UNREASONED.has(error.code) ? SILENT : REASONED)) return undefined;
    this.answered();
    return first;
  }
}
