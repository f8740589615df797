/**
 * A question over data as they come. Rows are pushed in the order of their arrival; a window's row is reported when the watermark,
 * the latest time seen minus the lateness, has passed its end, and again when a later row changes it.
 * When all rows were reported they are those that the same question returns over history.
 */
import { createHash } from 'node:crypto';
import { MoteError } from '../../base/index.ts';
import type { Decoded, PointRun } from '../model/index.ts';
import { type Cell, type InputRow, mergeState, orderedRows, rowOf, type State, stateOf } from './aggregate.ts';
import type { Dimensions } from './dimensions.ts';
import type { Column, IntegerRange, Plan, Scale, TextCondition } from './plan.ts';

/** A change of the answer. `id` names the row: its window and keys. */
export type Change =
  | { readonly op: 'upsert'; readonly id: string; readonly row: readonly Cell[] }
  | { readonly op: 'delete'; readonly id: string };

/** What belongs into one transaction: after a crash, a run goes on from the last one that was stored. */
export interface Commit {
  /** All rows of messages up to this number are in it. */
  readonly position: number;
  /** UTC microseconds; null before the first row. */
  readonly watermarkUs: number | null;
  /** In any order; at most one for an id. */
  readonly changes: readonly Change[];
  /** States of groups that have changed, by their id; null: forgotten. */
  readonly groups: ReadonlyMap<string, string | null>;
  /** Rows since the last commit that belong to forgotten windows, and their times: ask the history for these windows. */
  readonly tooLate: { readonly rows: number; readonly fromUs: number; readonly toUs: number } | null;
}

export interface SavedRun {
  /** `digest` of the run that was saved. */
  readonly digest: string;
  readonly position: number;
  readonly watermarkUs: number | null;
  readonly groups: Iterable<readonly [id: string, state: string]>;
}

export interface IncrementalOptions {
  /** Windows of which the end lies this far behind the watermark are forgotten, in milliseconds; default: never. */
  keepMs?: number;
  /** Also reports rows of windows that the watermark hasn't passed, at each commit; for what people watch. */
  early?: boolean;
  saved?: SavedRun | null;
}

type Keys = readonly (string | null)[];

interface Group {
  readonly id: string;
  readonly keys: Keys;
  /** First time of the window; 0 without windows. */
  readonly start: number;
  /** First time after the window; Infinity without windows. */
  end: number;
  state: State;
  /** Whether the answer has a row of it. */
  reported: boolean;
}

const VERSION = 1;

