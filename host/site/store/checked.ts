/** What decoders return, and what senders send, is checked once before it reaches a database. */
import { isWireText, MoteError } from '../../base/index.ts';
import type { DecodedEvent, PointRun } from '../model/index.ts';
import type { NewMessage } from './journal.ts';

const MAX_NAME = 256;
const MAX_EXPONENT = 18;
const MAX_QUALITY = 255;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;
/** PostgreSQL takes no NUL in a text, and UTF-8 no lone surrogate. */
const NO_TEXT = /[\0\p{Surrogate}]/u;

/** Bytes of a topic, a source and a payload. */
const MAX_TEXT = 65_535;
export const MAX_PAYLOAD = 16 * 1024 ** 2;

/** Throws `STORE_MESSAGE` for a message that can't be stored as it is. */
export function checkMessage({ receivedUs, source, topic, payload, properties }: NewMessage): void {
  const refuse = (what: string) => new MoteError('STORE_MESSAGE', `The site can't keep the message: ${what}.`);
  if (!Number.isSafeInteger(receivedUs)) throw refuse('its time is no whole number of microseconds below 2^53');
  for (const [name, text] of Object.entries({ topic, source })) {
    if (text.length > MAX_TEXT) throw refuse(`its ${name} is longer than ${MAX_TEXT} characters`);
    if (NO_TEXT.test(text)) throw refuse(`its ${name} has a NUL, or is not Unicode`);
  }
  if (payload.length > MAX_PAYLOAD) throw refuse(`its payload has ${payload.length} bytes, more than ${MAX_PAYLOAD}`);
  let size = properties.correlationData?.length ?? 0;
  for (const text of textsOf(properties)) {
    if (NO_TEXT.test(text)) throw refuse('a text of its properties has a NUL, or is not Unicode');
    // Each text counts as one more, so that empty ones have a limit, too.
    size += text.length + 1;
    if (size > MAX_TEXT) throw refuse(`its properties have more than ${MAX_TEXT} characters`);
  }
}

function* textsOf({ contentType, responseTopic, userProperties = {} }: NewMessage['properties']): Iterable<string> {
  yield contentType ?? '';
  yield responseTopic ?? '';
  for (const [name, value] of Object.entries(userProperties)) {
    yield name;
    if (typeof value === 'string') yield value;
    else yield* value;
  }
}

const refusePoint = (what: string) => new MoteError('STORE_POINT', `A decoder has returned ${what}.`);

function checkName(what: string, text: string, min = 1): void {
  if (typeof text !== 'string' || text.length < min || text.length > MAX_NAME)
    throw refusePoint(`a ${what} that isn't a text of ${min} to ${MAX_NAME} characters`);
  if (!isWireText(text)) throw refusePoint(`a ${what} with control characters or non-characters`);
}

/** Throws `STORE_POINT`. */
export function checkRun({ device, name, unit, exponent, quality, timesUs, values }: PointRun): void {
  checkName('device', device);
  checkName('name', name);
  checkName('unit', unit, 0);
  if (!isInteger(exponent, -MAX_EXPONENT, MAX_EXPONENT)) throw refusePoint(`the exponent ${exponent}`);
  if (!isInteger(quality, 0, MAX_QUALITY)) throw refusePoint(`the quality ${quality}`);
  if (timesUs.length !== values.length) throw refusePoint(`${timesUs.length} times for ${values.length} values`);
  for (let i = 0; i < values.length; i++) {
    const [time, value] = [timesUs[i]!, values[i]!];
    if (!Number.isSafeInteger(time)) throw refusePoint(`the time ${time}`);
    const good = typeof value === 'bigint' ? value >= MIN_INT64 && value <= MAX_INT64 : Number.isSafeInteger(value);
    if (!good) throw refusePoint(`the value ${value}, which isn't a 64-bit integer`);
  }
}

/** Throws `STORE_POINT`. */
export function checkEvent({ device, name, timeUs, id }: DecodedEvent): void {
  checkName('device', device);
  checkName('name', name);
  checkName('id of an event', id);
  if (!Number.isSafeInteger(timeUs)) throw refusePoint(`the time ${timeUs} of an event`);
}

const isInteger = (value: number, min: number, max: number) => Number.isInteger(value) && value >= min && value <= max;
