/**
 * Offers of decoders for messages that no decoder has. An offer is what somebody was shown: accepting it takes exactly
 * that, also if the site would offer more by then.
 */
import { createHash } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
import { isTopicFilter, matches } from '../../messaging/mqtt/index.ts';
import type { NamedDecoder } from '../config/index.ts';
import { offerOf, parseDescription, type TypeOffer, typesOf } from '../decode/index.ts';
import type { RawMessage } from '../model/index.ts';
import { readSetting, type SiteStore, writeSetting } from '../store/index.ts';
import { MAX_PAYLOAD_BYTES, UnknownMessages, type UnknownTopic } from './unknown.ts';

export interface ShownOffer extends TypeOffer {
  /** Of its description and topics. */
  readonly id: string;
  /** A name that no decoder has. */
  readonly name: string;
  /** Messages of its topics since they are counted, and when they came; UTC microseconds. */
  readonly received: { readonly messages: number; readonly topics: number; firstUs: number; lastUs: number };
}

export interface OfferList {
  readonly offers: readonly ShownOffer[];
  /** Topics of which no format is known, or that are too many; at most 100 of them. */
  readonly unread: readonly { readonly topic: string; readonly messages: number }[];
  /** Topic filters of offers that were dismissed. */
  readonly dismissed: readonly string[];
}

/** What an offer is accepted as. */
export interface Acceptance {
  readonly id?: string;
  readonly name?: string;
  readonly topics?: readonly string[];
  readonly decoder?: unknown;
}

const DISMISSED = 'dismissed-offers';
const MAX_DISMISSED = 1000;
/** Offers that somebody may still accept. */
const MAX_SHOWN = 500;
const MAX_UNREAD = 100;
/** Messages before the start of the process that are looked at. */
const EARLIER_MESSAGES = 1_000_000;
const EARLIER_TOPICS = 2000;
const EARLIER_SAMPLE = 10;
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

export interface OffersOptions {
  readonly store: SiteStore;
  /** The number of the last message before the process began. */
  readonly startId: number;
  isDecoded(topic: string): boolean;
  /** Names of decoders that are in use. */
  names(): readonly string[];
}

export class Offers {
  readonly #options: OffersOptions;
  readonly #unknown = new UnknownMessages();
  readonly #shown = new Map<string, ShownOffer>();
  #earlier: Promise<void> | undefined;
  #listing: Promise<OfferList> | undefined;

  constructor(options: OffersOptions) {
    this.#options = options;
  }

  /** A message that no decoder has. */
  see(message: RawMessage): void {
    this.#unknown.add(message);
  }

