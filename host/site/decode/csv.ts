/** CSV (RFC 4180) with other delimiters and decimal commas, as spreadsheets and loggers write it. */
import Papa from 'papaparse';
import { type Decimal, parseDecimal } from './decimal.ts';
import { type Decoder, stateless } from './decoder.ts';
import { type Description, timeBounds } from './description.ts';
import { MAX_POINTS } from './limits.ts';
import { decodeRecords } from './records.ts';
import { decodeUtf8 } from './utf8.ts';

const MAX_COLUMNS = 1000;

/** Digits in groups of three, or none. */
const GROUPED = { '.': /^([+-]?\d{1,3}(?:,\d{3})+)(\.\d+)?$/, ',': /^([+-]?\d{1,3}(?:\.\d{3})+)(,\d+)?$/ } as const;

/** A number with this decimal sign; the other sign may group thousands. */
export function csvNumber(text: string, decimal: '.' | ','): Decimal | null {
  const trimmed = text.trim();
  if (trimmed.length > 60) return parseDecimal(trimmed);
  const grouped = GROUPED[decimal].exec(trimmed);
  const plain = grouped === null ? trimmed : grouped[1]!.replace(/[.,]/g, '') + (grouped[2] ?? '');
  if (decimal === ',' && plain.includes('.')) return null;
  return parseDecimal(decimal === ',' ? plain.replace(',', '.') : plain);
}

/** Rows of texts; undefined for bytes that are no such CSV in UTF-8. At most one more row than a message may have points. */
export function parseCsv(bytes: Uint8Array, delimiter: string): string[][] | undefined {
  const text = decodeUtf8(bytes);
  if (text === undefined) return undefined;
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, skipEmptyLines: true, preview: MAX_POINTS + 2 });
  return errors.length > 0 || data.some((row) => row.length > MAX_COLUMNS) ? undefined : data;
}

export function csvDecoder(description: Extract<Description, { kind: 'csv' }>): Decoder<never> {
  const { options } = description;
  const { delimiter = ',', decimal = '.', header = true } = options;
  return stateless(description, timeBounds(options), ({ payload }, collector) => {
    const rows = parseCsv(payload, delimiter);
    if (rows === undefined) return collector.refuse('malformed');
    const names = header ? (rows.shift() ?? []) : (rows[0] ?? []).map((_, i) => String(i));
    const columns = new Map<string, number>();
    // The first of equal names counts.
    for (const [i, name] of names.entries()) if (!columns.has(name.trim())) columns.set(name.trim(), i);
    // An empty cell is no value.
    const read = (row: string[], at: string) => row[columns.get(at.trim()) ?? -1]?.trim() || undefined;
    decodeRecords(options, collector, rows, read, () => undefined, { number: (text) => csvNumber(text, decimal) });
  });
}
