/** Requests to a node: commands and configurations in JSON or CBOR, from anybody who may publish them. Untrusted until parsed. */
import { CborTag } from '../../base/cbor/index.ts';
import { isObject, isWireText, MoteError } from '../../base/index.ts';
import { MessageLimit } from '../../device/link/index.ts';
import type { Received } from '../mqtt/index.ts';
import { CBOR_TYPE, decodeItem, encodeBody, encodeItem, JSON_TYPE, PAYLOAD_VERSION } from '../topics/index.ts';

/** Larger requests are rejected unread. A command's body on the link has at most 1024 bytes. */
const MAX_REQUEST_BYTES = 8192;

export interface CommandRequest {
  name: string;
  /** Chosen by the sender, repeated in the answer. */
  id: string | number | null;
  /** The body as CBOR; empty if there is none. */
  body: Uint8Array;
  /** The answer uses the encoding of the request. */
  json: boolean;
}

export interface CommandAnswer {
  id: string | number | null;
  name: string;
  ok: boolean;
  text: string;
}

function bad(what: string): MoteError {
  return new MoteError('COMMAND', `${what}; correct its sender.`);
}

function isJson(message: Received): boolean {
  const { contentType } = message.properties;
  if (contentType !== undefined) return /^(application\/json|text\/)|\+json\b/.test(contentType);
  return message.payload[0] === 0x7b;
}

/** The payload as plain data: objects, arrays, strings, numbers. */
function parse(message: Received): { value: unknown; json: boolean } {
  if (message.payload.length > MAX_REQUEST_BYTES) throw bad(`A request has more than ${MAX_REQUEST_BYTES} bytes`);
  const json = isJson(message);
  if (!json) return { value: decodeItem(message.payload, MAX_REQUEST_BYTES), json };
  try {
    return { value: JSON.parse(Buffer.from(message.payload).toString('utf8')), json };
  } catch (cause) {
    throw new MoteError('COMMAND', 'A request is neither JSON nor marked as application/cbor; correct its sender.', {
      cause,
    });
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !(value instanceof Uint8Array || value instanceof CborTag);
}

/** `{name, id?, body?}`. Throws `COMMAND` or `PAYLOAD`. */
export function parseCommand(message: Received): CommandRequest {
  const { value, json } = parse(message);
  if (!isMap(value)) throw bad('A command is not a map with a name');
  const { name, id, body } = value;
  if (typeof name !== 'string' || name === '' || Buffer.byteLength(name) > MessageLimit.nameBytes) {
    throw bad(`A command has no name of 1 to ${MessageLimit.nameBytes} bytes`);
  }
  // Both are repeated in the answer: the name as a user property of MQTT, the id in a payload of UTF-8.
  if (!isWireText(name) || (typeof id === 'string' && !isWireText(id)))
    throw bad('Name or id of a command has control characters, non-characters or half of a surrogate pair');
  const known = id === undefined || id === null ? null : id;
  const goodId = known === null || (typeof known === 'string' && known.length <= 64) || Number.isSafeInteger(known);
  if (!goodId) throw bad('The id of a command is neither a text of at most 64 characters nor an integer');
  return { name, id: known as string | number | null, body: encodeBody(body), json };
}

/** A map of names to int32; an empty payload is the empty configuration. Throws `COMMAND` or `PAYLOAD`. */
export function parseConfig(message: Received): Record<string, number> {
  if (message.payload.length === 0) return {};
  const { value } = parse(message);
  if (!isMap(value)) throw bad('A configuration is not a map');
  const entries = Object.entries(value);
  if (entries.length > MessageLimit.settings)
    throw bad(`A configuration has more than ${MessageLimit.settings} settings`);
  for (const [name, setting] of entries) {
    const size = Buffer.byteLength(name);
    if (size === 0 || size > MessageLimit.nameBytes) throw bad('A setting has no name of 1 to 64 bytes');
    if (!isWireText(name)) throw bad('The name of a setting has control characters or non-characters');
    if (typeof setting !== 'number' || (setting | 0) !== setting) throw bad('A setting is not a 32-bit integer');
  }
  return Object.fromEntries(entries) as Record<string, number>;
}

/** JSON: `{"id","name","ok","text"}`; CBOR: [1, id, name, ok, text]. */
export function encodeAnswer(answer: CommandAnswer, json: boolean): { payload: Uint8Array; contentType: string } {
  const { id, name, ok, text } = answer;
  if (json) return { payload: Buffer.from(JSON.stringify({ id, name, ok, text })), contentType: JSON_TYPE };
  return { payload: encodeItem([PAYLOAD_VERSION, id, name, ok, text]), contentType: CBOR_TYPE };
}

/** Reads an answer in JSON. Throws `COMMAND`. */
export function parseAnswer(message: Received): CommandAnswer {
  const { value } = parse(message);
  if (!isMap(value) || typeof value.ok !== 'boolean') throw bad('An answer lacks its member "ok"');
  const { id, name, ok, text } = value;
  const known = typeof id === 'string' || typeof id === 'number' ? id : null;
  return { id: known, name: String(name), ok, text: typeof text === 'string' ? text : '' };
}
