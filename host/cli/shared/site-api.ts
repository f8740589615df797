/** Requests to the API of a running site. */
import { isObject, MoteError, printable } from '../../base/index.ts';

export interface SiteOptions {
  /** Its address. */
  readonly site: string;
}

export const SITE_OPTION: [string, string, string] = [
  '--site <url>',
  'API of the running site; its token is in MOTE_SITE_TOKEN',
  'http://127.0.0.1:8080',
];

/** What the site reports of the request, not of itself. */
const ANSWERS = ['ASSETS', 'QUERY', 'OFFER', 'DECODER'] as const;

/** The error of a site that gives no answer. */
export function away(url: string, what: string, cause?: unknown): MoteError {
  const todo = 'check its address with --site, and MOTE_SITE_TOKEN';
  return new MoteError('SITE_AWAY', `The site at ${url} ${what}; ${todo}.`, { cause });
}

/**
 * The JSON object that the site answers. `accept`: other states than 2xx whose JSON is an answer, too. Throws
 * `SITE_AWAY`, and what the site reports of the request.
 */
export async function callSite(
  url: string,
  path: string,
  { method = 'GET', body, accept = [] }: { method?: string; body?: unknown; accept?: readonly number[] } = {},
): Promise<Record<string, unknown>> {
  const response = await requestSite(url, path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!isObject(answer)) throw away(url, `has answered with ${response.status} and no JSON`);
  if (!response.ok && !accept.includes(response.status)) throw refusal(url, response.status, answer);
  return answer;
}

/** The error of a problem document. */
export function refusal(url: string, status: number, { title, detail }: Record<string, unknown>): MoteError {
  const known = ANSWERS.find((code) => code === title);
  if (known !== undefined) return new MoteError(known, printable(String(detail), '\n'));
  return away(url, `has answered with ${status}: ${printable(String(detail ?? 'no answer'))}`);
}

/** Throws `SITE_AWAY` if nobody answers. */
export async function requestSite(url: string, path: string, init: RequestInit = {}): Promise<Response> {
  const token = process.env.MOTE_SITE_TOKEN;
  try {
    return await fetch(new URL(path, url), {
      ...init,
      headers: { ...init.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    });
  } catch (cause) {
    throw away(url, "can't be reached", cause);
  }
}

/** Characters of one event. */
const MAX_EVENT = 4 * 1024 * 1024;

/** Server-sent events with JSON objects as data (the HTML standard, section 9.2). */
export async function* sentEvents(
  response: Response,
): AsyncGenerator<{ readonly event: string; readonly data: Record<string, unknown> }> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const [event, data] = [field('event'), field('data')];
      if (event === undefined || data === undefined) continue;
      const value: unknown = JSON.parse(data);
      if (isObject(value)) yield { event, data: value };
    }
    if (text.length > MAX_EVENT) throw away(response.url, `has sent an event of more than ${MAX_EVENT} characters`);
  }
}
