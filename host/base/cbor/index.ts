/**
 * Strict CBOR in the deterministic encoding (RFC 8949, section 4.2.1). `CborReader` and `CborWriter` handle one item at
 * a time, `decodeCbor` and `encodeCbor` whole values. Of any other CBOR encoder, `decodePlain` reads an item as plain
 * data, and `wellFormed` checks one.
 */
export { decodePlain, type Plain, type PlainLimits } from './plain.ts';
export { CborReader } from './reader.ts';
export { type CborKey, type CborMap, CborTag, type CborValue, decodeCbor, encodeCbor } from './value.ts';
export { wellFormed } from './well-formed.ts';
export type { Fault } from './wire.ts';
export { CborWriter } from './writer.ts';
