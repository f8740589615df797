/** A decoder over all messages of a site, in the order of their numbers. */
import type { RawMessage } from '../model/index.ts';
import { csvDecoder } from './csv.ts';
import type { Decoder } from './decoder.ts';
import { type Description, parseDescription } from './description.ts';
import { jsonDecoder } from './json.ts';
import { MAX_SENDERS } from './limits.ts';
import { lineDecoder } from './line-protocol.ts';
import { modbusDecoder } from './modbus.ts';
import { moteDecoder } from './mote.ts';
import { opcuaDecoder } from './opcua.ts';
import type { Decoding } from './result.ts';
import { senmlDecoder } from './senml.ts';
import { sparkplugDecoder } from './sparkplug.ts';

/** The decoder of a description. Throws `DECODER` if the description is invalid. */
export function createDecoder(value: unknown): Decoder {
  const description: Description = parseDescription(value);
  switch (description.kind) {
    case 'mote':
      return moteDecoder(description) as Decoder;
    case 'json':
      return jsonDecoder(description) as Decoder;
    case 'senml':
      return senmlDecoder(description) as Decoder;
    case 'sparkplug':
      return sparkplugDecoder(description) as Decoder;
    case 'line-protocol':
      return lineDecoder(description) as Decoder;
    case 'csv':
      return csvDecoder(description) as Decoder;
    case 'opcua':
      return opcuaDecoder(description) as Decoder;
    case 'modbus':
      return modbusDecoder(description) as Decoder;
  }
}

/**
 * Folds a decoder over messages: keeps the state of each sender between them. The same messages in the same order give
 * the same points, so a fold that starts from `states()` of another goes on where that one was.
 */
export class DecoderFold {
  readonly decoder: Decoder;
  readonly #states = new Map<string, unknown>();

  /** `states`: what `states()` returned, perhaps read from a store. A state that isn't valid is left out. */
  constructor(decoder: Decoder, states: Iterable<readonly [sender: string, state: unknown]> = []) {
    this.decoder = decoder;
    for (const [sender, value] of states) {
      const state = decoder.readState(value);
      if (state !== undefined && this.#states.size < MAX_SENDERS) this.#states.set(sender, state);
    }
  }

  /** Never throws. */
  decode(message: RawMessage): Decoding {
    const sender = this.decoder.sender(message);
    const before = sender === null ? undefined : this.#states.get(sender);
    const { decoding, state } = this.decoder.decode(message, before);
    if (sender === null || state === before || state === undefined) return decoding;
    if (before === undefined && this.#states.size >= MAX_SENDERS)
      return { ...decoding, counts: { ...decoding.counts, too_many_senders: 1 } };
    this.#states.set(sender, state);
    return decoding;
  }

  /** The states as JSON values, by sender. */
  states(): IterableIterator<[sender: string, state: unknown]> {
    return this.#states.entries();
  }
}
