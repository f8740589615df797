/** What the files of routes share: how a request is read, and how an error is answered. */
import type { Context, Hono } from 'hono';
import { MoteError } from '../../../base/index.ts';
import type { Served } from '../status.ts';

/** What routes get of their server. */
export interface Api {
  readonly site: Served;
  /** Whether each request needs the token of the site. */
  readonly secured: boolean;
}

/** A file of routes adds its own to the server. */
export type AddRoutes = (app: Hono, api: Api) => void | Promise<void>;

/** Bytes of a body, unless a route takes more. */
export const MAX_BODY_BYTES = 256 * 1024;

/** A problem document (RFC 9457) with a code in `title`. */
export function problem(status: number, code: string, detail: string, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ type: 'about:blank', title: code, status, detail }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
}

/** A request that is answered with a problem document, wherever its route notices it. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, detail: string, headers: Record<string, string> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** Reads a body while it comes, so that a longer one is refused before it is in memory. Throws `Refused`. */
export async function readBody({ req }: Context, maxBytes = MAX_BODY_BYTES): Promise<Uint8Array> {
  const tooLong = () => new Refused(413, 'BODY', `This request has at most ${maxBytes} bytes.`);
  if (Number(req.header('content-length') ?? 0) > maxBytes) throw tooLong();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of req.raw.body ?? []) {
    bytes += part.length;
    if (bytes > maxBytes) throw tooLong();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Throws `Refused` for what is too long or no JSON. */
export async function readJson(context: Context, maxBytes?: number): Promise<unknown> {
  const body = await readBody(context, maxBytes);
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch (cause) {
    throw new Refused(400, 'JSON', `The body is not JSON: ${(cause as Error).message}`);
  }
}

/** Codes of what is wrong with a request; all others are about the site. */
const OF_REQUESTS: ReadonlySet<string> = new Set(['ASSETS', 'DECODER', 'OFFER', 'QUERY']);

/** The answer to what a route has thrown. */
export function answerError(error: Error): Response {
  if (error instanceof Refused) return problem(error.status, error.code, error.message, error.headers);
  if (error instanceof MoteError) return problem(OF_REQUESTS.has(error.code) ? 400 : 503, error.code, error.message);
  return problem(500, 'DEFECT', error.message);
}
