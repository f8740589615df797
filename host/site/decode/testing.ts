/** For tests: raw messages, and points in a form that is easy to compare. */
import type { MessageProperties } from '../../messaging/queue/index.ts';
import type { PointRun, RawMessage } from '../model/index.ts';
import type { Description } from './description.ts';
import { createDecoder, DecoderFold } from './fold.ts';
import type { Decoding } from './result.ts';

/** 2026-09-21T14:13:20Z in microseconds: when messages of tests are received. */
export const NOW_US = 1_790_000_000_000_000;

export function raw(
  topic: string,
  payload: Uint8Array | string,
  properties: MessageProperties = {},
  receivedUs = NOW_US,
): RawMessage {
  const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
  return { id: 1, receivedUs, source: 'test', topic, properties, payload: bytes };
}

export function json(topic: string, value: unknown, receivedUs = NOW_US): RawMessage {
  return raw(topic, JSON.stringify(value), {}, receivedUs);
}

/** Decodes messages in their order; the last result. */
export function decodeAll(description: Description, ...messages: RawMessage[]): Decoding {
  const fold = new DecoderFold(createDecoder(description));
  return messages.map((message) => fold.decode(message)).at(-1)!;
}

/** `device name value x 10^exponent unit at seconds` of each point; the quality at the end if it isn't 0. */
export function lines(runs: readonly PointRun[]): string[] {
  return runs.flatMap(({ device, name, unit, exponent, quality, timesUs, values }) =>
    values.map((value, i) => {
      const scaled = exponent === 0 ? `${value}` : `${value}e${exponent}`;
      const after = (timesUs[i]! - NOW_US) / 1e6;
      return `${device} ${name} ${scaled}${unit && ` ${unit}`} @${after}${quality ? ` q${quality}` : ''}`;
    }),
  );
}
