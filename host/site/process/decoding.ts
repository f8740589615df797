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
  readonly fold: DecoderFold;
  readonly counts: { -readonly [reason in keyof Counts]: Counts[reason] };
}

/** States by the decoder's name, as JSON. */
export type SavedStates = Record<string, { digest: string; states: [sender: string, state: unknown][] }>;

/** By the decoder's name. The first one that has a topic decodes it, so the rank matters. */
export type DecodingPlan = Record<string, { digest: string; topics: readonly string[]; rank: number }>;

/**
 * The fronts of all topics that two plans may decode differently, none of which is the front of another. The front of a
 * topic filter ends before its first wildcard.
 */
export function changedFronts(before: DecodingPlan, after: DecodingPlan): string[] {
  const fronts = new Set<string>();
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]];
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    for (const filter of [...(old?.topics ?? []), ...(now?.topics ?? [])]) fronts.add(/^[^+#]*/.exec(filter)![0]);
  }
  return [...fronts].filter((front) => ![...fronts].some((other) => other !== front && front.startsWith(other)));
}

/** The name of the decoder of moteware's own messages; a name of a user's decoder has no space. */
export const OWN = 'moteware nodes';

export class Decoding {
  readonly #entries: readonly Entry[];

  /** `saved`: what `states()` has returned before. Throws `DECODER` for an invalid description. */
  constructor(namespace: string, decoders: readonly NamedDecoder[], saved: SavedStates = {}) {
    const own = {
      name: OWN,
      topics: [`${namespace}/d/+/+`],
      decoder: { kind: 'mote', version: 1, options: { namespace } },
    };
    // A user's decoder may be for topics of nodes, too; then it comes first.
    this.#entries = [...decoders, own].map(({ name, topics, decoder }) => {
      const digest = createHash('sha256').update(JSON.stringify(decoder)).digest('hex');
      const kept = saved[name]?.digest === digest ? saved[name].states : [];
      return { name, topics, digest, fold: new DecoderFold(createDecoder(decoder), kept), counts: {} };
    });
  }

  /** True if `saved` has the states of each decoder, so that only later messages are needed to go on. */
  knows(saved: SavedStates): boolean {
    return this.#entries.every(({ name, digest }) => saved[name]?.digest === digest);
  }

  /** Throws `UNDECODED` if no decoder has the topic. */
  readonly decode = (message: RawMessage): Decoded => {
    const entry = this.#entries.find(({ topics }) => topics.some((filter) => matches(filter, message.topic)));
    if (entry === undefined)
      throw new MoteError('UNDECODED', `No decoder has the topic ${message.topic}; the message is stored as it came.`);
    const decoding = entry.fold.decode(message);
    addCounts(entry.counts, decoding.counts);
    return decoding;
  };

  /** What decodes which topics, to be compared with what has decoded them before. */
  plan(): DecodingPlan {
    return Object.fromEntries(this.#entries.map(({ name, topics, digest }, rank) => [name, { digest, topics, rank }]));
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
