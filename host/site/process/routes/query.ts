/** `POST /api/query`: a question, as text or in its JSON form. */
import { MoteError } from '../../../base/index.ts';
import { answerJson, ask, parseJsonQuery, parseQuery, printQuery } from '../../query/index.ts';
import { cellTexts, databaseOf } from '../live.ts';
import { Places } from '../places.ts';
import type { Served } from '../status.ts';
import { type AddRoutes, Refused, readJson } from './route.ts';

/** Questions that run at a time; the others wait. */
const MAX_QUESTIONS = 4;
const MAX_WAITING = 64;

export const addQuery: AddRoutes = (app, { site }) => {
  const places = new Places(MAX_QUESTIONS, MAX_WAITING);
  app.post('/api/query', async (context) => {
    const leave = await places.enter();
    if (leave === null) throw new Refused(429, 'BUSY', 'Too many questions wait; ask again later.');
    try {
      return context.json(await answer(site, await readJson(context)));
    } finally {
      leave();
    }
  });
};

/** Integers of the answer are text, because JSON has no 64 bits. */
async function answer(site: Served, body: unknown) {
  const given = (body as { query?: unknown } | null)?.query;
  if (typeof given !== 'string' && (typeof given !== 'object' || given === null))
    throw new MoteError('QUERY', 'The body is {"query": TEXT}, or {"query": {...}} with the JSON form of a question.');
  const query = typeof given === 'string' ? parseQuery(given) : parseJsonQuery(JSON.stringify(given));
  const { plan, rows } = await ask(databaseOf(site.store), query, { nowUs: site.nowUs() });
  const { columns } = answerJson({ plan, rows });
  return { query: printQuery(plan.query), columns, rows: rows.map(cellTexts) };
}
