/**
 * CloudEvents 1.0 attributes as MQTT 5 user properties: the binary content mode of its MQTT protocol binding, where `datacontenttype`
 * is the message's content type. `id` stays the same when a message is sent again, so that receivers recognise a repetition.
 */
import type { MessageProperties } from '../queue/index.ts';

export interface CloudEvent {
  /** Unique within `source`. */
  id: string;
  /** URI reference of the sender. */
  source: string;
  type: string;
  subject?: string;
  /** UTC milliseconds; omitted if the node's clock wasn't set. */
  timeMs?: number;
}

/** 2020-01-01: an earlier time means that the node's clock wasn't set. */
const EARLIEST_MS = 1_577_836_800_000;
const LATEST_MS = 253_402_300_799_999;

export function cloudEventProperties(event: CloudEvent, contentType: string): MessageProperties {
  const { id, source, type, subject, timeMs } = event;
  const known = timeMs !== undefined && timeMs >= EARLIEST_MS && timeMs <= LATEST_MS;
  return {
    contentType,
    userProperties: {
      specversion: '1.0',
      id,
      source,
      type,
      ...(known && { time: new Date(timeMs).toISOString() }),
      // A receiver that compares names shall not depend on how a node composed a letter.
      ...(subject !== undefined && { subject: subject.normalize('NFC') }),
    },
  };
}
