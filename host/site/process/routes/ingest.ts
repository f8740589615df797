/**
 * Messages by HTTP: `POST /api/ingest/TOPIC` with a body as it is, and the write requests of InfluxDB, which Telegraf and
 * InfluxDB's clients send. A request is answered when its messages are durable.
 */
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import type { Context } from 'hono';
import { isWireText, MoteError } from '../../../base/index.ts';
import { isTopicName } from '../../../messaging/mqtt/index.ts';
import type { MessageProperties } from '../../../messaging/queue/index.ts';
import { isLineProtocol } from '../../decode/index.ts';
import { type Refusal, type Sender, secretOf } from '../http-keys.ts';
import { type AddRoutes, type Api, problem, Refused, readBody } from './route.ts';

/** Bytes of a body, also uncompressed: what decoders take. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Lines of NDJSON in one request. */
const MAX_LINES = 10_000;
const MAX_TOPIC = 1024;
/** How InfluxDB 1 and 2 name what decoders call so. */
const PRECISIONS: Record<string, string> = { n: 'ns', ns: 'ns', u: 'us', us: 'us', ms: 'ms', s: 's' };

/** Why a request is refused; each dialect of the API has its own form of it. */
class NotTaken extends Error {
  readonly status: number;
  readonly reason: Refusal;
  readonly retrySeconds: number | null;

  constructor(status: number, reason: Refusal, detail: string, retrySeconds: number | null = null) {
    super(detail);
    this.status = status;
    this.reason = reason;
    this.retrySeconds = retrySeconds;
  }
}

interface Incoming {
  readonly topic: string;
  readonly properties: MessageProperties;
  readonly payloads: readonly Uint8Array[];
}

export const addIngest: AddRoutes = (app, api) => {
  app.post('/api/ingest/*', (context) => taken(context, api, own, ownProblem));
  app.post('/api/v2/write', (context) => taken(context, api, influx('bucket'), influxProblem));
  app.post('/write', (context) => taken(context, api, influx('db'), influxProblem));
};

interface Dialect {
  topic(context: Context): string;
  properties(context: Context): MessageProperties;
  payloads(context: Context, body: Uint8Array): readonly Uint8Array[];
}

async function taken(
  context: Context,
  api: Api,
  dialect: Dialect,
  answer: (error: NotTaken) => Response,
): Promise<Response> {
  const { req } = context;
  const sender = api.site.httpKeys.senderOf(secretOf(req.header('authorization'), req.query('p') ?? null));
  if (sender === null) return answer(new NotTaken(401, 'key', 'The request needs a key that may send messages.'));
  try {
    const topic = dialect.topic(context);
    if (topic.length > MAX_TOPIC || !isTopicName(topic) || !isWireText(topic))
      throw new NotTaken(400, 'topic', `A topic has 1 to ${MAX_TOPIC} characters, and neither +, # nor control ones.`);
    if (!sender.mayWrite(topic)) throw new NotTaken(403, 'topic', `The key ${sender.name} may not write to ${topic}.`);
    const place = sender.enter();
    if (typeof place !== 'function') {
      const what = place.reason === 'rate' ? 'sends more than its rate' : 'has too many requests at once';
      throw new NotTaken(429, place.reason, `The key ${sender.name} ${what}; send again later.`, place.retrySeconds);
    }
    try {
      const properties = dialect.properties(context);
      const body = await uncompressed(await readBody(context, MAX_MESSAGE_BYTES), req.header('content-encoding'));
      sender.spend(1, body.length);
      const payloads = dialect.payloads(context, body);
      sender.spend(payloads.length - 1, 0);
      await store(api, sender, { topic, properties, payloads });
    } finally {
      place();
    }
    return new Response(null, { status: 204 });
  } catch (error) {
    const refusal = refusalOf(error);
    sender.refuse(refusal.reason);
    return answer(refusal);
  }
}

async function store({ site }: Api, sender: Sender, { topic, properties, payloads }: Incoming): Promise<void> {
  const { userProperties } = properties;
  const id = userProperties?.id;
  await Promise.all(
    payloads.map((payload, i) => {
      // Each line of an event is one of its own.
      const several = payloads.length > 1 && typeof id === 'string';
      const own = several ? { ...properties, userProperties: { ...userProperties, id: `${id}#${i}` } } : properties;
      return site.take('http', { topic, payload, properties: own });
    }),
  );
  sender.stored(
    payloads.length,
    payloads.reduce((sum, { length }) => sum + length, 0),
  );
}

