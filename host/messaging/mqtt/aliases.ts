/** Topic aliases, MQTT 5 section 3.3.2.3.4. They are valid for one connection; each direction has its own. */
import { MoteError } from '../../base/index.ts';

/** Aliases that the client assigns: the first `maximum` topics get one. Each of these topics is sent only once. */
export class OutboundAliases {
  readonly #maximum: number;
  readonly #known = new Map<string, number>();

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** Returns topic and alias for a PUBLISH. `topic` is empty when the broker knows the alias. */
  use(topic: string): { topic: string; alias: number | undefined } {
    const known = this.#known.get(topic);
    if (known !== undefined) return { topic: '', alias: known };
    if (this.#known.size >= this.#maximum) return { topic, alias: undefined };
    const alias = this.#known.size + 1;
    this.#known.set(topic, alias);
    return { topic, alias };
  }

  /** The packet that would have announced the alias was not sent. */
  forget(topic: string): void {
    this.#known.delete(topic);
  }
}

/** Aliases that the broker assigns. */
export class InboundAliases {
  readonly #maximum: number;
  readonly #topics = new Map<number, string>();

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** Returns the topic of a message. Throws `MQTT_TOPIC_ALIAS` or `MQTT_PROTOCOL`. */
  resolve(topic: string, alias: number | undefined): string {
    if (alias === undefined) {
      if (topic === '') throw new MoteError('MQTT_PROTOCOL', 'The broker sent a message without topic and alias.');
      return topic;
    }
    if (alias < 1 || alias > this.#maximum) {
      throw new MoteError(
        'MQTT_TOPIC_ALIAS',
        `The broker used topic alias ${alias}; the client allows 1 to ${this.#maximum}.`,
      );
    }
    if (topic !== '') this.#topics.set(alias, topic);
    const known = this.#topics.get(alias);
    if (known === undefined) throw new MoteError('MQTT_TOPIC_ALIAS', `The broker never set topic alias ${alias}.`);
    return known;
  }
}
