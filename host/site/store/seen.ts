/**
 * Recognizes messages that a sender repeats. MQTT delivers with QoS 1 at least once, so a message may come again after a
 * connection was lost. A message that is a CloudEvent is identified by its way in, its `source` and its `id`
 * (CloudEvents 1.0, section 3.1.1). The keys of the last messages are known: between once and twice `window`.
 */
import { createHash } from 'node:crypto';
import type { RawMessage } from '../model/index.ts';
import type { SeenKey } from './telemetry.ts';

/** The key of a message, or null if nothing identifies it. */
export function seenKey({ id, source, properties }: RawMessage): SeenKey | null {
  const user = properties.userProperties;
  const [eventSource, eventId] = [user?.source, user?.id];
  if (user?.specversion === undefined || typeof eventSource !== 'string' || typeof eventId !== 'string') return null;
  if (eventId === '') return null;
  const text = `${source.length}:${source}${eventSource.length}:${eventSource}${eventId}`;
  const digest = createHash('sha256').update(text).digest();
  return { hi: digest.readBigInt64LE(0), lo: digest.readBigInt64LE(8), message: id };
}

/** A text of 8 characters of 16 bits, which takes less memory than a number of 128. */
function short({ hi, lo }: SeenKey): string {
  const units = new Uint16Array(BigInt64Array.of(hi, lo).buffer);
  return String.fromCharCode(...units);
}

export class SeenWindow {
  readonly #window: number;
  #old = new Set<string>();
  #young = new Set<string>();
  /** The first message whose key is in each. */
  #oldFrom = 0;
  #youngFrom = 0;

  /** `window`: messages. `keys`: those of the store, oldest first. */
  constructor(window: number, keys: readonly SeenKey[]) {
    this.#window = window;
    for (const key of keys) this.add(key);
  }

  has(key: SeenKey): boolean {
    const text = short(key);
    return this.#young.has(text) || this.#old.has(text);
  }

  /** Returns the message before which keys are forgotten now, or 0. */
  add(key: SeenKey): number {
    if (this.#young.size === 0) this.#youngFrom = key.message;
    this.#young.add(short(key));
    if (this.#young.size < this.#window) return 0;
    this.#old = this.#young;
    this.#oldFrom = this.#youngFrom;
    this.#young = new Set();
    return this.#oldFrom;
  }
}