  /** The list as it is now. Who asks while it is made gets the same one. */
  list(): Promise<OfferList> {
    this.#listing ??= this.#list().finally(() => {
      this.#listing = undefined;
    });
    return this.#listing;
  }

  async #list(): Promise<OfferList> {
    this.#earlier ??= this.#readEarlier().catch((error: unknown) => {
      this.#earlier = undefined;
      throw error;
    });
    await this.#earlier;
    this.#unknown.forget((topic) => this.#options.isDecoded(topic));
    const dismissed = await this.dismissed();
    const topics = this.#unknown.topics.filter(({ topic }) => !dismissed.some((filter) => matches(filter, topic)));
    const { types, others } = typesOf(topics.flatMap(({ sample }) => sample));
    const names = new Set(this.#options.names());
    const offers: ShownOffer[] = [];
    for (const type of types) {
      // Other work of the process comes in between.
      await new Promise((resolve) => setImmediate(resolve));
      const offer = offerOf(type);
      if (offer === null) {
        others.push(...new Set(type.messages.map(({ topic }) => topic)));
        continue;
      }
      const name = nameOf(offer.topics[0]!, names);
      names.add(name);
      const own = topics.filter(({ topic }) => offer.topics.some((filter) => matches(filter, topic)));
      offers.push({ ...offer, id: idOf(offer), name, received: receivedOf(own) });
    }
    for (const offer of offers) this.#show(offer);
    const counts = new Map(topics.map(({ topic, messages }) => [topic, messages]));
    const unread = others.slice(0, MAX_UNREAD).map((topic) => ({ topic, messages: counts.get(topic) ?? 0 }));
    return { offers, unread, dismissed };
  }

  /**
   * The decoder that is accepted: an offer by its id, as it was shown, with a name, topics or a description in place of
   * its own. Without an id, all three are needed. Throws `OFFER`, and `DECODER` for an invalid description.
   */
  async chosen({ id, name, topics, decoder }: Acceptance): Promise<NamedDecoder> {
    const offer = id === undefined ? undefined : await this.#find(id);
    const chosen = {
      name: name ?? offer?.name,
      topics: topics ?? offer?.topics,
      decoder: decoder ?? offer?.description,
    };
    if (chosen.name === undefined || chosen.topics === undefined || chosen.decoder === undefined)
      throw new MoteError('OFFER', 'Name an offer by its id, or give a name, topics and a decoder.');
    if (!NAME.test(chosen.name))
      throw new MoteError('OFFER', 'A name of a decoder has 1 to 64 letters, digits, hyphens, dots and underscores.');
    if (this.#options.names().includes(chosen.name))
      throw new MoteError('OFFER', `A decoder is named ${chosen.name}; choose another name.`);
    if (chosen.topics.length === 0 || chosen.topics.length > 256 || !chosen.topics.every(isTopicFilter))
      throw new MoteError('OFFER', 'The topics of a decoder are 1 to 256 topic filters of MQTT.');
    parseDescription(chosen.decoder);
    return { name: chosen.name, topics: chosen.topics, decoder: chosen.decoder };
  }

  /** Offers nothing for the topics of an offer until `restore`. Throws `OFFER`. */
  async dismiss(id: string): Promise<readonly string[]> {
    const { topics } = await this.#find(id);
    const dismissed = new Set([...(await this.dismissed()), ...topics]);
    if (dismissed.size > MAX_DISMISSED)
      throw new MoteError('OFFER', `${MAX_DISMISSED} topic filters are dismissed; restore them first.`);
    await writeSetting(this.#options.store.registry, DISMISSED, JSON.stringify([...dismissed]));
    return topics;
  }

  /** Offers again what was dismissed. */
  async restore(): Promise<void> {
    await writeSetting(this.#options.store.registry, DISMISSED, '[]');
  }

  async dismissed(): Promise<string[]> {
    return JSON.parse((await readSetting(this.#options.store.registry, DISMISSED)) ?? '[]') as string[];
  }

  /** By the start of its id. */
  async #find(id: string): Promise<ShownOffer> {
    const findShown = () => [...this.#shown.values()].filter((one) => id.length >= 4 && one.id.startsWith(id));
    let found = findShown();
    if (found.length === 0) {
      await this.list();
      found = findShown();
    }
    const [offer, other] = found;
    if (offer !== undefined && other === undefined) return offer;
    const what = offer === undefined ? 'No offer has' : 'More than one offer has';
    throw new MoteError('OFFER', `${what} an id that begins with "${id}"; list the offers again.`);
  }

  #show(offer: ShownOffer): void {
    this.#shown.delete(offer.id);
    this.#shown.set(offer.id, offer);
    if (this.#shown.size > MAX_SHOWN) this.#shown.delete(this.#shown.keys().next().value!);
  }

  /** Topics of before the process began. */
  async #readEarlier(): Promise<void> {
    const { store, startId, isDecoded } = this.#options;
    const from = Math.max(0, startId - EARLIER_MESSAGES);
    const rows = await store.telemetry.query(
      `SELECT topic, count(*) AS messages, min(received) AS first, max(received) AS last FROM raw
       WHERE id > $1 AND id <= $2 GROUP BY topic ORDER BY max(id) DESC LIMIT 20000`,
      [from, startId],
    );
    const unknown = rows.filter(({ topic }) => !isDecoded(String(topic))).slice(0, EARLIER_TOPICS);
    const samples = await this.#samples(
      unknown.map(({ topic }) => String(topic)),
      from,
    );
    for (const row of unknown) {
      const topic = String(row.topic);
      this.#unknown.addEarlier({
        topic,
        messages: Number(row.messages),
        firstUs: Number(row.first),
        lastUs: Number(row.last),
        sample: samples.get(topic) ?? [],
      });
    }
  }

  /** The latest messages of each topic. */
  async #samples(topics: readonly string[], from: number): Promise<Map<string, RawMessage[]>> {
    const { store, startId } = this.#options;
    const samples = new Map<string, RawMessage[]>();
    const ids = { firstId: from + 1, lastId: startId };
    for (let i = 0; i < topics.length; i += 50) {
      const found = await store.archive.latest(topics.slice(i, i + 50), ids, EARLIER_SAMPLE, MAX_PAYLOAD_BYTES);
      for (const message of found) {
        const own = samples.get(message.topic) ?? [];
        samples.set(message.topic, own);
        own.push(message);
      }
    }
    return samples;
  }
}

const idOf = ({ description, topics }: TypeOffer): string =>
  createHash('sha256')
    .update(JSON.stringify([topics, description]))
    .digest('hex')
    .slice(0, 16);

function receivedOf(topics: readonly UnknownTopic[]): ShownOffer['received'] {
  return {
    messages: topics.reduce((sum, { messages }) => sum + messages, 0),
    topics: topics.length,
    firstUs: Math.min(...topics.map(({ firstUs }) => firstUs)),
    lastUs: Math.max(...topics.map(({ lastUs }) => lastUs)),
  };
}

/** From the levels of a filter that are no wildcards. */
function nameOf(filter: string, taken: ReadonlySet<string>): string {
  const words = filter.split('/').filter((level) => level !== '+' && level !== '#');
  const base =
    words
      .join('-')
      .normalize('NFKD')
      .replace(/[^A-Za-z0-9_.-]+/g, '')
      .replace(/^-+|-+$/g, '')
      .slice(0, 56) || 'device';
  let name = base;
  for (let i = 2; taken.has(name); i++) name = `${base}-${i}`;
  return name;
}
