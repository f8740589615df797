/**
 * A journal of records that survives a power cut at any operation. The slot store and the key-value store are built on
 * it.
 *
 * The pages form two equal banks. Records are appended to one. When it is full, the live records are written to the
 * other one after an erase, and then its header with a higher generation. The valid header with the highest generation
 * selects the current bank, so programming one header is the atomic step. Format: docs/spec/flash.md.
 */

import { crc32 } from 'node:zlib';
import { FlashConstant, type JournalKind } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import type { Flash } from './flash.ts';

const {
  journalFormat: FORMAT,
  journalHeaderBytes: HEADER_BYTES,
  recordHeaderBytes: RECORD_HEADER_BYTES,
  pieceBytes: PIECE_BYTES,
  maxRecordBytes: MAX_RECORD_BYTES,
} = FlashConstant;

/** The kind of a journal, as the ASCII letter in its header: slots or key-value store. */
export type JournalLetter = (typeof JournalKind)[keyof typeof JournalKind];

export class Journal {
  readonly #flash: Flash;
  readonly #kind: JournalLetter;
  readonly #bankPages: number;
  readonly #bankBytes: number;
  /** The current bank; -1 if there is none, and `#end` is then the size of a bank. */
  #bank: number;
  #generation: number;
  /** Offset of the next record in the bank; the size of the bank if no record may follow. */
  #end: number;

  private constructor(flash: Flash, kind: JournalLetter, bank: number, generation: number, end: number) {
    this.#flash = flash;
    this.#kind = kind;
    this.#bankPages = bankPages(flash);
    this.#bankBytes = this.#bankPages * flash.pageBytes;
    this.#bank = bank;
    this.#generation = generation;
    this.#end = end;
  }

  /**
   * Opens a journal and returns its records, oldest first. It only reads and accepts any content: flash without a
   * journal of this kind is an empty journal. Throws `FLASH_RANGE` for a flash of one page.
   */
  static open(flash: Flash, kind: JournalLetter): { journal: Journal; records: Uint8Array[] } {
    const bankBytes = bankPages(flash) * flash.pageBytes;
    let bank = -1;
    let generation = 0;
    for (const candidate of [0, 1]) {
      const found = readHeader(flash.read(candidate * bankBytes, HEADER_BYTES), kind);
      if (found > generation) {
        bank = candidate;
        generation = found;
      }
    }
    if (bank < 0) return { journal: new Journal(flash, kind, -1, 0, bankBytes), records: [] };
    const { records, end } = readRecords(flash.read(bank * bankBytes, bankBytes), flash.writeBytes);
    return { journal: new Journal(flash, kind, bank, generation, end), records };
  }

  /** Bytes for records in one bank, as `storedBytes` counts them. */
  get capacityBytes(): number {
    return this.#bankBytes - padded(HEADER_BYTES, this.#flash.writeBytes);
  }

