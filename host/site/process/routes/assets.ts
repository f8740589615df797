/**
 * `/api/assets` and `/api/context`: what people define of a plant, as files. POST adds a file, PUT puts it in place of
 * the tables that it has, GET writes one that both take.
 */
import type { Context, Hono } from 'hono';
import { isObject } from '../../../base/index.ts';
import {
  ASSET_TABLES,
  MAX_FILE_BYTES,
  printCsv,
  printJson,
  readFile,
  type TableName,
  type TagCheck,
  TERMS,
  tagChecks,
} from '../../assets/index.ts';
import { textUs } from '../../decode/index.ts';
import type { Served } from '../status.ts';
import { type AddRoutes, Refused, readBody, readJson } from './route.ts';

export const addAssets: AddRoutes = (app, { site }) => {
  addFiles(app, site, '/api/assets', ASSET_TABLES);
  addFiles(app, site, '/api/context', ['context']);
  const terms = Object.fromEntries(Object.entries(TERMS).map(([key, values]) => [key, Object.fromEntries(values)]));
  app.get('/api/assets/terms', (context) => context.json(terms));
  app.post('/api/assets/rename', async (context) => {
    const { path, to } = texts(await readJson(context), ['path', 'to']);
    return context.json({ changed: await site.assets.rename(path!, to!) });
  });
  app.post('/api/assets/move', async (context) => {
    const { path, to, at } = texts(await readJson(context), ['path', 'to'], ['at']);
    const atUs = at === undefined ? site.nowUs() : textUs(at, 'iso', Number.NaN);
    if (!(atUs >= 0 && Number.isSafeInteger(atUs)))
      throw new Refused(400, 'ASSETS', '"at" is a time such as 2026-12-01T06:00:00+01:00.');
    return context.json({ changed: await site.assets.move(path!, to!, atUs) });
  });
};

function addFiles(app: Hono, site: Served, address: string, tables: readonly TableName[]): void {
  // Units take long to load, and few requests need them.
  let checks: Promise<TagCheck> | undefined;
  const take = async (context: Context, replace: boolean) => {
    const bytes = await readBody(context, MAX_FILE_BYTES);
    const zone = context.req.query('zone');
    checks ??= tagChecks();
    const checkTag = await checks;
    const input = readFile(bytes, { tables, checkTag, ...(zone !== undefined && { zone }) });
    return context.json({ changed: await site.assets.take(input, replace) });
  };
  app.post(address, (context) => take(context, false));
  app.put(address, (context) => take(context, true));
  app.get(address, (context) => {
    const asked = context.req.query('table');
    const found = asked === undefined ? tables : tables.filter((table) => table === asked);
    if (found.length === 0) throw new Refused(400, 'ASSETS', `The tables here are ${tables.join(', ')}.`);
    const format = context.req.query('format') ?? 'json';
    if (format === 'json')
      return context.body(printJson(site.assets.model, found), 200, { 'content-type': 'application/json' });
    if (format !== 'csv') throw new Refused(400, 'ASSETS', 'The formats are json and csv.');
    if (found.length > 1) throw new Refused(400, 'ASSETS', `CSV has one table: ?table= one of ${tables.join(', ')}.`);
    return context.body(printCsv(site.assets.model, found[0]!), 200, { 'content-type': 'text/csv; charset=utf-8' });
  });
}

/** The members of a JSON body. */
function texts(
  body: unknown,
  required: readonly string[],
  optional: readonly string[] = [],
): Record<string, string | undefined> {
  const all = [...required, ...optional];
  const good =
    isObject(body) &&
    required.every((name) => body[name] !== undefined) &&
    Object.entries(body).every(([name, value]) => all.includes(name) && typeof value === 'string');
  if (!good) throw new Refused(400, 'ASSETS', `The body is an object with the texts ${all.join(', ')}.`);
  return body as Record<string, string>;
}
