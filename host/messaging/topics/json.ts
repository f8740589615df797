/** Plain data, such as JSON, as the CBOR of a node: the bodies of commands. */
import { CborTag } from '../../base/cbor/index.ts';
import { MoteError } from '../../base/index.ts';
import { encodeItem } from './payloads.ts';

const MAX_DEPTH = 16;
const MAX_BYTES = 1024;

function bad(what: string): MoteError {
  return new MoteError('COMMAND', `${what}; correct its sender.`);
}

/** Converts objects to maps, which the encoder writes in the fewest bytes. */
function compact(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw bad(`A body has more than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) return value.map((item) => compact(item, depth + 1));
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (value instanceof CborTag) throw bad(`A body has the CBOR tag ${value.tag}, and tags are not passed on`);
  if (typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) > 0x7fff_ffff) return BigInt(value);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, compact(item, depth + 1)]));
}

/** Plain data as one CBOR item; undefined: no bytes. Throws `COMMAND` for more than 16 levels, more than 1024 bytes, and for a tag. */
export function encodeBody(body: unknown): Uint8Array {
  const bytes = body === undefined ? new Uint8Array(0) : encodeItem(compact(body));
  if (bytes.length <= MAX_BYTES) return bytes;
  throw bad(`The body of a command takes more than ${MAX_BYTES} bytes of CBOR`);
}
