/**
 * The tables of a file: their columns, how a row of texts is read, and how the model is written as rows of texts. CSV
 * and JSON have the same columns.
 */
import { offset, textUs } from '../decode/index.ts';
import { type AssetLevel, formatTime, LEVELS, readLevel } from '../model/index.ts';
import type { Faults, Place } from './faults.ts';
import type { AssetModel, AssetRow, FactKind, FactRow, Histories } from './model.ts';
import { composed, keyFault, MAX_DEVICE, MAX_VALUE, pathFault, textFault } from './names.ts';
import { ALWAYS, LAST_TIME } from './spans.ts';

/** What a file may have, in the order in which it is written. */
export const TABLES = ['assets', 'placements', 'tags', 'context'] as const;
export type TableName = (typeof TABLES)[number];

/** By table: the columns that a file must have, and those that it may. */
export const COLUMNS: Readonly<Record<TableName, { required: readonly string[]; optional: readonly string[] }>> = {
  assets: { required: ['path', 'level'], optional: [] },
  placements: { required: ['device', 'asset'], optional: ['from', 'to'] },
  tags: { required: ['asset', 'key', 'value'], optional: ['from', 'to'] },
  context: { required: ['asset', 'kind', 'value'], optional: ['from', 'to'] },
};

/** Null for a value that a tag may have; else what is wrong, as a sentence. */
export type TagCheck = (key: string, value: string) => string | null;

export interface Reading {
  readonly faults: Faults;
  /** Minutes east of UTC of times that name no offset; NaN: each must name one. */
  readonly zoneMinutes: number;
  readonly checkTag: TagCheck;
}

/** Texts of one row by column; a column that is missing or empty is an empty text. */
export type Cells = Readonly<Record<string, string>>;

/** Minutes east of UTC. NaN for what is no offset. */
export const readZone = (text: string): number => offset(text);

export function readAsset(cells: Cells, place: Place, { faults }: Reading): AssetRow | null {
  const path = composed(cells.path ?? '');
  const fault = pathFault(path);
  if (fault !== null) faults.add(place, `the path ${JSON.stringify(path)} ${fault}`);
  const level: AssetLevel | null = readLevel((cells.level ?? '').trim().toLowerCase());
  if (level === null)
    faults.add(place, `the level ${JSON.stringify(cells.level ?? '')} is none of ${LEVELS.join(', ')}`);
  return fault === null && level !== null ? { path, level, place } : null;
}

export function readFact(kind: FactKind, cells: Cells, place: Place, reading: Reading): FactRow | null {
  const { faults, checkTag } = reading;
  let good = true;
  const check = (what: string, value: string, fault: string | null) => {
    if (fault === null) return;
    good = false;
    faults.add(place, `the ${what} ${JSON.stringify(value)} ${fault}`);
  };
  const placed = kind === 'placements';
  const asset = composed(cells.asset ?? '');
  const device = (cells.device ?? '').trim();
  const key = placed ? '' : (cells[kind === 'tags' ? 'key' : 'kind'] ?? '').trim();
  const value = (cells.value ?? '').trim();
  if (placed) {
    check('device', device, textFault(device, MAX_DEVICE));
    if (asset !== '') check('asset', asset, pathFault(asset));
  } else {
    check('asset', asset, pathFault(asset));
    check(kind === 'tags' ? 'key' : 'kind', key, keyFault(key));
    if (value !== '') check('value', value, textFault(value, MAX_VALUE));
    const wrong = good && kind === 'tags' && value !== '' ? checkTag(key, value) : null;
    if (wrong !== null) {
      good = false;
      faults.add(place, wrong);
    }
  }
  const from = readTime('from', cells.from, place, reading) ?? ALWAYS;
  const to = readTime('to', cells.to, place, reading);
  if (Number.isNaN(from) || Number.isNaN(to)) return null;
  if (to !== null && to <= from) {
    faults.add(place, `"to" isn't after "from"`);
    return null;
  }
  if (!good) return null;
  const text = placed ? asset : value;
  return { subject: placed ? device : asset, key, text: text === '' ? null : text, from, to, place };
}

/** Null for no text; NaN for a wrong one, which is reported. */
function readTime(column: string, given: string | undefined, place: Place, reading: Reading): number | null {
  const text = (given ?? '').trim();
  if (text === '') return null;
  // Only dates with dots have one order of day and month wherever they are written.
  const us = textUs(text, /^\d\d?\.\d\d?\.\d{4}/.test(text) ? 'dmy' : 'iso', reading.zoneMinutes);
  if (us >= ALWAYS && us <= LAST_TIME) return us;
  const dated = !Number.isNaN(textUs(text, 'iso', 0)) || !Number.isNaN(textUs(text, 'dmy', 0));
  const what = dated && Number.isNaN(us) ? 'names no offset from UTC' : 'is no time from 1970 to 2255';
  const remedy = `write it such as 2026-12-01T06:00:00+01:00${dated ? ', or name the offset of all times' : ''}`;
  reading.faults.add(place, `"${column}" ${JSON.stringify(text.slice(0, 60))} ${what}; ${remedy}`);
  return Number.NaN;
}

/** The rows of a table in an order that depends on the model alone. Columns without a text are empty. */
export function rowsOf(model: AssetModel, table: TableName): Cells[] {
  if (table === 'assets')
    return [...model.assets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, level]) => ({ path, level }));
  return factRows(model[table], table);
}

function factRows(histories: Histories, kind: FactKind): Cells[] {
  const ordered = [...histories].sort(([a], [b]) => (a < b ? -1 : 1));
  return ordered.flatMap(([, { subject, key, spans }]) =>
    spans.map(({ from, to, text }): Cells => {
      const times = { from: from === ALWAYS ? '' : formatTime(from), to: to === null ? '' : formatTime(to) };
      if (kind === 'placements') return { device: subject, asset: text, ...times };
      return { asset: subject, [kind === 'tags' ? 'key' : 'kind']: key, value: text, ...times };
    }),
  );
}
