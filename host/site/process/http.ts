/**
 * The API of a site. On this machine alone it takes requests whose Host is its address, so that no page in a browser
 * reaches it under another name; beyond this machine it takes requests with the token.
 */
import type { AddressInfo } from 'node:net';
import { MoteError, optional, sameSecret } from '../../base/index.ts';
import { isLoopback } from '../../messaging/broker/index.ts';
import type { SiteConfig } from '../config/index.ts';
import { answerJson, ask, type Database, parseJsonQuery, parseQuery, printQuery } from '../query/index.ts';
import { metricsOf } from './metrics.ts';
import type { Served } from './status.ts';

export interface Api {
  readonly url: string;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 256 * 1024;
/** Questions that run at a time; the others wait. */
const MAX_QUESTIONS = 4;
const MAX_WAITING = 64;

/** Throws `SITE_PORT`. */
export async function serveApi(site: Served, { listen, token }: SiteConfig['http']): Promise<Api> {
  const { Hono } = await optional('hono', () => import('hono'));
  const { bodyLimit } = await optional('hono', () => import('hono/body-limit'));
  const { createAdaptorServer } = await optional('@hono/node-server', () => import('@hono/node-server'));
  const metrics = await metricsOf(() => site.status());
  const questions = new Places(MAX_QUESTIONS, MAX_WAITING);
  const app = new Hono();
  const problem = (status: number, code: string, detail: string) =>
    new Response(JSON.stringify({ type: 'about:blank', title: code, status, detail }), {
      status,
      headers: { 'content-type': 'application/problem+json' },
    });

  app.use('*', async (context, next) => {
    const authorization = context.req.header('authorization') ?? '';
    const open = token === null && isOwnHost(context.req.header('host') ?? '');
    // A probe of an orchestrator has no token, and learns nothing from these.
    const probe = token !== null && ['/healthz', '/readyz'].includes(context.req.path);
    if (!open && !probe && (token === null || !sameSecret(authorization, `Bearer ${token}`)))
      return problem(
        token === null ? 403 : 401,
        'FORBIDDEN',
        token === null ? 'This API is only served under its own address.' : 'The request needs the token of the site.',
      );
    await next();
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
  });
  app.use(
    '*',
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => problem(413, 'BODY', `A request has at most ${MAX_BODY_BYTES} bytes.`),
    }),
  );

  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', (context) => {
    const { ready, problems } = site.status();
    return context.json({ ready, problems: token === null ? problems : problems.length }, ready ? 200 : 503);
  });
  app.get('/metrics', async (context) => context.body(await metrics.text(), 200, { 'content-type': metrics.type }));
  app.get('/api/status', (context) => {
    const { ingest, ...rest } = site.status();
    return context.json({ ...rest, ingest: { ...ingest, rejectedBy: Object.fromEntries(ingest.rejectedBy) } });
  });
  app.post('/api/query', async (context) => {
    const leave = await questions.enter();
    if (leave === null) return problem(429, 'BUSY', 'Too many questions wait; ask again later.');
    try {
      return context.json(await answer(site, await context.req.json()));
    } catch (error) {
      if (error instanceof SyntaxError) return problem(400, 'JSON', `The body is not JSON: ${error.message}`);
      if (!(error instanceof MoteError)) throw error;
      return problem(error.code === 'QUERY' ? 400 : 503, error.code, error.message);
    } finally {
      leave();
    }
  });
  app.notFound(() => problem(404, 'NOT_FOUND', 'There is nothing under this address.'));
  app.onError((error) => problem(500, 'DEFECT', error.message));

  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'something else listens there' : cause.message;
      reject(new MoteError('SITE_PORT', `The API can't listen on ${listen.host}:${listen.port}: ${why}.`, { cause }));
    });
    server.listen(listen.port, listen.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

/** A question as text or in its JSON form. Integers of the answer are text, because JSON has no 64 bits. */
async function answer(site: Served, body: unknown) {
  const { telemetry } = site.store;
  const given = (body as { query?: unknown } | null)?.query;
  if (typeof given !== 'string' && (typeof given !== 'object' || given === null))
    throw new MoteError('QUERY', 'The body is {"query": TEXT}, or {"query": {...}} with the JSON form of a question.');
  const query = typeof given === 'string' ? parseQuery(given) : parseJsonQuery(JSON.stringify(given));
  const database: Database = {
    dialect: telemetry.dialect,
    rows: async (sql) => (await telemetry.query(sql)).map((row) => Object.values(row)),
  };
  const { plan, rows } = await ask(database, query, { nowUs: site.nowUs() });
  const { columns } = answerJson({ plan, rows });
  const texts = rows.map((row) => row.map((cell) => (typeof cell === 'bigint' ? cell.toString() : cell)));
  return { query: printQuery(plan.query), columns, rows: texts };
}

/** `Host` of a request that came to this machine's own address. */
function isOwnHost(header: string): boolean {
  return isLoopback(header.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
}

/** A limited number of places, and a limited number of those who wait for one. */
class Places {
  readonly #maxWaiting: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number, maxWaiting: number) {
    this.#free = places;
    this.#maxWaiting = maxWaiting;
  }

  /** Resolves with the function that gives the place back; null if too many wait. */
  async enter(): Promise<(() => void) | null> {
    if (this.#free > 0) this.#free--;
    else {
      if (this.#waiting.length >= this.#maxWaiting) return null;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    };
  }
}
