/** Raw messages as rows, and back. Payloads stay bytes; properties are JSON with bytes in Base64. */
import { isObject, MoteError } from '../../base/index.ts';
import type { MessageProperties } from '../../messaging/queue/index.ts';
import type { RawMessage } from '../model/index.ts';
import { integer, type Row } from './sql.ts';

export const RAW_COLUMNS = 'id, received, source, topic, properties, payload';

export function propertiesToText(properties: MessageProperties): string {
  const { correlationData } = properties;
  if (correlationData === undefined) return JSON.stringify(properties);
  return JSON.stringify({ ...properties, correlationData: Buffer.from(correlationData).toString('base64') });
}

/** Throws `STORE_DATA`. */
export function propertiesFromText(text: string): MessageProperties {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {}
  if (!isObject(value))
    throw new MoteError('STORE_DATA', 'A raw message in the store has properties that are no JSON.');
  const { correlationData, ...rest } = value as MessageProperties & { correlationData?: string };
  return correlationData === undefined ? rest : { ...rest, correlationData: Buffer.from(correlationData, 'base64') };
}

/** Throws `STORE_DATA`. */
export function messageOf(row: Row): RawMessage {
  const { payload } = row;
  if (!(payload instanceof Uint8Array)) throw new MoteError('STORE_DATA', 'A raw message in the store has no payload.');
  return {
    id: integer(row.id),
    receivedUs: integer(row.received),
    source: String(row.source),
    topic: String(row.topic),
    properties: propertiesFromText(String(row.properties)),
    payload,
  };
}
