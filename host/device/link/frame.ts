/**
 * Frames on a byte stream: consistent overhead byte stuffing (S. Cheshire and M. Baker, "Consistent Overhead Byte
 * Stuffing", IEEE/ACM Transactions on Networking 7(2), 1999) with 0x00 between frames. A CRC-32 (IEEE 802.3) over the
 * content, little-endian, ends each frame. A zero byte never occurs inside a frame, so a receiver that lost its place
 * finds it again at the next zero.
 */

import { crc32 } from 'node:zlib';
import { LinkConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';

/** Longest content of a frame in bytes, with header and without checksum. */
export const MAX_CONTENT_BYTES = LinkConstant.maxMessageBytes + LinkConstant.maxHeadBytes;
const { crcBytes } = LinkConstant;
/** Bytes of the longest frame with `content` bytes of content, without its 0x00. */
const encodedBytes = (content: number) => content + crcBytes + Math.ceil((content + crcBytes) / 254) + 1;

/**
 * Frames `content` (1 to MAX_CONTENT_BYTES bytes): adds the checksum, stuffs, and ends with 0x00. Throws
 * `LINK_TOO_LARGE`.
 */
export function encodeFrame(content: Uint8Array): Uint8Array {
  if (content.length === 0 || content.length > MAX_CONTENT_BYTES) {
    throw new MoteError(
      'LINK_TOO_LARGE',
      `A frame holds 1 to ${MAX_CONTENT_BYTES} bytes, not ${content.length}; send it in parts.`,
    );
  }
  const raw = new Uint8Array(content.length + crcBytes);
  raw.set(content);
  new DataView(raw.buffer).setUint32(content.length, crc32(content), true);
  const out = new Uint8Array(raw.length + Math.ceil(raw.length / 254) + 2);
  let code = 0;
  let at = 1;
  for (let i = 0; i < raw.length; i++) {
    const byte = raw[i]!;
    if (byte !== 0) out[at++] = byte;
    if (byte === 0 || at - code === 255) {
      out[code] = at - code;
      code = at++;
    }
  }
  out[code] = at - code;
  return out.subarray(0, at + 1);
}

/** Undoes the stuffing of one frame (without its 0x00). Returns null if it isn't well-formed. */
function unstuff(frame: Uint8Array): Uint8Array | null {
  const out = new Uint8Array(frame.length);
  let length = 0;
  for (let i = 0; i < frame.length; ) {
    const code = frame[i]!;
    const end = i + code;
    if (code === 0 || end > frame.length) return null;
    for (i++; i < end; i++) out[length++] = frame[i]!;
    if (code !== 255 && end < frame.length) out[length++] = 0;
  }
  return out.subarray(0, length);
}

/**
 * Returns the content of one frame (without its 0x00) if its checksum holds and it has at most `maxContent` bytes, else
 * null.
 */
export function decodeFrame(frame: Uint8Array, maxContent = MAX_CONTENT_BYTES): Uint8Array | null {
  if (frame.length > encodedBytes(maxContent)) return null;
  const raw = unstuff(frame);
  if (raw === null || raw.length <= crcBytes || raw.length > maxContent + crcBytes) return null;
  const content = raw.subarray(0, raw.length - crcBytes);
  const crc = new DataView(raw.buffer, raw.byteOffset).getUint32(content.length, true);
  return crc === crc32(content) ? content : null;
}

/** Cuts a stream into frames. Stores at most one frame, whatever arrives. */
export class FrameDecoder {
  /** Number of dropped frames: too long, badly stuffed, or with a wrong checksum. */
  errors = 0;
  readonly #maxContent: number;
  readonly #buffer: Uint8Array;
  #length = 0;
  #overrun = false;

  /** `maxContent`: longest accepted content in bytes. */
  constructor(maxContent = MAX_CONTENT_BYTES) {
    this.#maxContent = maxContent;
    this.#buffer = new Uint8Array(encodedBytes(maxContent));
  }

  /** Decodes more bytes of the stream. Calls `onContent` with the content of each good frame, in order. */
  push(bytes: Uint8Array, onContent: (content: Uint8Array) => void): void {
    let start = 0;
    while (start < bytes.length) {
      const zero = bytes.indexOf(0, start);
      const end = zero < 0 ? bytes.length : zero;
      this.#append(bytes.subarray(start, end));
      if (zero < 0) return;
      this.#finish(onContent);
      start = zero + 1;
    }
  }

  /** Drops a partly received frame, before a new stream begins. */
  reset(): void {
    this.#length = 0;
    this.#overrun = false;
  }

  #append(part: Uint8Array): void {
    if (this.#overrun || this.#length + part.length > this.#buffer.length) {
      this.#overrun = true;
      return;
    }
    this.#buffer.set(part, this.#length);
    this.#length += part.length;
  }

  #finish(onContent: (content: Uint8Array) => void): void {
    const overrun = this.#overrun;
    const frame = this.#buffer.subarray(0, this.#length);
    this.reset();
    // An empty frame is no error: a sender may put zeros on an idle line so that the receiver finds its place.
    if (frame.length === 0 && !overrun) return;
    const content = overrun ? null : decodeFrame(frame, this.#maxContent);
    if (content === null) this.errors++;
    else onContent(content);
  }
}
