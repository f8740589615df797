/** A message as the disk queue stores it: one CBOR array, so that a later version can append fields. */
import { encode } from 'cbor-x';
import { decodePlain } from '../../base/cbor/index.ts';
import { MoteError } from '../../base/index.ts';
import type { Message, MessageProperties } from './message.ts';

const VERSION = 1;

export interface Stored {
  message: Message;
  droppable: boolean;
  /** UTC milliseconds, Infinity for never. */
  expiresMs: number;
}

/** Array: version, flags (1 retain, 2 droppable), expiry in UTC ms or null, topic, payload, properties. Always QoS 1. */
export function encodeStored({ message, droppable, expiresMs }: Stored): Uint8Array {
  const flags = (message.retain ? 1 : 0) | (droppable ? 2 : 0);
  const expiry = Number.isFinite(expiresMs) ? expiresMs : null;
  return encode([VERSION, flags, expiry, message.topic, message.payload, message.properties]);
}

function unknownFormat(): MoteError {
  return new MoteError(
    'QUEUE_FORMAT',
    'The queue was written by another version of moteware; drain it with that version, or delete it.',
  );
}

/** Decodes bytes whose CRC is right. Throws `QUEUE_FORMAT` for another version. */
export function decodeStored(bytes: Uint8Array): Stored {
  const value = decodePlain(bytes, { bytes: bytes.length }, unknownFormat);
  const known = Array.isArray(value) && value[0] === VERSION && typeof value[3] === 'string';
  if (!known || !(value[4] instanceof Uint8Array) || typeof value[5] !== 'object' || value[5] === null) {
    throw unknownFormat();
  }
  const [, flags, expiry, topic, payload, properties] = value as [
    number,
    number,
    number | null,
    string,
    Uint8Array,
    MessageProperties,
  ];
  return {
    message: { topic, payload, qos: 1, retain: (flags & 1) !== 0, properties },
    droppable: (flags & 2) !== 0,
    expiresMs: expiry ?? Number.POSITIVE_INFINITY,
  };
}
