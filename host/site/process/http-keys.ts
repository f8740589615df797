/** Who may send messages by HTTP, how much of it, and what was refused. */
import { type Clock, sameSecret } from '../../base/index.ts';
import { matches } from '../../messaging/mqtt/index.ts';
import type { HttpKey, SiteConfig } from '../config/index.ts';

/** Why a request was refused. */
export const REFUSALS = ['key', 'topic', 'body', 'too_large', 'rate', 'busy', 'message', 'full'] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface HttpCounts {
  /** Its name; empty: no key, or an unknown one. */
  readonly key: string;
  readonly messages: number;
  readonly bytes: number;
  readonly refused: Readonly<Partial<Record<Refusal, number>>>;
}

/** Requests of one key whose body is being read or stored. */
const MAX_AT_ONCE = 16;
/** Who has the token of the site, or is on this machine when there are no keys. */
const OWN_RATE = { messages: 10_000, bytes: 64 * 1024 * 1024 };

/** A bucket that fills with `rate` a second and holds two seconds of it. May be overdrawn, so that any size fits. */
class Bucket {
  readonly #rate: number;
  readonly #clock: Clock;
  #level: number;
  #atUs: number;

  constructor(rate: number, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#level = 2 * rate;
    this.#atUs = clock.nowUs();
  }

  /** Seconds until something may be taken; 0: now. */
  get waitSeconds(): number {
    const nowUs = this.#clock.nowUs();
    this.#level = Math.min(2 * this.#rate, this.#level + ((nowUs - this.#atUs) * this.#rate) / 1e6);
    this.#atUs = nowUs;
    return this.#level > 0 ? 0 : (1 - this.#level) / this.#rate;
  }

  take(count: number): void {
    this.#level -= count;
  }
}

/** What is known of one key while the site runs. */
export class Sender {
  readonly name: string;
  readonly #topics: readonly string[];
  readonly #messagesLeft: Bucket;
  readonly #bytesLeft: Bucket;
  #atOnce = 0;
  #messages = 0;
  #bytes = 0;
  readonly #refused: Partial<Record<Refusal, number>> = {};

  constructor({ name, topics, rate }: Pick<HttpKey, 'name' | 'topics' | 'rate'>, clock: Clock) {
    this.name = name;
    this.#topics = topics;
    this.#messagesLeft = new Bucket(rate.messages, clock);
    this.#bytesLeft = new Bucket(rate.bytes, clock);
  }

  mayWrite(topic: string): boolean {
    return this.#topics.some((filter) => matches(filter, topic));
  }

  /**
   * A place for one request: the function gives it back. Else why there is none, and the whole seconds after which
   * there may be one.
   */
  enter(): (() => void) | { readonly reason: 'rate' | 'busy'; readonly retrySeconds: number } {
    const wait = Math.max(this.#messagesLeft.waitSeconds, this.#bytesLeft.waitSeconds);
    if (wait > 0) return { reason: 'rate', retrySeconds: Math.ceil(wait) };
    if (this.#atOnce >= MAX_AT_ONCE) return { reason: 'busy', retrySeconds: 1 };
    this.#atOnce++;
    return () => {
      this.#atOnce--;
    };
  }

  /** Counts towards the rate, whatever becomes of the messages. */
  spend(messages: number, bytes: number): void {
    this.#messagesLeft.take(messages);
    this.#bytesLeft.take(bytes);
  }

  stored(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
  }

  refuse(reason: Refusal): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
  }

  get counts(): HttpCounts {
    return { key: this.name, messages: this.#messages, bytes: this.#bytes, refused: { ...this.#refused } };
  }
}

export class HttpKeys {
  readonly #senders: readonly (readonly [secret: string, sender: Sender])[];
  /** Without any key or token, the API is only for this machine, and so is this. */
  readonly #open: boolean;
  readonly #own: Sender;
  readonly #nobody: Sender;

  constructor({ keys, token }: Pick<SiteConfig['http'], 'keys' | 'token'>, clock: Clock) {
    const own = { topics: ['#'], rate: OWN_RATE };
    this.#own = new Sender({ name: 'site', ...own }, clock);
    this.#nobody = new Sender({ name: '', ...own }, clock);
    this.#open = keys.length === 0 && token === null;
    this.#senders = [
      ...keys.map((key) => [key.key, new Sender(key, clock)] as const),
      ...(token === null ? [] : [[token, this.#own] as const]),
    ];
  }

  /** Whose key it is; null: nobody's, which is counted. */
  senderOf(secret: string | null): Sender | null {
    if (this.#open) return this.#own;
    // All are compared, so that the time doesn't depend on which one it is.
    const found = this.#senders.filter(([one]) => secret !== null && sameSecret(one, secret));
    if (found.length === 0) this.#nobody.refuse('key');
    return found[0]?.[1] ?? null;
  }

  get counts(): readonly HttpCounts[] {
    const all = [...this.#senders.map(([, sender]) => sender), this.#nobody, ...(this.#open ? [this.#own] : [])];
    return all.map((sender) => sender.counts);
  }
}

/** The key of a request: `Bearer KEY`, InfluxDB's `Token KEY`, the password of Basic, or the parameter `p`. */
export function secretOf(authorization: string | undefined, parameter: string | null): string | null {
  const [, scheme = '', rest = ''] = /^(Bearer|Token|Basic) +(\S+)$/i.exec(authorization ?? '') ?? [];
  if (scheme === '') return parameter;
  if (scheme.toLowerCase() !== 'basic') return rest;
  return /:(.*)$/s.exec(Buffer.from(rest, 'base64').toString('utf8'))?.[1] ?? null;
}
