/** Whether the site lives, takes messages, and what it has counted. */
import type { AddRoutes } from './route.ts';

export const addStatus: AddRoutes = (app, { site, secured }) => {
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/readyz', (context) => {
    const { ready, problems } = site.status();
    return context.json({ ready, problems: secured ? problems.length : problems }, ready ? 200 : 503);
  });
  app.get('/api/status', (context) => {
    const { ingest, ...rest } = site.status();
    return context.json({ ...rest, ingest: { ...ingest, rejectedBy: Object.fromEntries(ingest.rejectedBy) } });
  });
};
