/**
 * Checks CBOR that another encoder wrote and that is forwarded unchanged: everything that RFC 8949 allows,
 * deterministic or not. It doesn't check whether texts are UTF-8 or map keys unique, which appendix C counts as
 * validity.
 */
import { ARRAY, BYTES, MAP, SIMPLE, TAG, TEXT } from './wire.ts';

/**
 * True if `bytes` are exactly one well-formed CBOR item (RFC 8949, appendix C) of any kind, nested at most 16 levels
 * deep.
 */
export function wellFormed(bytes: Uint8Array): boolean {
  return skip(bytes, 0, 16) === bytes.length;
}

/** Offset behind the item at `at`, or -1 if it isn't well-formed. */
function skip(bytes: Uint8Array, at: number, depth: number): number {
  const first = bytes[at];
  if (first === undefined || depth === 0) return -1;
  const major = first >> 5;
  const short = first & 31;
  if (short === 31) return skipIndefinite(bytes, at + 1, major, depth);
  if (short > 27) return -1;
  const size = short < 24 ? 0 : 1 << (short - 24);
  let argument = short < 24 ? short : 0;
  for (let i = 0; i < size; i++) argument = argument * 256 + (bytes[at + 1 + i] ?? 0);
  let end = at + 1 + size;
  if (end > bytes.length) return -1;
  // A simple value below 32 in two bytes is not allowed (RFC 8949, section 3.3).
  if (major === SIMPLE) return short === 24 && argument < 32 ? -1 : end;
  if (major === BYTES || major === TEXT) return end + argument <= bytes.length ? end + argument : -1;
  const items = major === ARRAY ? argument : major === MAP ? argument * 2 : major === TAG ? 1 : 0;
  // Each item takes at least one byte, so a huge count is rejected here instead of in a long loop.
  if (items > bytes.length - end) return -1;
  for (let i = 0; i < items && end >= 0; i++) end = skip(bytes, end, depth - 1);
  return end;
}

function skipIndefinite(bytes: Uint8Array, start: number, major: number, depth: number): number {
  if (major < BYTES || major > MAP) return -1;
  let at = start;
  let items = 0;
  while (bytes[at] !== 0xff) {
    const chunk = bytes[at] ?? 0;
    // Chunks of a string are definite strings of the same kind.
    if ((major === BYTES || major === TEXT) && (chunk >> 5 !== major || (chunk & 31) === 31)) return -1;
    at = skip(bytes, at, depth - 1);
    if (at < 0) return -1;
    items++;
  }
  return major === MAP && items % 2 !== 0 ? -1 : at + 1;
}
