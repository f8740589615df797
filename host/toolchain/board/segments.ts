/** A firmware image as bytes at addresses. Every image format is read into it and written from it. */
import { MoteError } from '../../base/index.ts';

export interface Segment {
  address: number;
  bytes: Uint8Array;
}

export interface Image {
  /** Sorted by address, without adjacent or overlapping segments. */
  segments: Segment[];
  /** The entry address; null if the format has none. */
  entry: number | null;
}

/** Far above any microcontroller's flash; a hostile file that spans more is rejected before memory is allocated. */
const MAX_SPAN_BYTES = 64 * 1024 * 1024;
const ADDRESSES = 2 ** 32;

/** `0x0800c000` */
export const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

/** Sorts segments and joins adjacent ones. Throws `IMAGE` for segments that overlap, exceed 32-bit addresses, or are too large together. */
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
      throw new MoteError('IMAGE', `${bytes.length} bytes at ${hex32(address)} exceed 32-bit addresses.`);
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

/** Returns the bytes from the first to the last, with gaps as erased flash. Throws `IMAGE` for an empty image, or one that spans too much. */
export function toBinary(image: Image): Segment {
  const [first] = image.segments;
  const last = image.segments.at(-1);
  if (first === undefined || last === undefined) throw new MoteError('IMAGE', 'The image is empty.');
  const span = last.address + last.bytes.length - first.address;
  if (span > MAX_SPAN_BYTES)
    throw new MoteError(
      'IMAGE',
      `The image spans ${span} bytes from ${hex32(first.address)}; write it as HEX or UF2, which omit gaps.`,
    );
  const bytes = new Uint8Array(span).fill(0xff);
  for (const segment of image.segments) bytes.set(segment.bytes, segment.address - first.address);
  return { address: first.address, bytes };
}
