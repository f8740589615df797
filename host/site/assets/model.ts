/**
 * What people define of a plant: its assets, where devices are placed, tags, and business context. All of it is one
 * value in memory; a change makes another one, or throws and changes nothing.
 */
import { MoteError } from '../../base/index.ts';
import { type AssetLevel, levelRank } from '../model/index.ts';
import { Faults, type Place } from './faults.ts';
import { isWithin, parentOf, pathFault } from './names.ts';
import { contradiction, type Span, type Statement, splitAt, stated, written } from './spans.ts';

/** Placements are about a device, tags and context about an asset. */
export const FACTS = ['placements', 'tags', 'context'] as const;
export type FactKind = (typeof FACTS)[number];

/** All that is known about one device, or about one key of one asset. */
export interface History {
  /** A device, or the path of an asset. */
  readonly subject: string;
  /** Of a tag, or the kind of context; empty for placements. */
  readonly key: string;
  readonly spans: readonly Span[];
}

/** By `historyId`. */
export type Histories = ReadonlyMap<string, History>;

export interface AssetModel extends Readonly<Record<FactKind, Histories>> {
  /** By path. */
  readonly assets: ReadonlyMap<string, AssetLevel>;
}

export const EMPTY: AssetModel = { assets: new Map(), placements: new Map(), tags: new Map(), context: new Map() };

export const historyId = (subject: string, key: string): string => `${subject}\0${key}`;

export interface AssetRow {
  readonly path: string;
  readonly level: AssetLevel;
  readonly place: Place;
}

/** The text is an asset's path, a value, or null for none. */
export interface FactRow extends Statement {
  readonly subject: string;
  readonly key: string;
  readonly place: Place;
}

/** What a file has. A table that it lacks stays as it is. */
export interface Input extends Partial<Readonly<Record<FactKind, readonly FactRow[]>>> {
  readonly assets?: readonly AssetRow[];
}

/** Rows of one table. */
export const MAX_ROWS = 200_000;

/** Takes a file: `replace` forgets first what its tables had before. Throws `ASSETS` with all mistakes. */
export function taken(model: AssetModel, input: Input, replace: boolean): AssetModel {
  const faults = new Faults();
  const assets = input.assets === undefined ? model.assets : assetsWith(replace ? null : model.assets, input.assets);
  const next: Record<FactKind, Histories> = { ...model };
  for (const kind of FACTS) {
    const rows = input[kind];
    if (rows !== undefined) next[kind] = historiesWith(replace ? EMPTY[kind] : model[kind], rows, faults);
  }
  const result = { ...next, assets };
  checkAssets(result, input, faults);
  faults.check();
  return result;
}

function assetsWith(known: AssetModel['assets'] | null, rows: readonly AssetRow[]): AssetModel['assets'] {
  const assets = new Map(known);
  for (const { path, level } of rows) assets.set(path, level);
  return assets;
}

function historiesWith(known: Histories, rows: readonly FactRow[], faults: Faults): Histories {
  const bySubject = new Map<string, FactRow[]>();
  for (const row of rows) {
    const id = historyId(row.subject, row.key);
    const group = bySubject.get(id);
    if (group === undefined) bySubject.set(id, [row]);
    else group.push(row);
  }
  const histories = new Map(known);
  for (const [id, group] of bySubject) {
    const [one, other] = contradiction(group) ?? [];
    if (one !== undefined && other !== undefined)
      faults.add(other.place, `it holds at a time at which ${one.place} holds for the same subject; change the times`);
    else setSpans(histories, group[0]!, stated(known.get(id)?.spans ?? [], group));
  }
  return histories;
}

function setSpans(histories: Map<string, History>, of: { subject: string; key: string }, spans: readonly Span[]): void {
  const { subject, key } = of;
  const id = historyId(subject, key);
  if (spans.length === 0) histories.delete(id);
  else histories.set(id, { subject, key, spans });
}

function checkAssets(model: AssetModel, input: Input, faults: Faults): void {
  const { assets } = model;
  const places = new Map<string, AssetRow>();
  for (const row of input.assets ?? []) {
    const earlier = places.get(row.path);
    if (earlier !== undefined && earlier.level !== row.level)
      faults.add(row.place, `${row.path} has the level ${earlier.level} in ${earlier.place}`);
    places.set(row.path, row);
  }
  if (input.assets !== undefined)
    for (const [path, level] of assets) {
      const fault = levelFault(assets, path, level);
      if (fault !== null) faults.add(places.get(path)?.place ?? path, fault);
    }
  for (const kind of FACTS) {
    const unknown = (path: string) => !assets.has(path);
    const add = `add a row for it to the assets`;
    for (const { subject, text, place } of input[kind] ?? []) {
      const path = kind === 'placements' ? text : subject;
      if (path !== null && unknown(path)) faults.add(place, `there is no asset ${path}; ${add}`);
    }
    // What was known before may have lost its asset.
    if (input.assets !== undefined && input[kind] === undefined)
      for (const path of pathsOf(kind, model[kind]))
        if (unknown(path)) faults.add(path, `it is missing, and has ${kind}; ${add}`);
    if (rowCount(model[kind]) > MAX_ROWS) faults.add(kind, `there are more than ${MAX_ROWS} rows`);
  }
  if (assets.size > MAX_ROWS) faults.add('assets', `there are more than ${MAX_ROWS} rows`);
}

