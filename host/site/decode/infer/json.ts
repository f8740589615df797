/** Infers descriptions of JSON and CSV: where records are, and what their leaves are. */
import type { RawMessage } from '../../model/index.ts';
import { csvNumber } from '../csv.ts';
import type { CsvOptions, Description, JsonOptions } from '../description.ts';
import { pointerTo, pointerTokens, resolvePointer } from '../json-text.ts';
import { PLAIN_NUMBERS } from '../records.ts';
import { findRecords, type Ignored } from './fields.ts';
import { Leaves } from './leaves.ts';
import { type CsvForm, csvForm, isRecord } from './sniff.ts';

export interface Draft {
  readonly description: Description;
  readonly ignored: readonly Ignored[];
}

/** Levels of objects in a record. */
const DEEPEST = 6;
/** Elements of an array of records that are looked at. */
const MAX_RECORDS = 1_000;

export function inferJson(messages: readonly RawMessage[], documents: readonly unknown[]): Draft | null {
  const records = recordsPointer(documents);
  const leaves = new Leaves();
  for (const [i, document] of documents.entries()) {
    const { receivedUs } = messages[i]!;
    const found = resolvePointer(document, pointerTokens(records));
    const list = Array.isArray(found) ? found.slice(0, MAX_RECORDS) : [found];
    for (const record of list)
      walk(record, '', [], DEEPEST, (at, path, value) => leaves.add(at, path, false, value, receivedUs));
    if (records === '') continue;
    walk(document, '', [], DEEPEST, (at, path, value) => {
      if (at !== records) leaves.add(at, path, true, value, receivedUs);
    });
  }
  const found = findRecords(leaves.all(), messages, PLAIN_NUMBERS);
  if (found === null) return null;
  const options: JsonOptions = { ...(records !== '' && { records }), ...found.options };
  return { description: { kind: 'json', version: 1, options }, ignored: found.ignored };
}

/** Calls `leaf` for all that is no object. */
function walk(
  value: unknown,
  at: string,
  path: readonly string[],
  depth: number,
  leaf: (at: string, path: readonly string[], value: unknown) => void,
): void {
  if (!isRecord(value)) {
    leaf(at, path, value);
    return;
  }
  if (depth === 0) return;
  for (const key of Object.keys(value)) walk(value[key], pointerTo(at, key), [...path, key], depth - 1, leaf);
}

/** Where most documents have an array of objects: the place with the fewest levels. Empty: the document itself. */
function recordsPointer(documents: readonly unknown[]): string {
  const count = new Map<string, number>();
  for (const document of documents) {
    walk(document, '', [], 3, (at, _path, value) => {
      if (Array.isArray(value) && value.length > 0 && value.every(isRecord)) count.set(at, (count.get(at) ?? 0) + 1);
    });
  }
  const common = [...count].filter(([, n]) => n * 2 > documents.length).map(([at]) => at);
  const levels = (at: string) => at.split('/').length;
  return common.sort((a, b) => levels(a) - levels(b) || (a < b ? -1 : 1))[0] ?? '';
}

export function inferCsv(messages: readonly RawMessage[]): Draft | null {
  const forms = messages.map((message) => ({ message, form: csvForm(message.payload)! }));
  const { delimiter, header } = mostCommon(forms.map(({ form }) => form));
  const same = forms.filter(({ form }) => form.delimiter === delimiter && form.header === header);
  // A file whose numbers have no decimals doesn't show the sign.
  const decimal = same.some(({ form }) => form.decimal === ',') ? ',' : '.';
  const leaves = new Leaves();
  for (const { message, form } of same) {
    const names = header ? form.rows[0]!.map((name) => name.trim()) : form.rows[0]!.map((_, i) => String(i));
    for (const row of form.rows.slice(header ? 1 : 0, MAX_RECORDS + 1)) {
      for (const [i, cell] of row.entries())
        leaves.add(names[i]!, [header ? names[i]! : `column ${i}`], false, cell.trim() || null, message.receivedUs);
    }
  }
  const format = { number: (text: string) => csvNumber(text, decimal) };
  const found = findRecords(leaves.all(), messages, format);
  if (found === null) return null;
  const options: CsvOptions = { delimiter, decimal, header, ...found.options };
  return { description: { kind: 'csv', version: 1, options }, ignored: found.ignored };
}

function mostCommon(forms: readonly CsvForm[]): CsvForm {
  const key = (form: CsvForm) => `${form.delimiter} ${form.header}`;
  const count = new Map<string, number>();
  for (const form of forms) count.set(key(form), (count.get(key(form)) ?? 0) + 1);
  const [best] = [...count].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0]!;
  return forms.find((form) => key(form) === best)!;
}
