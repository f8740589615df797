/**
 * Strict CBOR: the deterministic encoding (RFC 8949, section 4.2.1) as a stream of items for who knows what comes next, and as
 * values for who doesn't; and a look at items of others, which may be any CBOR.
 */
export { CborReader } from './reader.ts';
export { type CborKey, type CborMap, CborTag, type CborValue, decodeCbor, encodeCbor } from './value.ts';
export { wellFormed } from './well-formed.ts';
export type { Fault } from './wire.ts';
export { CborWriter } from './writer.ts';
