/**
 * A bounded sample of the messages that no decoder has, by topic. A flood of new topics puts out the topics that have
 * been silent longest, so what goes on sending stays in the sample.
 */
import type { RawMessage } from '../model/index.ts';

export interface UnknownLimits {
  readonly topics: number;
  /** Messages of one topic, the latest ones. */
  readonly messages: number;
  /** Payloads of all messages. */
  readonly bytes: number;
}

const LIMITS: UnknownLimits = { topics: 2000, messages: 20, bytes: 4 * 1024 * 1024 };
/** A longer message is counted, and not kept. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;

export interface UnknownTopic {
  readonly topic: string;
  /** Since they are counted. */
  readonly messages: number;
  /** UTC microseconds. */
  readonly firstUs: number;
  readonly lastUs: number;
  readonly sample: readonly RawMessage[];
}

interface Entry extends UnknownTopic {
  messages: number;
  firstUs: number;
  lastUs: number;
  sample: RawMessage[];
}

export class UnknownMessages {
  readonly #limits: UnknownLimits;
  /** The one that has been silent longest comes first. */
  readonly #topics = new Map<string, Entry>();
  #bytes = 0;

  constructor(limits = LIMITS) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get topics(): readonly UnknownTopic[] {
    return [...this.#topics.values()];
  }

  add(message: RawMessage): void {
    const { topic, receivedUs } = message;
    const entry = this.#topics.get(topic) ?? {
      topic,
      messages: 0,
      firstUs: receivedUs,
      lastUs: receivedUs,
      sample: [],
    };
    this.#topics.delete(topic);
    this.#topics.set(topic, entry);
    entry.messages++;
    entry.firstUs = Math.min(entry.firstUs, receivedUs);
    entry.lastUs = Math.max(entry.lastUs, receivedUs);
    if (message.payload.length <= MAX_PAYLOAD_BYTES) {
      // A copy: the bytes may be a part of a large buffer.
      entry.sample.push({ ...message, payload: Uint8Array.from(message.payload) });
      this.#bytes += message.payload.length;
      if (entry.sample.length > this.#limits.messages) this.#bytes -= entry.sample.shift()!.payload.length;
    }
    while (this.#topics.size > this.#limits.topics || this.#bytes > this.#limits.bytes) this.#evict();
  }

  /** Adds what came before, where there is room: messages that are known stay. */
  addEarlier({ topic, messages, firstUs, lastUs, sample }: UnknownTopic): void {
    const known = this.#topics.get(topic);
    if (known !== undefined) {
      known.messages += messages;
      known.firstUs = Math.min(known.firstUs, firstUs);
    } else if (this.#topics.size >= this.#limits.topics) return;
    const entry = known ?? { topic, messages, firstUs, lastUs, sample: [] };
    this.#topics.set(topic, entry);
    for (const message of [...sample].reverse()) {
      if (entry.sample.length >= this.#limits.messages) return;
      if (message.payload.length > MAX_PAYLOAD_BYTES || this.#bytes + message.payload.length > this.#limits.bytes)
        return;
      entry.sample.unshift(message);
      this.#bytes += message.payload.length;
    }
  }

  /** Forgets topics that have a decoder by now. */
  forget(isKnown: (topic: string) => boolean): void {
    for (const topic of [...this.#topics.keys()]) if (isKnown(topic)) this.#remove(topic);
  }

  #evict(): void {
    this.#remove(this.#topics.keys().next().value!);
  }

  #remove(topic: string): void {
    for (const { payload } of this.#topics.get(topic)!.sample) this.#bytes -= payload.length;
    this.#topics.delete(topic);
  }
}
