/** A firmware image as what goes where: runs of bytes at addresses. Every image format is read to it and written from it. */
import { MoteError } from '../../base/index.ts';

export interface Segment {
  address: number;
  bytes: Uint8Array;
}

export interface Image {
  /** Sorted by address; none touches or overlaps the next. */
  segments: Segment[];
  /** Where the processor starts; null where the format doesn't say. */
  entry: number | null;
}

/** Far above any microcontroller's flash; a hostile file that spans more is refused before memory is taken. */
const MAX_SPAN_BYTES = 64 * 1024 * 1024;
const ADDRESSES = 2 ** 32;

/** `0x0800c000` */
export const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/** Sorts, and joins neighbours. Throws `IMAGE` for segments that overlap, leave 32-bit addresses, or are too large together. */
export function joinSegments(segments: readonly Segment[]): Segment[] {
  const sorted = segments.filter(({ bytes }) => bytes.length > 0).sort((a, b) => a.address - b.address);
  const total = sorted.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (total > MAX_SPAN_BYTES) throw new MoteError('IMAGE', `An image of ${total} bytes fits no board.`);
  const runs: Segment[][] = [];
  let end = -1;
  for (const segment of sorted) {
    const { address, bytes } = segment;
    if (address < end)
      throw new MoteError('IMAGE', `Two parts of the image lie at ${hex32(address)}; correct its addresses.`);
    if (address + bytes.length > ADDRESSES)
      throw new MoteError('IMAGE', `${bytes.length} bytes at ${hex32(address)} leave 32-bit addresses.`);
    if (address === end) runs.at(-1)!.push(segment);
    else runs.push([segment]);
    end = address + bytes.length;
  }
  return runs.map((run) => ({ address: run[0]!.address, bytes: concat(run) }));
}

function concat(run: Segment[]): Uint8Array {
  const out = new Uint8Array(run.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of run) {
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}

/** From the first byte to the last, gaps as erased flash. Throws `IMAGE` for an empty image, or one that spans too much. */
export function toBinary(image: Image): Segment {
  const [first] = image.segments;
  const last = image.segments.at(-1);
  if (first === undefined || last === undefined) throw new MoteError('IMAGE', 'The image is empty.');
  const span = last.address + last.bytes.length - first.address;
  if (span > MAX_SPAN_BYTES)
    throw new MoteError(
      'IMAGE',
      `The image spans ${span} bytes from ${hex32(first.address)}; write it as HEX or UF2, which leave gaps out.`,
    );
  const bytes = new Uint8Array(span).fill(0xff);
  for (const segment of image.segments) bytes.set(segment.bytes, segment.address - first.address);
  return { address: first.address, bytes };
}
