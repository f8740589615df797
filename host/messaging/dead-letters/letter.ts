/** A message that could not be delivered, as a JSON file. Format: docs/spec/mqtt.md, "Dead letters". */
import { isObject, MoteError, parseObject } from '../../base/index.ts';
import type { Message, MessageProperties } from '../queue/index.ts';

/** `to-broker`: the broker refused it. `from-broker`: the gateway can't handle it. */
export type Direction = 'to-broker' | 'from-broker';

export interface Letter {
  direction: Direction;
  /** UTC milliseconds. */
  timeMs: number;
  node: string;
  topic: string;
  retain: boolean;
  properties: MessageProperties;
  /** Why it is here. */
  code: string;
  reason: string;
  /** Of the payload. */
  bytes: number;
  /** Only its start if it is shorter than `bytes`. */
  payload: Uint8Array;
}

export function letterOf(
  { direction, node }: Pick<Letter, 'direction' | 'node'>,
  { topic, retain, properties, payload }: Omit<Message, 'qos'>,
  error: MoteError,
  timeMs: number,
): Letter {
  const { code, message: reason } = error;
  const bytes = payload.length;
  return { direction, timeMs, node, topic, retain, properties, code, reason, bytes, payload };
}

export function encodeLetter({ timeMs, properties, payload, ...letter }: Letter): string {
  const { correlationData, ...same } = properties;
  const value = {
    ...letter,
    time: new Date(timeMs).toISOString(),
    properties: { ...same, ...(correlationData && { correlationData: base64(correlationData) }) },
    payload: base64(payload),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Throws `DEAD_LETTER`. `name` is for the error. */
export function decodeLetter(bytes: Uint8Array, name: string): Letter {
  const wrong = (what: string, cause?: unknown) =>
    new MoteError('DEAD_LETTER', `${name} is no dead letter: ${what}; move the file elsewhere.`, { cause });
  const value = parseObject(bytes, wrong);
  const member = <T>(of: Record<string, unknown>, key: string, is: (value: unknown) => value is T, fallback?: T): T => {
    const found = of[key] ?? fallback;
    if (!is(found)) throw wrong(`its member ${key} is missing or wrong`);
    return found;
  };
  const timeMs = Date.parse(member(value, 'time', isString));
  if (!Number.isFinite(timeMs)) throw wrong('its time is none');
  // Version 0.1.0 kept only what came from the broker, and of the properties only this one.
  const { contentType } = value;
  const before = isString(contentType) ? { contentType } : {};
  return {
    direction: member(value, 'direction', isDirection, 'from-broker'),
    timeMs,
    node: member(value, 'node', isString),
    topic: member(value, 'topic', isString),
    retain: member(value, 'retain', isBoolean, false),
    properties: propertiesOf(member(value, 'properties', isObject, before), member),
    code: member(value, 'code', isString),
    reason: member(value, 'reason', isString),
    bytes: member(value, 'bytes', isCount),
    payload: new Uint8Array(Buffer.from(member(value, 'payload', isString), 'base64')),
  };
}

type Member = <T>(of: Record<string, unknown>, key: string, is: (value: unknown) => value is T, fallback?: T) => T;

function propertiesOf(value: Record<string, unknown>, member: Member): MessageProperties {
  const optional = <T>(key: string, is: (value: unknown) => value is T): T | undefined =>
    value[key] === undefined ? undefined : member(value, key, is);
  const contentType = optional('contentType', isString);
  const expirySeconds = optional('expirySeconds', isCount);
  const responseTopic = optional('responseTopic', isString);
  const correlationData = optional('correlationData', isString);
  const userProperties = optional('userProperties', isUserProperties);
  const utf8 = optional('utf8', isBoolean);
  return {
    ...(contentType !== undefined && { contentType }),
    ...(expirySeconds !== undefined && { expirySeconds }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData, 'base64') }),
    ...(userProperties !== undefined && { userProperties }),
    ...(utf8 !== undefined && { utf8 }),
  };
}

const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
const isString = (value: unknown): value is string => typeof value === 'string';
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isDirection = (value: unknown): value is Direction => value === 'to-broker' || value === 'from-broker';
const isUserProperties = (value: unknown): value is Record<string, string | string[]> =>
  isObject(value) &&
  Object.values(value).every((item) => isString(item) || (Array.isArray(item) && item.every(isString)));
