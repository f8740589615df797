/** `/api/things`: the nodes as things of the Web of Things, and the last values of their metrics. */
import { formatDecimal, MoteError } from '../../../base/index.ts';
import { thingDescription } from '../../things/index.ts';
import type { Served } from '../status.ts';
import { type AddRoutes, Refused } from './route.ts';

/** Registered for Thing Descriptions (W3C TD 1.1, section 10.4). */
const TD_TYPE = 'application/td+json';
const MAX_EVENTS = 100;

export const addThings: AddRoutes = (app, { site, secured }) => {
  app.get('/api/things', (context) => context.json({ things: site.births.nodes }));
  app.get('/api/things/:node', async (context) => {
    const node = context.req.param('node');
    const { birth, bornUs } = birthOf(site, node);
    const names = 'SELECT DISTINCT name FROM events WHERE device = $1 ORDER BY name LIMIT $2';
    const events = await site.store.telemetry.query(names, [node, MAX_EVENTS]);
    const { origin } = new URL(context.req.url);
    const thing = thingDescription({
      namespace: site.namespace,
      node,
      birth,
      bornUs,
      events: events.map(({ name }) => String(name)),
      asset: site.assets.assetOf(node, site.nowUs()),
      apiUrl: origin,
      secured,
      brokerUrl: site.status().broker.url,
    });
    return context.body(JSON.stringify(thing), 200, { 'content-type': TD_TYPE });
  });
  app.get('/api/things/:node/properties/:name', async (context) => {
    const { node, name } = context.req.param();
    const metric = birthOf(site, node).birth.metrics.find((one) => one.name === name);
    if (metric === undefined) throw new Refused(404, 'NOT_FOUND', 'The node has no such metric.');
    return context.body(await lastValue(site, node, metric.name, metric.unit), 200, {
      'content-type': 'application/json',
    });
  });
};

function birthOf(site: Served, node: string) {
  const known = site.births.of(node);
  if (known === undefined) throw new Refused(404, 'NOT_FOUND', 'No node of this name has reported its birth.');
  return known;
}

/** A number with all its digits. */
async function lastValue({ store }: Served, node: string, name: string, unit: string): Promise<string> {
  const text =
    'SELECT value, exponent FROM points JOIN series ON series.id = points.series WHERE device = $1 AND name = $2 AND unit = $3 ORDER BY t DESC, message DESC LIMIT 1';
  const [row] = await store.telemetry.query(text, [node, name, unit]);
  if (row === undefined) throw new Refused(404, 'NOT_FOUND', 'The node has sent no value of this metric.');
  if (typeof row.value !== 'bigint') throw new MoteError('STORE_DATA', 'A value in the store is no integer.');
  return formatDecimal(row.value, Number(row.exponent));
}