function levelFault(assets: AssetModel['assets'], path: string, level: AssetLevel): string | null {
  const parent = parentOf(path);
  if (parent === null) return null;
  const above = assets.get(parent);
  if (above === undefined) return `there is no asset ${parent} above ${path}; add a row for it`;
  if (levelRank(above) < levelRank(level)) return null;
  return `${path} has the level ${level}, which isn't below ${above}, the level of ${parent}`;
}

function* pathsOf(kind: FactKind, histories: Histories): Iterable<string> {
  for (const { subject, spans } of histories.values())
    if (kind === 'placements') for (const { text } of spans) yield text;
    else yield subject;
}

const rowCount = (histories: Histories) => [...histories.values()].reduce((sum, { spans }) => sum + spans.length, 0);

/** The paths of an asset and of all below it, as they are after `top` has become `to`. */
function renamed(model: AssetModel, top: string, to: string): Map<string, string> {
  const refuse = (what: string) => new MoteError('ASSETS', what);
  if (!model.assets.has(top)) throw refuse(`There is no asset ${top}; "mote site assets list" shows them.`);
  const fault = pathFault(to);
  if (fault !== null) throw refuse(`The path ${JSON.stringify(to)} ${fault}; choose another one.`);
  if (isWithin(to, top)) throw refuse(`${to} is ${top}, or below it; an asset can't stand below itself.`);
  const paths = [...model.assets.keys()].filter((path) => isWithin(path, top));
  return new Map(paths.map((path) => [path, to + path.slice(top.length)]));
}

function checkLevels(assets: AssetModel['assets'], paths: Iterable<string>): void {
  const faults = new Faults();
  for (const path of paths) {
    const fault = pathFault(path);
    const level = fault === null ? levelFault(assets, path, assets.get(path)!) : `it ${fault}`;
    if (level !== null) faults.add(path, level);
  }
  faults.check();
}

/**
 * Corrects the path of an asset and of all below it, for all times: history is as if it always had the new one. Throws
 * `ASSETS` if there is an asset of the new path.
 */
export function rename(model: AssetModel, from: string, to: string): AssetModel {
  const paths = renamed(model, from, to);
  if (model.assets.has(to))
    throw new MoteError('ASSETS', `There is an asset ${to} already; choose another name, or move ${from} there.`);
  const now = (path: string) => paths.get(path) ?? path;
  const assets = new Map([...model.assets].map(([path, level]) => [now(path), level]));
  checkLevels(assets, paths.values());
  const about = (histories: Histories) => {
    const result = new Map<string, History>();
    for (const history of histories.values())
      setSpans(result, { ...history, subject: now(history.subject) }, history.spans);
    return result;
  };
  const placements = new Map(model.placements);
  for (const history of model.placements.values())
    if (history.spans.some(({ text }) => paths.has(text)))
      setSpans(
        placements,
        history,
        history.spans.map((span) => ({ ...span, text: now(span.text) })),
      );
  return { assets, placements, tags: about(model.tags), context: about(model.context) };
}

/**
 * An asset and all below it stand at another path from a time on. What was before stays at the old path, which stays
 * known; devices, tags and context go along. The new path may be one where something stood before. Throws `ASSETS`.
 */
export function move(model: AssetModel, from: string, to: string, atUs: number): AssetModel {
  const paths = renamed(model, from, to);
  const assets = new Map(model.assets);
  for (const [old, path] of paths) {
    const [level, there] = [model.assets.get(old)!, model.assets.get(path)];
    if (there !== undefined && there !== level)
      throw new MoteError('ASSETS', `${path} is a ${there}, and ${old} a ${level}; choose another path.`);
    assets.set(path, level);
  }
  checkLevels(assets, paths.values());
  const placements = new Map(model.placements);
  for (const history of model.placements.values()) {
    if (!history.spans.some(({ text }) => isWithin(text, from) || isWithin(text, to))) continue;
    const { before, after } = splitAt(history.spans, atUs);
    const there = after.find(({ text }) => isWithin(text, to));
    if (there !== undefined)
      throw new MoteError(
        'ASSETS',
        `The device ${history.subject} is at ${there.text} then; place it elsewhere first.`,
      );
    if (!after.some(({ text }) => paths.has(text))) continue;
    const moved = after.map((span) => ({ ...span, text: paths.get(span.text) ?? span.text }));
    setSpans(placements, history, moved.reduce(written, before));
  }
  const about = (histories: Histories) => {
    const result = new Map(histories);
    for (const { subject, key, spans } of histories.values()) {
      const path = paths.get(subject);
      if (path === undefined) continue;
      const { before, after } = splitAt(spans, atUs);
      if (after.length === 0) continue;
      setSpans(result, { subject, key }, before);
      const there = histories.get(historyId(path, key))?.spans ?? [];
      setSpans(result, { subject: path, key }, after.reduce(written, splitAt(there, atUs).before));
    }
    return result;
  };
  return { assets, placements, tags: about(model.tags), context: about(model.context) };
}
