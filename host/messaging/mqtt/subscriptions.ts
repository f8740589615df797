/** The subscriptions of a client and their handlers. They are made again when the broker has lost the session. */
import { MoteError } from '../../base/index.ts';
import { reasonError } from './reasons.ts';
import { isTopicFilter, matches } from './topic.ts';
import type { Outbound, Received, Subscription } from './types.ts';

export type Handler = (message: Received) => void | Promise<void>;
type Request = Outbound & { type: 'subscribe' | 'unsubscribe' };

interface Entry {
  subscription: Subscription;
  handler: Handler;
  /** The broker's present session has it. */
  granted: boolean;
}

interface Waiting {
  request: Request;
  resolve(): void;
  reject(error: MoteError): void;
}

export class Subscriptions {
  readonly #entries = new Map<string, Entry>();
  readonly #sent = new Map<number, Waiting>();
  #unsent: Waiting[] = [];
  #send: ((packet: Request) => void) | undefined;
  readonly #packetId: (used: (id: number) => boolean) => number;

  constructor(packetId: (used: (id: number) => boolean) => number) {
    this.#packetId = packetId;
  }

  uses(id: number): boolean {
    return this.#sent.has(id);
  }

  /** Resolves when the broker has granted it; rejects with its reason. Waits until the client is online. */
  subscribe(subscription: Subscription, handler: Handler): Promise<void> {
    if (!isTopicFilter(subscription.filter)) {
      const text = JSON.stringify(subscription.filter.slice(0, 100));
      return Promise.reject(
        new MoteError('MQTT_FILTER', `${text} is not a topic filter; # must be last, and + alone in its level.`),
      );
    }
    this.#entries.set(subscription.filter, { subscription, handler, granted: false });
    return this.#ask({ type: 'subscribe', id: 0, subscriptions: [subscription] });
  }

  unsubscribe(filter: string): Promise<void> {
    this.#entries.delete(filter);
    return this.#ask({ type: 'unsubscribe', id: 0, filters: [filter] });
  }

  handlers(topic: string): Handler[] {
    return [...this.#entries.values()].filter((e) => matches(e.subscription.filter, topic)).map((e) => e.handler);
  }

  online(send: (packet: Request) => void, resumed: boolean): void {
    this.#send = send;
    for (const entry of this.#entries.values()) entry.granted &&= resumed && !entry.subscription.refresh;
    const waiting = [...this.#sent.values(), ...this.#unsent];
    this.#sent.clear();
    this.#unsent = [];
    for (const item of waiting) this.#transmit(item);
    const asked = new Set(waiting.flatMap((w) => (w.request.type === 'subscribe' ? w.request.subscriptions : [])));
    for (const entry of this.#entries.values()) {
      // Nobody waits for a refusal of a repeated subscription. The entry stays, and the next connection tries again.
      if (!entry.granted && !asked.has(entry.subscription)) {
        void this.#ask({ type: 'subscribe', id: 0, subscriptions: [entry.subscription] }).catch(() => {});
      }
    }
  }

  offline(): void {
    this.#send = undefined;
  }

  /** Handles a SUBACK or UNSUBACK. Returns false for an unknown id. */
  acknowledge(id: number, codes: number[], text: string): boolean {
    const waiting = this.#sent.get(id);
    if (waiting === undefined) return false;
    this.#sent.delete(id);
    const { request } = waiting;
    const names = request.type === 'subscribe' ? request.subscriptions.map((s) => s.filter) : request.filters;
    const bad = codes.find((code) => code >= 0x80);
    if (bad !== undefined) {
      waiting.reject(reasonError(bad, `The broker refused to ${request.type} ${names.join(', ')}`, text));
      return true;
    }
    for (const name of names) {
      const entry = this.#entries.get(name);
      if (entry !== undefined && request.type === 'subscribe') entry.granted = true;
    }
    waiting.resolve();
    return true;
  }

  close(error: MoteError): void {
    this.offline();
    for (const waiting of [...this.#sent.values(), ...this.#unsent]) waiting.reject(error);
    this.#sent.clear();
    this.#unsent = [];
  }

  #ask(request: Request): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = { request, resolve, reject };
      if (this.#send === undefined) this.#unsent.push(waiting);
      else this.#transmit(waiting);
    });
  }

  #transmit(waiting: Waiting): void {
    const id = this.#packetId((candidate) => this.#sent.has(candidate));
    this.#sent.set(id, waiting);
    this.#send?.({ ...waiting.request, id });
  }
}
