/** What a decoder is, and the form of those that keep no state. */
import type { RawMessage } from '../model/index.ts';
import type { Description } from './description.ts';
import { MAX_PAYLOAD_BYTES } from './limits.ts';
import { Collector, type Decoding, type TimeBounds } from './result.ts';

/**
 * A pure function of a message and of what earlier messages of the same sender left. It never throws. `S` is a JSON
 * value that is never changed, so that it can be kept, stored and compared.
 */
export interface Decoder<S = unknown> {
  readonly description: Description;
  /** Whether messages of a sender bear on its later ones. */
  readonly keepsState: boolean;
  /** Whose earlier messages bear on this one; null: nobody's. */
  sender(message: RawMessage): string | null;
  decode(message: RawMessage, state: S | undefined): Outcome<S>;
  /** Checks a state that comes from a store; undefined if it is none. */
  readState(value: unknown): S | undefined;
}

export interface Outcome<S> {
  readonly decoding: Decoding;
  /** What the sender's next message is decoded with: the given state, unless this message changed it. */
  readonly state: S | undefined;
}

/** A decoder on whose messages no earlier one bears. `decode` gets payloads of at most 4 MiB. */
export function stateless(
  description: Description,
  bounds: TimeBounds,
  decode: (message: RawMessage, collector: Collector) => void,
): Decoder<never> {
  return {
    description,
    keepsState: false,
    sender: () => null,
    decode(message) {
      const collector = new Collector(message, bounds);
      if (message.payload.length > MAX_PAYLOAD_BYTES) collector.refuse('too_large');
      else decode(message, collector);
      return { decoding: collector.result(), state: undefined };
    },
    readState: () => undefined,
  };
}
