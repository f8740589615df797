/**
 * The assets of a site in its stores. The registry is the truth; the telemetry store has a copy, which questions join.
 * Both are written one after the other, so a kill between them leaves the copy behind: it is compared at each start, and
 * before the next change after one that has failed.
 */
import { MoteError } from '../../base/index.ts';
import type { Registry, TelemetryStore } from '../store/index.ts';
import { type AssetModel, type Input, move, rename, taken } from './model.ts';
import { readRegistry, repairMirror, writeMirror, writeRegistry } from './rows.ts';
import { textAt } from './spans.ts';

interface Stores {
  readonly registry: Registry;
  readonly telemetry: TelemetryStore;
}

export class Assets {
  readonly #stores: Stores;
  #model: AssetModel;
  /** The copy is as the model. */
  #mirrored = true;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(stores: Stores, model: AssetModel) {
    this.#stores = stores;
    this.#model = model;
  }

  /** Reads the registry, and makes the copy in the telemetry store equal to it. */
  static async open({ registry, telemetry }: Stores): Promise<Assets> {
    const model = await readRegistry(registry);
    await telemetry.transaction((sql) => repairMirror(sql, telemetry.dialect, model));
    return new Assets({ registry, telemetry }, model);
  }

  get model(): AssetModel {
    return this.#model;
  }

  /** Where a device was at a time; null: nowhere. */
  assetOf(device: string, timeUs: number): string | null {
    const history = this.#model.placements.get(`${device}\0`);
    return history === undefined ? null : textAt(history.spans, timeUs);
  }

  /** Takes what a file has, as a whole or not at all. Returns the number of rows that changed, as the next two do. Throws `ASSETS` with the places of the mistakes. */
  take(input: Input, replace: boolean): Promise<number> {
    return this.#change((model) => taken(model, input, replace));
  }

  /** Corrects the path of an asset and of all below it, for all times. Throws `ASSETS`. */
  rename(from: string, to: string): Promise<number> {
    return this.#change((model) => rename(model, from, to));
  }

  /** An asset and all below it stand elsewhere from a time on. Throws `ASSETS`. */
  move(from: string, to: string, atUs: number): Promise<number> {
    return this.#change((model) => move(model, from, to, atUs));
  }

  /** One change after the other, each in one transaction of each store. */
  #change(make: (model: AssetModel) => AssetModel): Promise<number> {
    const result = this.#last.then(() => this.#write(make));
    this.#last = result.catch(() => {});
    return result;
  }

  async #write(make: (model: AssetModel) => AssetModel): Promise<number> {
    const { registry, telemetry } = this.#stores;
    const before = this.#model;
    const after = make(before);
    if (!this.#mirrored) await telemetry.transaction((sql) => repairMirror(sql, telemetry.dialect, before));
    this.#mirrored = true;
    const count = await registry.transaction((sql) => writeRegistry(sql, registry.dialect, before, after));
    this.#model = after;
    if (count === 0) return 0;
    this.#mirrored = false;
    try {
      await telemetry.transaction((sql) => writeMirror(sql, telemetry.dialect, before, after));
    } catch (cause) {
      if (!(cause instanceof MoteError)) throw cause;
      const what = `The change is kept, but questions don't know it yet: ${cause.message}`;
      throw new MoteError(cause.code, `${what}; repeat it, or start the site again.`, { cause });
    }
    this.#mirrored = true;
    return count;
  }
}
