/** What was valid at a time: the asset of a device, and tags and context of an asset. */
import type { AssetLevel } from '../model/index.ts';

/** Half-open, in UTC microseconds; `to` null: still valid. Intervals of one device, or of one asset and key, don't overlap. */
export interface Validity {
  readonly from: number;
  readonly to: number | null;
}

export interface Placement extends Validity {
  readonly device: string;
  readonly asset: string;
}

/** The asset that stands above another at a level, or the asset itself at its own. */
export interface Ancestor {
  readonly asset: string;
  readonly level: AssetLevel;
  readonly ancestor: string;
}

/** A tag, or context of a kind. */
export interface Attribute extends Validity {
  readonly asset: string;
  readonly key: string;
  readonly value: string;
}

interface Interval extends Validity {
  readonly text: string;
}

/** Intervals that don't overlap, by what they are about. */
class Timeline {
  readonly #byId = new Map<string, Interval[]>();

  constructor(entries: Iterable<[id: string, interval: Interval]>) {
    for (const [id, interval] of entries) {
      const known = this.#byId.get(id);
      if (known === undefined) this.#byId.set(id, [interval]);
      else known.push(interval);
    }
    for (const intervals of this.#byId.values()) intervals.sort((a, b) => a.from - b.from);
  }

  at(id: string, timeUs: number): string | null {
    const intervals = this.#byId.get(id);
    if (intervals === undefined) return null;
    let low = 0;
    let high = intervals.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (intervals[middle]!.from <= timeUs) low = middle + 1;
      else high = middle;
    }
    const found = intervals[low - 1];
    return found === undefined || (found.to !== null && timeUs >= found.to) ? null : found.text;
  }
}

const idOf = (asset: string, key: string) => `${asset}\0${key}`;

/** The tables `placements`, `asset_tags`, `context` and `asset_levels` in memory, as they were when it was made. */
export class Dimensions {
  readonly #placements: Timeline;
  readonly #tags: Timeline;
  readonly #context: Timeline;
  readonly #ancestors: ReadonlyMap<string, string>;

  constructor(
    placements: readonly Placement[] = [],
    tags: readonly Attribute[] = [],
    context: readonly Attribute[] = [],
    ancestors: readonly Ancestor[] = [],
  ) {
    const attributes = (list: readonly Attribute[]) =>
      new Timeline(list.map(({ asset, key, value, ...validity }) => [idOf(asset, key), { ...validity, text: value }]));
    this.#placements = new Timeline(
      placements.map(({ device, asset, ...validity }) => [device, { ...validity, text: asset }]),
    );
    this.#tags = attributes(tags);
    this.#context = attributes(context);
    this.#ancestors = new Map(ancestors.map(({ asset, level, ancestor }) => [idOf(asset, level), ancestor]));
  }

  asset(device: string, timeUs: number): string | null {
    return this.#placements.at(device, timeUs);
  }

  tag(asset: string, key: string, timeUs: number): string | null {
    return this.#tags.at(idOf(asset, key), timeUs);
  }

  context(asset: string, kind: string, timeUs: number): string | null {
    return this.#context.at(idOf(asset, kind), timeUs);
  }

  /** The asset above another at a level, or with that many names; null if there is none. */
  above(asset: string | null, at: AssetLevel | number | null): string | null {
    if (asset === null || at === null) return asset;
    if (typeof at === 'string') return this.#ancestors.get(idOf(asset, at)) ?? null;
    const names = asset.split('/');
    return names.length < at ? null : names.slice(0, at).join('/');
  }
}
