/** Files of assets and context: CSV with one table, or JSON with several. Format: docs/assets.md. */
import Papa from 'papaparse';
import { isObject, MoteError } from '../../base/index.ts';
import { decodeUtf8 } from '../decode/index.ts';
import { Faults } from './faults.ts';
import { type AssetModel, type AssetRow, type FactRow, type Input, MAX_ROWS } from './model.ts';
import {
  type Cells,
  COLUMNS,
  type Reading,
  readAsset,
  readFact,
  readZone,
  rowsOf,
  TABLES,
  type TableName,
  type TagCheck,
} from './tables.ts';

/** Bytes of a file. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024;
const DELIMITERS = [',', ';', '\t', '|'];

export interface FileOptions {
  /** Tables that the file may have. */
  readonly tables: readonly TableName[];
  /** Offset of times that name none, such as `+01:00`; without it, each time must name one. */
  readonly zone?: string;
  readonly checkTag: TagCheck;
}

/** Throws `ASSETS` with the places of up to ten mistakes. */
export function readFile(bytes: Uint8Array, { tables, zone, checkTag }: FileOptions): Input {
  if (bytes.length > MAX_FILE_BYTES) throw wrong(`it has ${bytes.length} bytes, more than ${MAX_FILE_BYTES}; split it`);
  const zoneMinutes = zone === undefined ? Number.NaN : readZone(zone);
  if (zone !== undefined && Number.isNaN(zoneMinutes))
    throw wrong(`the offset ${JSON.stringify(zone)} is none such as +01:00`);
  const reading = { faults: new Faults(), zoneMinutes, checkTag };
  const text = textOf(bytes);
  const input = /^\s*[{[]/.test(text) ? readJson(text, tables, reading) : readCsv(text, tables, reading);
  reading.faults.check();
  return input;
}

const wrong = (what: string) => new MoteError('ASSETS', `The file can't be taken: ${what}.`);

/** Without a byte order mark. */
function textOf(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text !== undefined && !text.includes('\0')) return text;
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const lineEnds = bytes.subarray(0, firstInvalid(bytes)).filter((byte) => byte === 10).length;
  const place = utf16 ? 'it is in UTF-16' : `line ${lineEnds + 1} is not in UTF-8`;
  throw wrong(`${place}; save it as "CSV UTF-8", as spreadsheets call it`);
}

/** The longest front that is UTF-8, by halving. */
function firstInvalid(bytes: Uint8Array): number {
  const stream = (end: number) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  let [low, high] = [0, bytes.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (stream(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

function readCsv(text: string, tables: readonly TableName[], reading: Reading): Input {
  const { delimiter, table, columns } = headOf(text, tables);
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, preview: MAX_ROWS + 2 });
  const lines = linesOf(data);
  for (const { row, message } of errors) reading.faults.add(`line ${lines[row ?? 0] ?? 1}`, message);
  if (data.length > MAX_ROWS + 1) reading.faults.add(`line ${lines.at(-1)}`, `there are more than ${MAX_ROWS} rows`);
  const rows = data.slice(1, MAX_ROWS + 1).flatMap((row, i): [Cells, string][] => {
    const place = `line ${lines[i + 1]}`;
    if (row.every((cell) => cell.trim() === '')) return [];
    if (row.slice(columns.length).some((cell) => cell.trim() !== '')) {
      reading.faults.add(
        place,
        `it has ${row.length} cells for ${columns.length} columns; quote what has a "${delimiter}"`,
      );
      return [];
    }
    return [[Object.fromEntries(columns.map((column, c) => [column, row[c] ?? ''])), place]];
  });
  return tableOf(table, rows, reading);
}

/** The line of each row: cells may have line ends in quotes. */
function linesOf(rows: readonly (readonly string[])[]): number[] {
  let line = 1;
  return rows.map((row) => {
    const first = line;
    line += 1 + row.reduce((sum, cell) => sum + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
    return first;
  });
}

/** The first line names the columns, which tell the table. */
function headOf(text: string, tables: readonly TableName[]) {
  const line = /^[^\r\n]*/.exec(text)![0].slice(0, 1000);
  for (const delimiter of DELIMITERS) {
    const columns = (Papa.parse<string[]>(line, { delimiter }).data[0] ?? []).map((cell) => cell.trim().toLowerCase());
    while (columns.at(-1) === '') columns.pop();
    const table = tables.find((one) => COLUMNS[one].required.every((column) => columns.includes(column)));
    if (table === undefined) continue;
    const { required, optional } = COLUMNS[table];
    const other = columns.find(
      (column, i) => ![...required, ...optional].includes(column) || columns.indexOf(column) < i,
    );
    if (other === undefined) return { delimiter, table, columns };
    throw new MoteError(
      'ASSETS',
      `line 1: the column ${JSON.stringify(other)} is unknown or twice; a file of ${table} has ${[...required, ...optional].join(', ')}`,
    );
  }
  const expected = tables.map((one) => COLUMNS[one].required.join(','));
  throw new MoteError(
    'ASSETS',
    `line 1: it names the columns, and has ${JSON.stringify(line.slice(0, 80))}; expected ${expected.join(' or ')}, with commas or semicolons`,
  );
}

function readJson(text: string, tables: readonly TableName[], reading: Reading): Input {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong(`it is not JSON: ${(cause as Error).message}`);
  }
  if (!isObject(value)) throw wrong(`its JSON is no object with ${tables.join(', ')}`);
  const { faults } = reading;
  let input: Input = {};
  for (const [name, rows] of Object.entries(value)) {
    const table = tables.find((one) => one === name);
    if (table === undefined) faults.add(name, `there is no such table here; the tables are ${tables.join(', ')}`);
    else if (!Array.isArray(rows)) faults.add(name, 'it is no array');
    else if (rows.length > MAX_ROWS) faults.add(name, `there are more than ${MAX_ROWS} rows`);
    else {
      const read = rows.flatMap((row: unknown, i): [Cells, string][] => {
        const cells = jsonCells(table, row, `${name}[${i}]`, faults);
        return cells === null ? [] : [[cells, `${name}[${i}]`]];
      });
      input = { ...input, ...tableOf(table, read, reading) };
    }
  }
  return input;
}

/** Members are texts; null is as an absent one. */
function jsonCells(table: TableName, row: unknown, place: string, faults: Faults): Cells | null {
  const { required, optional } = COLUMNS[table];
  const columns = [...required, ...optional];
  if (!isObject(row)) {
    faults.add(place, `it is no object with ${columns.join(', ')}`);
    return null;
  }
  for (const [name, value] of Object.entries(row)) {
    const fault = !columns.includes(name)
      ? `is unknown; there are ${columns.join(', ')}`
      : value !== null && typeof value !== 'string'
        ? 'is no text'
        : null;
    if (fault === null) continue;
    faults.add(place, `${JSON.stringify(name.slice(0, 60))} ${fault}`);
    return null;
  }
  return Object.fromEntries(columns.map((column) => [column, (row[column] as string | null | undefined) ?? '']));
}

function tableOf(table: TableName, rows: readonly [Cells, string][], reading: Reading): Input {
  if (table === 'assets') {
    const read = rows.map(([cells, place]) => readAsset(cells, place, reading));
    return { assets: read.filter((row): row is AssetRow => row !== null) };
  }
  const read = rows.map(([cells, place]) => readFact(table, cells, place, reading));
  return { [table]: read.filter((row): row is FactRow => row !== null) };
}

/** The file that makes an empty model to this one, of these tables. Texts that are empty are left out. */
export function printJson(model: AssetModel, tables: readonly TableName[]): string {
  const lines = tables.map((table) => {
    const rows = rowsOf(model, table).map((cells) =>
      JSON.stringify(Object.fromEntries(Object.entries(cells).filter(([, text]) => text !== ''))),
    );
    return `  "${table}": [${rows.length === 0 ? '' : `\n    ${rows.join(',\n    ')}\n  `}]`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** One table as CSV (RFC 4180) in UTF-8. */
export function printCsv(model: AssetModel, table: TableName): string {
  const { required, optional } = COLUMNS[table];
  const fields = [...required, ...optional];
  const data = rowsOf(model, table).map((cells) => fields.map((field) => cells[field] ?? ''));
  return `${Papa.unparse({ fields, data }, { newline: '\r\n' })}\r\n`;
}

/** Tables of the assets' own files; context has files of its own. */
export const ASSET_TABLES = TABLES.filter((table) => table !== 'context');
