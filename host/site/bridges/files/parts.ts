/** A file as messages that a decoder can read by themselves. Sizes and counts are bounded, so a file of any size is read. */
import { createReadStream, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { MoteError } from '../../../base/index.ts';
import { parquetAsCsv } from './parquet.ts';

export interface Part {
  readonly contentType: string;
  readonly payload: Uint8Array;
}

/** Bytes of a part of several records, and of one record. */
const PART_BYTES = 1024 * 1024;
/** Bytes of a JSON file, which is one message: what decoders take. */
const JSON_BYTES = 4 * 1024 * 1024;
/** Cells of a part of CSV: decoders take as many points of one message. */
const PART_CELLS = 100_000;
const NEWLINE = 10;
const QUOTE = 34;

const unreadable = (what: string) => new MoteError('SITE_FILE', what);

/** By the extension of their names. */
const READERS: Record<string, (path: string) => AsyncIterable<Part>> = {
  '.csv': (path) => csvParts(createReadStream(path)),
  '.tsv': (path) => csvParts(createReadStream(path)),
  '.json': jsonParts,
  '.ndjson': lineParts,
  '.jsonl': lineParts,
  '.parquet': (path) => csvParts(parquetAsCsv(path)),
};
export const EXTENSIONS = Object.keys(READERS);

/** The messages of a file, always the same ones in the same order. Throws `SITE_FILE` for a file that can't be read as its name says. */
export function partsOf(path: string): AsyncIterable<Part> {
  const read = READERS[extname(path).toLowerCase()];
  if (read === undefined) throw unreadable(`The name of a file ends with one of ${EXTENSIONS.join(', ')}.`);
  return read(path);
}

async function* jsonParts(path: string): AsyncIterable<Part> {
  if (statSync(path).size > JSON_BYTES)
    throw unreadable(`A JSON file has at most ${JSON_BYTES} bytes; write a JSON value a line (.ndjson) instead.`);
  const payload = await readFile(path);
  yield { contentType: 'application/json', payload };
}

/** Each line is a message, as over HTTP. */
async function* lineParts(path: string): AsyncIterable<Part> {
  for await (const payload of records(createReadStream(path), false))
    if (payload.some((byte) => byte > 32)) yield { contentType: 'application/json', payload };
}

/** Several records make a message. The header, if there is one, stands before the records of each. */
async function* csvParts(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Part> {
  let header: Uint8Array | undefined;
  let first = true;
  let rows: Uint8Array[] = [];
  let bytes = 0;
  let maxRows = 0;
  const part = (): Part => ({
    contentType: 'text/csv',
    payload: Buffer.concat([...(header ? [header] : []), ...rows]),
  });
  for await (const record of records(chunks, true)) {
    if (first) {
      first = false;
      const columns =
        1 +
        Buffer.from(record)
          .toString('latin1')
          .split(/[,;\t|]/).length;
      maxRows = Math.max(1, Math.floor(PART_CELLS / columns));
      if (isHeader(record)) {
        header = record;
        continue;
      }
    }
    if (rows.length > 0 && (rows.length >= maxRows || bytes + record.length > PART_BYTES)) {
      yield part();
      rows = [];
      bytes = 0;
    }
    rows.push(record);
    bytes += record.length;
  }
  if (rows.length > 0) yield part();
}

/** Whether the first record of CSV has names: none of its cells begins as a number does. */
function isHeader(record: Uint8Array): boolean {
  const cells = Buffer.from(record)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split(/[,;\t|]/);
  return !cells.some((cell) => /^\s*"?\s*[+-]?[.,]?\d/.test(cell));
}

/** Records with the line end behind them; a line end between quotes ends none. Throws `SITE_FILE`. */
async function* records(chunks: AsyncIterable<Uint8Array>, quoted: boolean): AsyncIterable<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  let inside = false;
  for await (const chunk of chunks) {
    if (chunk.includes(0)) throw unreadable('The file has zero bytes, so it is no text in UTF-8; save it as UTF-8.');
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let begin = 0;
    for (let at = rest.length; at < bytes.length; at++) {
      if (quoted && bytes[at] === QUOTE) inside = !inside;
      if (bytes[at] !== NEWLINE || inside) continue;
      yield bytes.subarray(begin, at + 1);
      begin = at + 1;
    }
    rest = bytes.slice(begin);
    if (rest.length > PART_BYTES)
      throw unreadable(`A record has more than ${PART_BYTES} bytes${inside ? '; a quote is not closed' : ''}.`);
  }
  if (inside) throw unreadable('The file ends between quotes, so it is not whole.');
  if (rest.length > 0) yield rest;
}