  /** Returns the bytes that a record of `length` bytes takes. */
  storedBytes(length: number): number {
    return padded(RECORD_HEADER_BYTES + length, this.#flash.writeBytes);
  }

  /**
   * Appends a record; it is durable when this returns. `live` returns the records that are still needed, including the
   * new one; they replace the journal when the bank is full. Throws `FLASH_FULL` with nothing changed if they don't fit
   * into a bank.
   */
  append(record: Uint8Array, live: () => readonly Uint8Array[]): void {
    const stored = this.storedBytes(record.length);
    if (this.#end + stored > this.#bankBytes) {
      this.#compact(live());
      return;
    }
    const at = this.#end;
    // If this program fails half way, nothing may follow it here; the next record then starts a new bank.
    this.#end = this.#bankBytes;
    this.#program(this.#bank * this.#bankBytes + at, this.#encode([record]));
    this.#flash.sync();
    this.#end = at + stored;
  }

  #compact(records: readonly Uint8Array[]): void {
    const body = this.#encode(records);
    if (body.length > this.capacityBytes)
      throw new MoteError(
        'FLASH_FULL',
        `${body.length} bytes of records don't fit into the ${this.capacityBytes} of a journal bank; give the journal more pages.`,
      );
    const target = this.#bank === 0 ? 1 : 0;
    const header = writeHeader(this.#kind, this.#generation + 1, this.#flash.writeBytes);
    this.#end = this.#bankBytes;
    // Always erase, even if the bank reads as blank: after an interrupted erase it may read as blank and not stay so.
    for (let page = 0; page < this.#bankPages; page++) this.#flash.erase(target * this.#bankPages + page);
    this.#program(target * this.#bankBytes + header.length, body);
    this.#flash.sync();
    this.#flash.program(target * this.#bankBytes, header);
    this.#flash.sync();
    this.#bank = target;
    this.#generation++;
    this.#end = header.length + body.length;
  }

  #program(address: number, records: Uint8Array): void {
    for (let at = 0; at < records.length; at += PIECE_BYTES)
      this.#flash.program(address + at, records.subarray(at, at + PIECE_BYTES));
  }

  #encode(records: readonly Uint8Array[]): Uint8Array {
    const out = new Uint8Array(records.reduce((sum, record) => sum + this.storedBytes(record.length), 0)).fill(0xff);
    const view = new DataView(out.buffer);
    let at = 0;
    for (const record of records) {
      if (record.length > MAX_RECORD_BYTES)
        throw new MoteError(
          'FLASH_FULL',
          `A journal record has at most ${MAX_RECORD_BYTES} bytes, not ${record.length}.`,
        );
      view.setUint16(at, record.length, true);
      out.set(record, at + RECORD_HEADER_BYTES);
      view.setUint32(at + 2, recordCrc(out, at, record.length), true);
      at += this.storedBytes(record.length);
    }
    return out;
  }
}

function bankPages(flash: Flash): number {
  const pages = Math.floor(flash.sizeBytes / flash.pageBytes / 2);
  if (pages < 1) throw new MoteError('FLASH_RANGE', 'A journal needs two flash pages or more.');
  return pages;
}

function padded(length: number, writeBytes: number): number {
  return Math.ceil(length / writeBytes) * writeBytes;
}

function writeHeader(kind: JournalLetter, generation: number, writeBytes: number): Uint8Array {
  const header = new Uint8Array(padded(HEADER_BYTES, writeBytes)).fill(0xff);
  const view = new DataView(header.buffer);
  header.set([0x6d, 0x6a, FORMAT, kind.charCodeAt(0)]); // "mj"
  view.setUint32(4, generation, true);
  view.setUint32(8, crc32(header.subarray(0, 8)), true);
  return header;
}

/**
 * Returns the generation, 1 or more; 0 if this isn't a header of that kind, or its generation could have no successor.
 */
function readHeader(header: Uint8Array, kind: JournalLetter): number {
  const view = new DataView(header.buffer, header.byteOffset);
  const generation = view.getUint32(4, true);
  const wanted = writeHeader(kind, generation, 1);
  return generation < 0xffff_ffff && wanted.every((byte, i) => byte === header[i]) ? generation : 0;
}

function readRecords(bank: Uint8Array, writeBytes: number): { records: Uint8Array[]; end: number } {
  const view = new DataView(bank.buffer, bank.byteOffset);
  const records: Uint8Array[] = [];
  let at = padded(HEADER_BYTES, writeBytes);
  while (at + RECORD_HEADER_BYTES <= bank.length) {
    const length = view.getUint16(at, true);
    const stored = padded(RECORD_HEADER_BYTES + length, writeBytes);
    if (length > MAX_RECORD_BYTES || at + stored > bank.length) break;
    if (view.getUint32(at + 2, true) !== recordCrc(bank, at, length)) break;
    records.push(bank.slice(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + length));
    at += stored;
  }
  // A torn record can't be programmed over, so the next record goes to the other bank.
  const blank = bank.subarray(at).every((byte) => byte === 0xff);
  return { records, end: blank ? at : bank.length };
}

/** CRC-32 (IEEE 802.3) of a record's length field and payload. */
function recordCrc(bytes: Uint8Array, at: number, length: number): number {
  const payload = at + RECORD_HEADER_BYTES;
  return crc32(bytes.subarray(payload, payload + length), crc32(bytes.subarray(at, at + 2)));
}
