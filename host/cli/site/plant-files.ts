/** Import and export of the files of a running site, and what they hold at a time. */
import { isObject, MoteError, readInput, writeOutput } from '../../base/index.ts';
import { away, callSite, refusal, requestSite, type SiteOptions } from '../shared/site-api.ts';
import type { Terminal } from '../shared/terminal.ts';

export interface ImportOptions extends SiteOptions {
  readonly replace?: boolean;
  readonly zone?: string;
}

export interface ExportOptions extends SiteOptions {
  readonly table?: string;
}

/** Options of several commands. */
export const REPLACE: [string, string] = ['--replace', 'forgets what the tables of the file had before'];
export const ZONE: [string, string] = ['--zone <offset>', 'offset from UTC of times that name none, such as +01:00'];
export const AT: [string, string] = [
  '--at <time>',
  'what holds at this time, of UTC unless it names an offset; now without it',
];

/** `address` is `/api/assets` or `/api/context`. */
export async function importFile(
  address: string,
  path: string,
  options: ImportOptions,
  terminal: Terminal,
): Promise<void> {
  const bytes = readInput(path, 'The file');
  const query = options.zone === undefined ? '' : `?zone=${encodeURIComponent(options.zone)}`;
  const init = { method: options.replace === true ? 'PUT' : 'POST', body: Buffer.from(bytes) };
  const response = await requestSite(options.site, `${address}${query}`, init);
  report(await json(options.site, response), terminal);
}

/** Without a path, prints the file. */
export async function exportFile(
  address: string,
  path: string | undefined,
  { site, table }: ExportOptions,
  terminal: Terminal,
): Promise<void> {
  const query = table === undefined ? '' : `?format=csv&table=${encodeURIComponent(table)}`;
  const response = await requestSite(site, `${address}${query}`);
  if (!response.ok) throw refusal(site, response.status, await json(site, response));
  const text = await response.text();
  if (path !== undefined) {
    writeOutput(path, Buffer.from(text));
    terminal.data({ file: path, bytes: Buffer.byteLength(text) });
    terminal.line(`${terminal.paint('green', 'Wrote')} ${path}`);
    return;
  }
  terminal.data(table === undefined ? JSON.parse(text) : { table, csv: text });
  terminal.line(text.replaceAll('\r\n', '\n').trimEnd());
}

export async function post(options: SiteOptions, path: string, body: object, terminal: Terminal): Promise<void> {
  report(await callSite(options.site, path, { method: 'POST', body }), terminal);
}

function report({ changed }: Record<string, unknown>, terminal: Terminal): void {
  terminal.data({ changed });
  terminal.line(changed === 0 ? 'Nothing changed.' : `${changed} ${changed === 1 ? 'row' : 'rows'} changed.`);
}

async function json(site: string, response: Response): Promise<Record<string, unknown>> {
  const answer: unknown = await response.json().catch(() => null);
  if (!isObject(answer)) throw away(site, `has answered with ${response.status} and no JSON`);
  if (!response.ok) throw refusal(site, response.status, answer);
  return answer;
}

/** A row of a file, as texts. */
export type Row = Record<string, string>;

/** The rows of a table in a running site's file. */
export async function rowsOf(site: string, address: string): Promise<Record<string, Row[]>> {
  const answer = await callSite(site, address);
  return Object.fromEntries(
    Object.entries(answer).map(([name, rows]) => [name, Array.isArray(rows) ? (rows.filter(isObject) as Row[]) : []]),
  );
}

/** Returns whether a row holds at a time; now without a text. Throws `USAGE`. */
export async function heldAt(text: string | undefined): Promise<(row: Row) => boolean> {
  const { textUs } = await import('../../site/decode/index.ts');
  const atUs = text === undefined ? Date.now() * 1000 : textUs(text, 'iso', 0);
  if (!Number.isSafeInteger(atUs))
    throw new MoteError('USAGE', `--at takes a time such as 2026-12-01T06:00:00+01:00; got "${text}".`);
  return ({ from, to }) =>
    (from === undefined || textUs(from, 'iso', 0) <= atUs) && (to === undefined || atUs < textUs(to, 'iso', 0));
}
