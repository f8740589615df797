/**
 * Intel HEX: the text format that every programmer accepts. "Intel Hexadecimal Object File Format Specification", revision A, 1988:
 * `:LLAAAATT<data>CC`, where the bytes of a record with its checksum add up to 0 modulo 256.
 */
import { MoteError } from '../../base/index.ts';
import { type Image, joinSegments, type Segment } from './segments.ts';

const DATA = 0;
const END = 1;
const SEGMENT_BASE = 2;
const SEGMENT_START = 3;
const LINEAR_BASE = 4;
const LINEAR_START = 5;
/** Lengths of records that aren't data. The last is read, but never written. */
const LENGTHS: Record<number, number> = {
  [END]: 0,
  [SEGMENT_BASE]: 2,
  [SEGMENT_START]: 4,
  [LINEAR_BASE]: 2,
  [LINEAR_START]: 4,
};
const LINE_BYTES = 16;
const BANK = 0x1_0000;

function record(type: number, address: number, data: Uint8Array): string {
  const bytes = Buffer.from([data.length, address >> 8, address & 0xff, type, ...data, 0]);
  bytes[bytes.length - 1] = -bytes.reduce((sum, byte) => sum + byte, 0);
  return `:${bytes.toString('hex').toUpperCase()}\n`;
}

const big = (value: number, bytes: 2 | 4): Uint8Array => {
  const out = Buffer.alloc(bytes);
  out.writeUIntBE(value, 0, bytes);
  return out;
};

/** Writes linear addresses and 16 bytes in each line, and omits gaps. */
export function writeHex({ segments, entry }: Image): string {
  const lines: string[] = [];
  let bank = 0;
  for (const { address, bytes } of segments) {
    for (let at = 0; at < bytes.length; ) {
      const here = address + at;
      const low = here % BANK;
      if (here - low !== bank * BANK) {
        bank = (here - low) / BANK;
        lines.push(record(LINEAR_BASE, 0, big(bank, 2)));
      }
      // Lines are aligned, and a line's 16-bit address never wraps.
      const count = Math.min(LINE_BYTES - (low % LINE_BYTES), bytes.length - at);
      lines.push(record(DATA, low, bytes.subarray(at, at + count)));
      at += count;
    }
  }
  if (entry !== null) lines.push(record(LINEAR_START, 0, big(entry, 4)));
  lines.push(record(END, 0, new Uint8Array(0)));
  return lines.join('');
}

/** Throws `IMAGE_HEX` unless the text is one whole HEX file, and what `joinSegments` throws. */
export function readHex(text: string): Image {
  const segments: Segment[] = [];
  let base = 0;
  let wraps = false;
  let entry: number | null = null;
  let ended = false;
  let number = 0;
  const bad = (why: string) => new MoteError('IMAGE_HEX', `Line ${number} of the HEX file ${why}.`);
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === '') lines.pop();
  for (const line of lines) {
    number++;
    if (ended) throw bad('follows its end record');
    const { type, address, data } = parse(line, bad);
    switch (type) {
      case DATA:
        // Segmented addresses wrap at 64 KiB, linear ones at 4 GiB. No tool writes such a record.
        if (wraps && address + data.length > BANK) throw bad('wraps around its segment');
        segments.push({ address: base + address, bytes: data });
        break;
      case END:
        ended = true;
        break;
      case SEGMENT_BASE:
        base = data.readUInt16BE() * 16;
        wraps = true;
        break;
      case LINEAR_BASE:
        base = data.readUInt16BE() * BANK;
        wraps = false;
        break;
      case SEGMENT_START:
        entry = data.readUInt16BE() * 16 + data.readUInt16BE(2);
        break;
      default:
        entry = data.readUInt32BE();
    }
  }
  if (!ended) throw new MoteError('IMAGE_HEX', 'The HEX file has no end record; it is truncated.');
  return { segments: joinSegments(segments), entry };
}

function parse(line: string, bad: (why: string) => MoteError): { type: number; address: number; data: Buffer } {
  if (!/^:([0-9A-Fa-f]{2}){5,}$/.test(line)) throw bad('is not a record');
  const bytes = Buffer.from(line.slice(1), 'hex');
  if (bytes.length !== bytes[0]! + 5) throw bad('has another length than it declares');
  if (bytes.reduce((sum, byte) => sum + byte, 0) % 256 !== 0) throw bad('has a wrong checksum');
  const type = bytes[3]!;
  const data = bytes.subarray(4, -1);
  if (type !== DATA && LENGTHS[type] !== data.length) throw bad(`has a record of unknown type ${type} or a wrong size`);
  return { type, address: bytes.readUInt16BE(1), data };
}
