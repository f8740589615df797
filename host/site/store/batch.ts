/** Decodes messages into what a store writes, and leaves out what it has. */
import { MoteError } from '../../base/index.ts';
import type { Decoded, RawMessage } from '../model/index.ts';
import { canonicalJson } from './canonical.ts';
import { checkEvent, checkRun } from './checked.ts';
import { type SeenWindow, seenKey } from './seen.ts';
import type { SeriesIds } from './series-ids.ts';
import type { SeenKey, Series, StoredEvent, StoredRun, Written } from './telemetry.ts';

/** A pure function. What it throws is counted by its code; the message then is in `raw` only. */
export type Decode = (message: RawMessage) => Decoded;

export interface Applied {
  readonly message: RawMessage;
  /** Null if the decoder didn't take the message. */
  readonly decoded: Decoded | null;
}

export interface DecodeStats {
  /** Since the start: repeated messages that were left out, and messages that no decoder took. */
  readonly repeated: number;
  readonly rejected: number;
  /** Why, by code; at most 100 codes, the others count as `OTHER`. */
  readonly rejectedBy: ReadonlyMap<string, number>;
  readonly points: number;
  /** Distinct events are fewer if senders repeat them. */
  readonly events: number;
  readonly series: number;
}

const MAX_CODES = 100;

export class BatchBuilder {
  readonly #ids: SeriesIds;
  readonly #seen: SeenWindow;
  readonly #rejectedBy = new Map<string, number>();
  #rejected = 0;
  #repeated = 0;
  #points = 0;
  #events = 0;
  #forgetBefore = 0;

  constructor(ids: SeriesIds, seen: SeenWindow) {
    this.#ids = ids;
    this.#seen = seen;
  }

  get stats(): DecodeStats {
    return {
      repeated: this.#repeated,
      rejected: this.#rejected,
      rejectedBy: this.#rejectedBy,
      points: this.#points,
      events: this.#events,
      series: this.#ids.size,
    };
  }

  /** Keys of messages before this one are no longer needed; 0: all are. */
  get forgetBefore(): number {
    return this.#forgetBefore;
  }

  /** The messages that neither the store nor this list has already, with their keys. */
  unrepeated(messages: readonly RawMessage[]): { messages: RawMessage[]; keys: SeenKey[] } {
    const here = new Set<string>();
    const keys: SeenKey[] = [];
    const fresh = messages.filter((message) => {
      const key = seenKey(message);
      if (key === null) return true;
      const text = `${key.hi} ${key.lo}`;
      if (here.has(text) || this.#seen.has(key)) return false;
      here.add(text);
      keys.push(key);
      return true;
    });
    return { messages: fresh, keys };
  }

  /** All or nothing of a message: if one of its points can't be stored, none is. */
  decode(
    messages: readonly RawMessage[],
    decode: Decode,
  ): { written: Written; applied: (Applied & { code?: string })[] } {
    const series = new Set<Series>();
    const runs: StoredRun[] = [];
    const events = new Map<string, StoredEvent>();
    const applied = messages.map((message) => {
      try {
        const decoded = decode(message);
        const own = this.#own(message, decoded);
        for (const run of own.runs) runs.push(run);
        for (const one of own.series) series.add(one);
        for (const event of own.events) {
          const key = `${event.device.length}:${event.device}${event.id}`;
          if (!events.has(key)) events.set(key, event);
        }
        return { message, decoded };
      } catch (error) {
        // A defect of a decoder must not stop the others, so it counts as well.
        return { message, decoded: null, code: error instanceof MoteError ? error.code : 'DEFECT' };
      }
    });
    const unstored = [...series].filter((one) => !this.#ids.isStored(one));
    return { written: { series: unstored, runs, events: [...events.values()] }, applied };
  }

  #own({ id: message }: RawMessage, decoded: Decoded): Written {
    for (const run of decoded.runs) checkRun(run);
    for (const event of decoded.events) checkEvent(event);
    const events = decoded.events.map(({ device, name, timeUs, id, body }) => {
      return { device, name, timeUs, id, body: canonicalJson(body), message };
    });
    const series = decoded.runs.map((run) => this.#ids.of(run));
    const runs = decoded.runs.map(({ quality, timesUs, values }, i) => {
      return { series: series[i]!.id, message, quality, timesUs, values };
    });
    return { series, runs, events };
  }

  /** What was decoded is in the store. */
  stored({ series }: Written): void {
    this.#ids.markStored(series);
  }

  committed(
    written: Written,
    keys: readonly SeenKey[],
    applied: readonly (Applied & { code?: string })[],
    repeated: number,
  ): void {
    this.stored(written);
    this.#forgetBefore = 0;
    for (const key of keys) this.#forgetBefore = this.#seen.add(key) || this.#forgetBefore;
    this.#repeated += repeated;
    this.#events += written.events.length;
    for (const { values } of written.runs) this.#points += values.length;
    for (const { code } of applied) if (code !== undefined) this.#reject(code);
  }

  #reject(code: string): void {
    this.#rejected++;
    const known = this.#rejectedBy.has(code) || this.#rejectedBy.size < MAX_CODES - 1;
    const key = known ? code : 'OTHER';
    this.#rejectedBy.set(key, (this.#rejectedBy.get(key) ?? 0) + 1);
  }
}
