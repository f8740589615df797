/**
 * The decoders of a site: the first one that has the topic of a message decodes it. moteware's own messages have a
 * decoder without being told. The states of the decoders are kept with the number of the last message that made them, so
 * that a site goes on after a restart where it was.
 */
import { createHash } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
import { matches } from '../../messaging/mqtt/index.ts';
import type { NamedDecoder } from '../config/index.ts';
import { addCounts, type Counts, createDecoder, DecoderFold } from '../decode/index.ts';
import type { Decoded, RawMessage } from '../model/index.ts';

interface Entry {
  readonly name: string;
  readonly topics: readonly string[];
  /** Of its description: states of another one are of no use. */
  readonly digest: string;
  fold: DecoderFold;
  counts: { -readonly [reason in keyof Counts]: Counts[reason] };
  /** Whether the states lack what earlier messages leave. */
  lacks: boolean;
}

/** States by the decoder's name, as JSON. */
export type SavedStates = Record<string, { digest: string; states: [sender: string, state: unknown][] }>;

/**
 * By the decoder's name. The first one that has a topic decodes it, so the rank matters. `whole`: earlier messages of any
 * of its topics bear on later ones.
 */
export type DecodingPlan = Record<
  string,
  { digest: string; topics: readonly string[]; rank: number; whole?: boolean | undefined }
>;

/** What all topics of a filter begin with. `a/#` also has the topic `a`. */
const frontOf = (filter: string): string => /^[^+#]*/.exec(filter.replace(/\/#$/, ''))![0];

/**
 * The fronts of all topics that two plans may decode differently, none of which is the front of another. Of the
 * decoders that both have, only the order among them matters.
 */
export function changedFronts(before: DecodingPlan, after: DecodingPlan): string[] {
  const isSame = (name: string) => {
    const [old, now] = [before[name], after[name]];
    return old?.digest === now?.digest && JSON.stringify(old?.topics) === JSON.stringify(now?.topics);
  };
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const common = (plan: DecodingPlan) =>
    names.filter(isSame).sort((a, b) => (plan[a]?.rank ?? 0) - (plan[b]?.rank ?? 0));
  const order = common(before);
  const moved = common(after).filter((name, i) => order[i] !== name);
  const fronts = new Set<string>();
  for (const name of [...names.filter((name) => !isSame(name)), ...moved]) {
    const filters = [...(before[name]?.topics ?? []), ...(after[name]?.topics ?? [])];
    if (before[name]?.whole === true || after[name]?.whole === true) fronts.add(commonFront(filters));
    else for (const filter of filters) fronts.add(frontOf(filter));
  }
  return [...fronts].filter((front) => ![...fronts].some((other) => other !== front && front.startsWith(other)));
}

/** What all these topic filters begin with. */
function commonFront(filters: readonly string[]): string {
  let [front = ''] = filters.map(frontOf);
  for (const filter of filters) while (!filter.startsWith(front)) front = front.slice(0, -1);
  return front;
}

/** The name of the decoder of moteware's own messages; a name of a user's decoder has no space. */
export const OWN = 'moteware nodes';

export class Decoding {
  readonly #namespace: string;
  readonly #entries: readonly Entry[];

  /** `saved`: what `states()` has returned before. Throws `DECODER` for an invalid description. */
  constructor(namespace: string, decoders: readonly NamedDecoder[], saved: SavedStates = {}) {
    this.#namespace = namespace;
    const own = {
      name: OWN,
      topics: [`${namespace}/d/+/+`],
      decoder: { kind: 'mote', version: 1, options: { namespace } },
    };
    // A user's decoder may be for topics of nodes, too; then it comes first.
    this.#entries = [...decoders, own].map(({ name, topics, decoder }) => {
      const digest = createHash('sha256').update(JSON.stringify(decoder)).digest('hex');
      const kept = saved[name]?.digest === digest ? saved[name].states : [];
      const fold = new DecoderFold(createDecoder(decoder), kept);
      const lacks = fold.decoder.keepsState && saved[name]?.digest !== digest;
      return { name, topics, digest, fold, counts: {}, lacks };
    });
  }

  /**
   * With other decoders. A decoder whose messages are the same goes on with its states and counts, which both share; the
   * states of the others are lacking. Throws `DECODER`.
   */
  changed(decoders: readonly NamedDecoder[]): Decoding {
    const next = new Decoding(this.#namespace, decoders);
    const fronts = changedFronts(this.plan(), next.plan());
    const touches = (a: string, b: string) => a.startsWith(b) || b.startsWith(a);
    for (const entry of next.#entries) {
      const before = this.#entries.find(({ name }) => name === entry.name);
      if (before?.digest !== entry.digest) continue;
      if (entry.topics.some((filter) => fronts.some((front) => touches(front, frontOf(filter))))) continue;
      Object.assign(entry, { fold: before.fold, counts: before.counts, lacks: before.lacks });
    }
    return next;
  }

  /** Fronts of the topics whose earlier messages leave states that are lacking, one for each decoder. */
  lacking(): string[] {
    return this.#entries.filter(({ lacks }) => lacks).map(({ topics }) => commonFront(topics));
  }

  /** Takes the state that a message leaves: for decoders whose states are lacking, or for all. */
  fold(message: RawMessage, all = false): void {
    const entry = this.#entryOf(message.topic);
    if (entry?.fold.decoder.keepsState && (all || entry.lacks)) entry.fold.decode(message);
  }

  /** Whether a decoder has the topic. */
  has(topic: string): boolean {
    return this.#entryOf(topic) !== undefined;
  }

  #entryOf(topic: string): Entry | undefined {
    return this.#entries.find(({ topics }) => topics.some((filter) => matches(filter, topic)));
  }

  /** Throws `UNDECODED` if no decoder has the topic. */
  readonly decode = (message: RawMessage): Decoded => {
    const entry = this.#entryOf(message.topic);
    if (entry === undefined)
      throw new MoteError('UNDECODED', `No decoder has the topic ${message.topic}; the message is stored as it came.`);
    const decoding = entry.fold.decode(message);
    addCounts(entry.counts, decoding.counts);
    return decoding;
  };

  /** What decodes which topics, to be compared with what has decoded them before. */
  plan(): DecodingPlan {
    return Object.fromEntries(
      this.#entries.map(({ name, topics, digest, fold }, rank) => [
        name,
        { digest, topics, rank, whole: fold.decoder.keepsState || undefined },
      ]),
    );
  }

  states(): SavedStates {
    return Object.fromEntries(
      this.#entries.map(({ name, digest, fold }) => [name, { digest, states: [...fold.states()] }]),
    );
  }

  /** What was refused since the start, by decoder and reason. */
  counts(): { decoder: string; counts: Counts }[] {
    return this.#entries.map(({ name, counts }) => ({ decoder: name, counts }));
  }
}
