/**
 * The server of a site's API. On this machine alone it takes requests whose Host is its address, so that no page in a
 * browser reaches it under another name; beyond this machine it takes requests with the token.
 */
import type { AddressInfo } from 'node:net';
import { MoteError, optional, sameSecret } from '../../base/index.ts';
import { isLoopback } from '../../messaging/broker/index.ts';
import type { SiteConfig } from '../config/index.ts';
import { answerError, problem, ROUTES } from './routes/index.ts';
import type { Served } from './status.ts';

export interface ApiServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Routes that check the keys of who sends messages by themselves. */
const INGEST = /^\/(api\/ingest\/.*|api\/v2\/write|write)$/;

/** Throws `SITE_PORT`. */
export async function serveApi(site: Served, { listen, token, keys }: SiteConfig['http']): Promise<ApiServer> {
  const { Hono } = await optional('hono', () => import('hono'));
  const { createAdaptorServer } = await optional('@hono/node-server', () => import('@hono/node-server'));
  const app = new Hono();
  app.use('*', async (context, next) => {
    const { req } = context;
    const hasOwnKeys = (keys.length > 0 || token !== null) && INGEST.test(req.path);
    const refusal = hasOwnKeys ? null : refusalOf(token, req.path, (name) => req.header(name));
    if (refusal !== null) return refusal;
    await next();
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
  });
  for (const add of ROUTES) await add(app, { site, secured: token !== null });
  app.notFound(() => problem(404, 'NOT_FOUND', 'There is nothing under this address.'));
  app.onError(answerError);

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

/** Null: the request may go on. */
function refusalOf(token: string | null, path: string, header: (name: string) => string | undefined): Response | null {
  if (token === null) {
    if (!isOwnHost(header('host') ?? ''))
      return problem(403, 'FORBIDDEN', 'This API is only served under its own address.');
    // A browser sends some requests of other pages without asking; those name the page.
    const origin = header('origin');
    if (origin !== undefined && origin !== `http://${header('host')}`)
      return problem(403, 'FORBIDDEN', 'This API takes no requests from pages of other addresses.');
    return null;
  }
  // A probe of an orchestrator has no token, and learns nothing from these.
  if (['/healthz', '/readyz'].includes(path)) return null;
  if (sameSecret(header('authorization') ?? '', `Bearer ${token}`)) return null;
  return problem(401, 'FORBIDDEN', 'The request needs the token of the site.');
}

/** `Host` of a request that came to this machine's own address. */
function isOwnHost(header: string): boolean {
  return isLoopback(header.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
}