function refusalOf(error: unknown): NotTaken {
  if (error instanceof NotTaken) return error;
  if (error instanceof Refused && error.status === 413) return new NotTaken(413, 'too_large', error.message);
  if (!(error instanceof MoteError)) throw error;
  if (error.code === 'STORE_MESSAGE') return new NotTaken(400, 'message', error.message);
  return new NotTaken(503, 'full', error.message, 1);
}

async function uncompressed(body: Uint8Array, encoding = 'identity'): Promise<Uint8Array> {
  const inflater = { gzip: gunzip, 'x-gzip': gunzip, deflate: inflate }[encoding.toLowerCase()];
  if (inflater === undefined) {
    if (encoding.toLowerCase() === 'identity') return body;
    throw new NotTaken(415, 'body', `The encoding of the body is gzip, deflate or identity, not ${encoding}.`);
  }
  try {
    return await promisify<Uint8Array, object, Buffer>(inflater)(body, { maxOutputLength: MAX_MESSAGE_BYTES });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new NotTaken(413, 'too_large', `A body has at most ${MAX_MESSAGE_BYTES} bytes, also uncompressed.`);
    throw new NotTaken(400, 'body', `The body is not ${encoding}: ${(cause as Error).message}`);
  }
}

const own: Dialect = {
  topic({ req }) {
    try {
      return decodeURIComponent(new URL(req.url).pathname.slice('/api/ingest/'.length));
    } catch {
      throw new NotTaken(400, 'topic', 'The path has a percent sign that encodes no UTF-8.');
    }
  },
  /** The attributes of a CloudEvent in headers (its HTTP binding, section 3.1), so that one that comes again is known. */
  properties({ req }) {
    const contentType = req.header('content-type');
    const names = ['specversion', 'id', 'source', 'type', 'time', 'subject'];
    const user = names.flatMap((name) => {
      const value = req.header(`ce-${name}`);
      return value === undefined ? [] : [[name, value] as const];
    });
    return {
      ...(contentType !== undefined && { contentType }),
      ...(user.length > 0 && { userProperties: Object.fromEntries(user) }),
    };
  },
  payloads({ req }, body) {
    if (!/^application\/(x-)?(ndjson|jsonl|jsonlines)\b/i.test(req.header('content-type') ?? '')) return [body];
    const lines = linesOf(body);
    if (lines.length === 0) throw new NotTaken(400, 'body', 'The body has no line.');
    if (lines.length > MAX_LINES) throw new NotTaken(413, 'too_large', `A body has at most ${MAX_LINES} lines.`);
    return lines;
  },
};

/** Lines with something in them; stops behind one more than are allowed. */
function linesOf(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < body.length && lines.length <= MAX_LINES; ) {
    const found = body.indexOf(10, at);
    const end = found < 0 ? body.length : found;
    const line = body.subarray(at, end);
    if (line.some((byte) => byte > 32)) lines.push(line);
    at = end + 1;
  }
  return lines;
}

/** `bucket` or `db` names the topic. */
const influx = (parameter: 'bucket' | 'db'): Dialect => ({
  topic({ req }) {
    const name = req.query(parameter) ?? '';
    if (name === '') throw new NotTaken(400, 'topic', `The parameter ${parameter} is missing.`);
    return `influx/${name}`;
  },
  properties({ req }) {
    const precision = req.query('precision');
    if (precision === undefined || precision === '') return {};
    const known = Object.hasOwn(PRECISIONS, precision) ? PRECISIONS[precision] : undefined;
    if (known === undefined) throw new NotTaken(400, 'body', 'The precision is one of ns, us, ms and s.');
    return { userProperties: { precision: known } };
  },
  payloads(_, body) {
    if (!isLineProtocol(body)) throw new NotTaken(400, 'body', 'The first line of the body is no line protocol.');
    return [body];
  },
});

const retry = ({ retrySeconds }: NotTaken): Record<string, string> =>
  retrySeconds === null ? {} : { 'retry-after': String(retrySeconds) };

const OWN_CODES: Record<number, string> = { 401: 'FORBIDDEN', 403: 'FORBIDDEN', 413: 'BODY', 429: 'BUSY', 503: 'BUSY' };

const ownProblem = (error: NotTaken): Response =>
  problem(error.status, OWN_CODES[error.status] ?? 'MESSAGE', error.message, retry(error));

/** Codes of InfluxDB 2's API. */
const INFLUX_CODES: Record<number, string> = {
  401: 'unauthorized',
  403: 'forbidden',
  413: 'request too large',
  415: 'unsupported media type',
  429: 'too many requests',
  503: 'unavailable',
};

function influxProblem(error: NotTaken): Response {
  const { status, message } = error;
  // `error` is where InfluxDB 1 has it.
  return new Response(JSON.stringify({ code: INFLUX_CODES[status] ?? 'invalid', message, error: message }), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...retry(error) },
  });
}
