/** Which format a message has: by its topic and content type, else by its bytes. */
import { isObject, MoteError } from '../../../base/index.ts';
import { decodeItem } from '../../../messaging/topics/index.ts';
import type { RawMessage } from '../../model/index.ts';
import { csvNumber, parseCsv } from '../csv.ts';
import type { CsvOptions, Kind } from '../description.ts';
import { parseJson } from '../json-text.ts';
import { parseLines } from '../line-text.ts';
import { parsePack } from '../senml.ts';
import { sparkplugPlace } from '../sparkplug.ts';
import { decodeUtf8 } from '../utf8.ts';

/** What a message is, as far as its decoder needs it. */
export interface Sniffed {
  readonly kind: Kind;
  /** Of JSON. */
  readonly document?: unknown;
}

const MOTE_TOPIC = /^(.+)\/d\/[A-Za-z0-9_-]{1,64}\/(?:t|e|s|log|ota)$/;
const SENML_LABELS = new Set(['bn', 'bt', 'bu', 'bv', 'bs', 'bver', 'n', 'u', 'v', 'vs', 'vb', 'vd', 's', 't', 'ut']);

/** Null: none of the formats. */
export function sniff(message: RawMessage): Sniffed | null {
  const { topic, payload } = message;
  if (sparkplugPlace(topic) !== null) return { kind: 'sparkplug' };
  if (moteNamespace(message) !== null) return { kind: 'mote' };
  const first = payload[0];
  if (first === undefined) return null;
  if (first >= 0x80 && first <= 0x9f) return isSenml(payload) ? { kind: 'senml' } : null;
  const document = parseJson(payload);
  if (document !== undefined) {
    if (isSenml(payload)) return { kind: 'senml' };
    // A text alone is JSON, too, but holds no number.
    return typeof document.value === 'string' ? null : { kind: 'json', document: document.value };
  }
  const text = decodeUtf8(payload);
  if (text === undefined) return null;
  if (isLines(text)) return { kind: 'line-protocol' };
  return csvForm(payload) === null ? null : { kind: 'csv' };
}

/** The namespace of one of moteware's own messages; null: it is none. */
export function moteNamespace({ topic, payload }: RawMessage): string | null {
  const namespace = MOTE_TOPIC.exec(topic)?.[1];
  if (namespace === undefined || (payload[0] ?? 0) < 0x84 || payload[0]! > 0x9f || payload[1] !== 1) return null;
  try {
    return Array.isArray(decodeItem(payload, payload.length)) ? namespace : null;
  } catch (error) {
    if (error instanceof MoteError) return null;
    throw error;
  }
}

function isSenml(payload: Uint8Array): boolean {
  const pack = parsePack(payload);
  if (pack === undefined || pack.length === 0) return false;
  const named = pack.some(({ n, bn }) => typeof n === 'string' || typeof bn === 'string');
  const measured = pack.some((record) => ['v', 'vs', 'vb', 'vd', 's', 'bv', 'bs'].some((label) => label in record));
  return named && measured && pack.every((record) => Object.keys(record).every((label) => SENML_LABELS.has(label)));
}

function isLines(text: string): boolean {
  let good = 0;
  let bad = 0;
  parseLines(text, (line) => {
    if (line === null) bad++;
    else good++;
  });
  return good > 0 && bad === 0;
}

export interface CsvForm extends Required<Pick<CsvOptions, 'delimiter' | 'decimal' | 'header'>> {
  readonly rows: readonly string[][];
}

/** The delimiter that gives the most columns, in rows of equal length; null: there is none. */
export function csvForm(payload: Uint8Array): CsvForm | null {
  const forms: CsvForm[] = [];
  for (const delimiter of [',', ';', '\t', '|'] as const) {
    const rows = parseCsv(payload, delimiter);
    const columns = rows?.[0]?.length ?? 0;
    if (rows === undefined || columns < 2 || rows.some((row) => row.length !== columns)) continue;
    const cells = rows.flat().map((cell) => cell.trim());
    const commas = cells.filter((cell) => /^[+-]?\d+,\d+$/.test(cell)).length;
    const points = cells.filter((cell) => /^[+-]?\d+\.\d+$/.test(cell)).length;
    const decimal = delimiter !== ',' && commas > points ? ',' : '.';
    const header = isHeader(rows, decimal);
    // One row of texts is a line of text with a comma in it.
    if (rows.length > 1 || !header) forms.push({ delimiter, decimal, header, rows });
  }
  forms.sort((a, b) => b.rows[0]!.length - a.rows[0]!.length);
  const [best] = forms;
  const numeric = best?.rows.some((row) => row.some((cell) => csvNumber(cell, best.decimal) !== null));
  return best !== undefined && numeric ? best : null;
}

function isHeader([first]: readonly string[][], decimal: '.' | ','): boolean {
  const names = first!.map((name) => name.trim());
  if (names.some((name) => name === '' || csvNumber(name, decimal) !== null)) return false;
  return new Set(names).size === names.length && !names.some((name) => /^\d{1,4}[-./]\d/.test(name));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  // An exact decimal is a number.
  return isObject(value) && typeof value.digits !== 'bigint';
}
