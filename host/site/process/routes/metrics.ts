/** `GET /metrics`, for Prometheus. */
import { metricsOf } from '../metrics.ts';
import type { AddRoutes } from './route.ts';

export const addMetrics: AddRoutes = async (app, { site }) => {
  const metrics = await metricsOf(() => site.status());
  app.get('/metrics', async (context) => context.body(await metrics.text(), 200, { 'content-type': metrics.type }));
};
