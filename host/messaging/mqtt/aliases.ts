/** Topic aliases, MQTT 5 section 3.3.2.3.4. They live as long as a connection; each direction has its own. */
import { MoteError } from '../../base/index.ts';

/** Ours: the first `maximum` topics get one; the topic itself travels only once. */
export class OutboundAliases {
  readonly #maximum: number;
  readonly #known = new Map<string, number>();

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** What to put into PUBLISH: `topic` is empty when the broker knows the alias already. */
  use(topic: string): { topic: string; alias: number | undefined } {
    const known = this.#known.get(topic);
    if (known !== undefined) return { topic: '', alias: known };
    if (this.#known.size >= this.#maximum) return { topic, alias: undefined };
    const alias = this.#known.size + 1;
    this.#known.set(topic, alias);
    return { topic, alias };
  }

  /** The packet that would have told the alias was not sent. */
  forget(topic: string): void {
    this.#known.delete(topic);
  }
}

/** The broker's. */
export class InboundAliases {
  readonly #maximum: number;
  readonly #topics = new Map<number, string>();

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** The topic that is meant. Throws `MQTT_TOPIC_ALIAS` or `MQTT_PROTOCOL`. */
  resolve(topic: string, alias: number | undefined): string {
    if (alias === undefined) {
      if (topic === '') throw new MoteError('MQTT_PROTOCOL', 'The broker sent a message without topic and alias.');
      return topic;
    }
    if (alias < 1 || alias > this.#maximum) {
      throw new MoteError('MQTT_TOPIC_ALIAS', `The broker used topic alias ${alias}; we allow 1 to ${this.#maximum}.`);
    }
    if (topic !== '') this.#topics.set(alias, topic);
    const known = this.#topics.get(alias);
    if (known === undefined) throw new MoteError('MQTT_TOPIC_ALIAS', `The broker never set topic alias ${alias}.`);
    return known;
  }
}
