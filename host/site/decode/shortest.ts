import { shortestFloat32 } from './decimal.ts';

/**
 * The value that a sender saw behind a float whose width isn't known: the shortest decimal of a float of 32 bits if it
 * is one, because an encoder of CBOR may write either width for it (RFC 8949, section 4.2.2).
 */
export function shortest(value: number): number {
  return Math.fround(value) === value ? shortestFloat32(value) : value;
}