/** Equal for plans that give every row the same meaning. */
export function planDigest({ query: _, limit: __, order: ___, ...plan }: Plan): string {
  const text = JSON.stringify({ VERSION, ...plan }, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
  return createHash('sha256').update(text).digest('hex');
}

export class Incremental {
  readonly plan: Plan;
  readonly digest: string;
  readonly #dimensions: Dimensions;
  readonly #scales: ReadonlyMap<number, Scale>;
  readonly #early: boolean;
  readonly #keepUs: number;
  readonly #latenessUs: number;
  readonly #groups = new Map<string, Group>();
  /** Groups of each combination of keys, in order of time; for sessions. */
  readonly #sessions = new Map<string, Group[]>();
  /** Groups that the watermark hasn't passed. */
  readonly #open = new Set<Group>();
  readonly #dirty = new Set<Group>();
  /** Ids of groups that were merged into others since the last commit, and whether the answer has them. */
  readonly #gone = new Map<string, boolean>();
  #position = -1;
  #latestUs = Number.NEGATIVE_INFINITY;
  #watermarkUs = Number.NEGATIVE_INFINITY;
  /** Windows that end at or before this time are forgotten. */
  #forgottenUs = Number.NEGATIVE_INFINITY;
  #tooLate: { rows: number; fromUs: number; toUs: number } | null = null;

  /** Throws `QUERY_STATE` if the saved run is of another plan, or damaged. */
  constructor(plan: Plan, dimensions: Dimensions, options: IncrementalOptions = {}) {
    this.plan = plan;
    this.digest = planDigest(plan);
    this.#dimensions = dimensions;
    this.#scales = new Map((plan.scales ?? []).map((scale) => [scale.exponent, scale]));
    this.#early = options.early === true;
    this.#keepUs = options.keepMs === undefined ? Number.POSITIVE_INFINITY : options.keepMs * 1000;
    this.#latenessUs = Number(plan.latenessUs);
    if (options.saved != null) this.#restore(options.saved);
  }

  /** The last message whose rows are in it; -1 before the first. */
  get position(): number {
    return this.#position;
  }

  /** UTC microseconds; null before the first row. */
  get watermarkUs(): number | null {
    return Number.isFinite(this.#watermarkUs) ? this.#watermarkUs : null;
  }

  /** Groups in memory. */
  get size(): number {
    return this.#groups.size;
  }

  /**
   * Adds what a decoder made of a message. A message up to the position is in it already and is left out, so a log may be read again
   * from any earlier place. Events must be new ones: a store has an event once, whenever it comes again.
   */
  push(message: number, { runs, events }: Decoded): void {
    if (message <= this.#position) return;
    this.#position = message;
    if (this.plan.from === 'points') for (const run of runs) this.#run(run);
    else for (const { device, name, timeUs } of events) this.#row(device, name, '', NO_VALUE(timeUs));
  }

  /** Ends a step: what has changed since the last one. */
  commit(): Commit {
    if (Number.isFinite(this.#latestUs))
      this.#watermarkUs = Math.max(this.#watermarkUs, this.#latestUs - this.#latenessUs);
    return this.#report();
  }

  /** Reports all windows, as if no row would come any more. */
  finish(): Commit {
    const watermarkUs = this.#watermarkUs;
    this.#watermarkUs = Number.POSITIVE_INFINITY;
    const commit = this.#report();
    this.#watermarkUs = watermarkUs;
    return { ...commit, watermarkUs: this.watermarkUs };
  }

  /** The rows that were reported and not forgotten, in order and within the limit of the question. */
  answer(): Cell[][] {
    const rows = [...this.#groups.values()].flatMap((group) => {
      const row = group.reported ? this.#rowOf(group) : null;
      return row === null ? [] : [row];
    });
    return orderedRows(this.plan, rows);
  }

  #run({ device, name, unit, exponent, quality, timesUs, values }: PointRun): void {
    const scale = this.#scales.get(exponent) ?? null;
    for (const [i, timeUs] of timesUs.entries()) {
      this.#row(device, name, unit, { timeUs, value: BigInt(values[i]!), quality, scale });
    }
  }

  #row(device: string, name: string, unit: string, row: InputRow): void {
    const { plan } = this;
    this.#latestUs = Math.max(this.#latestUs, row.timeUs);
    const text = new RowTexts(this.#dimensions, device, name, unit, row.timeUs);
    if (!plan.source.every((condition) => text.matches(condition))) return;
    if (!inRange(plan.time, BigInt(row.timeUs)) || !inRange(plan.quality, BigInt(row.quality))) return;
    if (plan.scales !== null && !hasValue(row)) return;
    if (!plan.under.every((path) => text.isUnder(path))) return;
    if (!plan.joined.every((condition) => text.matches(condition))) return;
    const keys = plan.keys.map((column) => text.of(column));
    const { window } = plan;
    const state = stateOf(plan, row);
    if (window === null) this.#add(keys, 0, Number.POSITIVE_INFINITY, state);
    else if (window.kind === 'session') this.#addToSession(keys, Number(window.gapUs), row.timeUs, state);
    else this.#addToWindows(keys, Number(window.sizeUs), Number(window.everyUs), row.timeUs, state);
  }

  #addToWindows(keys: Keys, sizeUs: number, everyUs: number, timeUs: number, state: State): void {
    const last = timeUs - (((timeUs % everyUs) + everyUs) % everyUs);
    const first = last - sizeUs + everyUs;
    if (first + sizeUs <= this.#forgottenUs) this.#countTooLate(timeUs);
    for (let start = first; start <= last; start += everyUs) {
      if (start + sizeUs > this.#forgottenUs) this.#add(keys, start, start + sizeUs, state);
    }
  }

  #add(keys: Keys, start: number, end: number, state: State): void {
    const id = JSON.stringify([start, ...keys]);
    const group = this.#groups.get(id);
    if (group === undefined) {
      this.#insert({ id, keys, start, end, state: [...state], reported: false });
      return;
    }
    mergeState(this.plan, group.state, state);
    this.#dirty.add(group);
  }

  #addToSession(keys: Keys, gapUs: number, timeUs: number, state: State): void {
    const all = this.#sessions.get(JSON.stringify(keys)) ?? [];
    const joined = all.filter(({ start, end }) => timeUs >= start - gapUs && timeUs <= end);
    if (timeUs <= this.#forgottenUs) {
      // It may belong to a forgotten session, and to none else unless it joins one.
      this.#countTooLate(timeUs);
      if (joined.length === 0) return;
    }
    const start = Math.min(timeUs, ...joined.map((one) => one.start));
    const end = Math.max(timeUs + gapUs, ...joined.map((one) => one.end));
    const [only] = joined;
    if (only !== undefined && joined.length === 1 && only.start === start) {
      mergeState(this.plan, only.state, state);
      only.end = end;
      this.#dirty.add(only);
      this.#open.add(only);
      return;
    }
    const merged = [...state];
    for (const one of joined) {
      mergeState(this.plan, merged, one.state);
      this.#remove(one);
    }
    const id = JSON.stringify([start, ...keys]);
    this.#insert({ id, keys, start, end, state: merged, reported: this.#gone.get(id) ?? false });
    this.#gone.delete(id);
  }

  #insert(group: Group): void {
    this.#groups.set(group.id, group);
    this.#dirty.add(group);
    this.#open.add(group);
    if (this.plan.window?.kind !== 'session') return;
    const key = JSON.stringify(group.keys);
    const all = this.#sessions.get(key) ?? [];
    if (all.length === 0) this.#sessions.set(key, all);
    all.push(group);
  }

  #remove(group: Group): void {
    this.#gone.set(group.id, group.reported || this.#gone.get(group.id) === true);
    this.#drop(group);
  }

  #drop(group: Group): void {
    this.#groups.delete(group.id);
    this.#dirty.delete(group);
    this.#open.delete(group);
    const key = JSON.stringify(group.keys);
    const all = this.#sessions.get(key);
    if (all === undefined) return;
    all.splice(all.indexOf(group), 1);
    if (all.length === 0) this.#sessions.delete(key);
  }

  #countTooLate(timeUs: number): void {
    const { rows, fromUs, toUs } = this.#tooLate ?? { rows: 0, fromUs: timeUs, toUs: timeUs };
    this.#tooLate = { rows: rows + 1, fromUs: Math.min(fromUs, timeUs), toUs: Math.max(toUs, timeUs) };
  }

  #report(): Commit {
    const changes: Change[] = [];
    const groups = new Map<string, string | null>();
    for (const [id, reported] of this.#gone) {
      groups.set(id, null);
      if (reported) changes.push({ op: 'delete', id });
    }
    const due = new Set(this.#dirty);
    for (const group of this.#open) {
      if (!this.#isPassed(group)) continue;
      this.#open.delete(group);
      due.add(group);
    }
    for (const group of due) {
      if (this.#early || group.reported || this.#isPassed(group)) this.#reportGroup(group, changes);
      groups.set(group.id, savedGroup(group));
    }
    this.#forget(groups);
    const commit = { position: this.#position, watermarkUs: this.watermarkUs, changes, groups, tooLate: this.#tooLate };
    this.#gone.clear();
    this.#dirty.clear();
    this.#tooLate = null;
    return commit;
  }

  /** Without windows, each commit reports. */
  #isPassed({ end }: Group): boolean {
    return end === Number.POSITIVE_INFINITY || end <= this.#watermarkUs;
  }

  #reportGroup(group: Group, changes: Change[]): void {
    const row = this.#rowOf(group);
    if (row !== null) changes.push({ op: 'upsert', id: group.id, row });
    else if (group.reported) changes.push({ op: 'delete', id: group.id });
    group.reported = row !== null;
  }

  #rowOf({ state, start, end, keys }: Group): Cell[] | null {
    const finite = Number.isFinite(end) ? BigInt(end) : 0n;
    return rowOf(this.plan, state, BigInt(start), finite, keys);
  }

  #forget(groups: Map<string, string | null>): void {
    const until = Number.isFinite(this.#watermarkUs) ? this.#watermarkUs - this.#keepUs : Number.NEGATIVE_INFINITY;
    if (until <= this.#forgottenUs) return;
    this.#forgottenUs = until;
    for (const group of [...this.#groups.values()]) {
      if (group.end > until) continue;
      this.#drop(group);
      groups.set(group.id, null);
    }
  }

  #restore({ digest, position, watermarkUs, groups }: SavedRun): void {
    if (digest !== this.digest) {
      throw new MoteError(
        'QUERY_STATE',
        'The saved state belongs to another question; delete it, and run over the history.',
      );
    }
    this.#position = position;
    this.#watermarkUs = watermarkUs ?? Number.NEGATIVE_INFINITY;
    this.#latestUs = this.#watermarkUs + this.#latenessUs;
    this.#forgottenUs = this.#watermarkUs - this.#keepUs;
    for (const [id, text] of groups) {
      const group = restoredGroup(this.plan, id, text);
      this.#insert(group);
      this.#dirty.delete(group);
    }
    for (const group of [...this.#open]) if (this.#isPassed(group)) this.#open.delete(group);
  }
}

const NO_VALUE = (timeUs: number): InputRow => ({ timeUs, value: 0n, quality: 0, scale: null });

function hasValue({ value, scale }: InputRow): boolean {
  return scale !== null && value >= scale.min && value <= scale.max && !scale.not.includes(value);
}

function inRange({ min, max, not }: IntegerRange, n: bigint): boolean {
  return (min === null || n >= min) && (max === null || n <= max) && !not.includes(n);
}

function savedGroup({ keys, start, end, state, reported }: Group): string {
  return JSON.stringify([start, Number.isFinite(end) ? end : null, reported, keys, state.map(String)]);
}

function restoredGroup({ atoms, keys: columns }: Plan, id: string, text: string): Group {
  try {
    const [start, end, reported, keys, state] = JSON.parse(text) as [
      number,
      number | null,
      boolean,
      (string | null)[],
      string[],
    ];
    const whole = keys.length === columns.length && state.length === atoms.length && typeof reported === 'boolean';
    if (!whole || JSON.stringify([start, ...keys]) !== id) throw new Error('its parts contradict each other');
    return { id, keys, start, end: end ?? Number.POSITIVE_INFINITY, state: state.map(BigInt), reported };
  } catch (cause) {
    const why = (cause as Error).message;
    throw new MoteError(
      'QUERY_STATE',
      `The saved state of a group can't be read: ${why}; delete it, and run over the history.`,
      { cause },
    );
  }
}

/** The texts of one row, looked up when they are needed. */
class RowTexts {
  readonly #dimensions: Dimensions;
  readonly #own: { device: string; name: string; unit: string };
  readonly #timeUs: number;
  #asset: string | null | undefined;

  constructor(dimensions: Dimensions, device: string, name: string, unit: string, timeUs: number) {
    this.#dimensions = dimensions;
    this.#own = { device, name, unit };
    this.#timeUs = timeUs;
  }

  of(column: Column): string | null {
    switch (column.kind) {
      case 'device':
      case 'name':
      case 'unit':
        return this.#own[column.kind];
    }
    this.#asset ??= this.#dimensions.asset(this.#own.device, this.#timeUs);
    const asset = this.#dimensions.above(this.#asset, column.at);
    if (asset === null || column.kind === 'asset') return asset;
    return this.#dimensions[column.kind](asset, column.key, this.#timeUs);
  }

  matches({ column, texts, not }: TextCondition): boolean {
    const text = this.of(column);
    return text !== null && texts.includes(text) !== not;
  }

  isUnder(path: string): boolean {
    const asset = this.of({ kind: 'asset', at: null });
    return asset !== null && (asset === path || asset.startsWith(`${path}/`));
  }
}
