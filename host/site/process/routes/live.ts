/** `GET /api/query/live?query=...`: a live question as server-sent events (the HTML standard, section 9.2). */
import { MoteError } from '../../../base/index.ts';
import { parseJsonQuery, parseQuery, type Query } from '../../query/index.ts';
import { cellTexts, type LiveEvent, liveEvents } from '../live.ts';
import { type AddRoutes, Refused } from './route.ts';

/** Live questions at a time. */
const MAX_LIVE = 16;
const ALIVE_MS = 10_000;

export const addLive: AddRoutes = (app, { site }) => {
  let running = 0;
  app.get('/api/query/live', async ({ req }) => {
    const query = questionOf(req.query('query'));
    const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
    // Nobody would read what comes.
    if (req.raw.method === 'HEAD') return new Response(null, { headers });
    if (running >= MAX_LIVE) throw new Refused(429, 'BUSY', `At most ${MAX_LIVE} live questions run at a time.`);
    running++;
    const ended = new AbortController();
    const lastId = req.header('last-event-id') ?? null;
    const events = liveEvents(site, query, { lastId, signal: ended.signal, aliveMs: ALIVE_MS });
    let first: IteratorResult<LiveEvent, void>;
    try {
      // So that an invalid question has an answer of its own.
      first = await events.next();
    } catch (error) {
      running--;
      throw error;
    }
    let open = true;
    const end = () => {
      if (open) running--;
      open = false;
      ended.abort();
      void events.return();
    };
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>(
      {
        // Called when the reader has taken what came before, so nothing piles up: the run goes on and reports later.
        async pull(controller) {
          try {
            const { done, value } = await next();
            if (!done) return controller.enqueue(encoder.encode(textOf(value)));
          } catch (error) {
            const { code, message } = error instanceof MoteError ? error : { code: 'DEFECT', message: String(error) };
            controller.enqueue(encoder.encode(eventText('problem', { title: code, detail: message })));
          }
          end();
          controller.close();
        },
        cancel: end,
      },
      { highWaterMark: 0 },
    );
    req.raw.signal.addEventListener('abort', end);
    let given = false;
    const next = async () => {
      if (given) return events.next();
      given = true;
      return first;
    };
    return new Response(body, { headers });
  });
};

function questionOf(text: string | undefined): Query {
  if (text === undefined || text.length > 65_536)
    throw new MoteError('QUERY', 'The parameter query is a question of at most 65,536 characters.');
  return text.trimStart().startsWith('{') ? parseJsonQuery(text) : parseQuery(text);
}

const eventText = (event: string, data: unknown, id?: string): string =>
  `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

function textOf(event: LiveEvent): string {
  switch (event.kind) {
    case 'columns': {
      const columns = event.plan.columns.map(({ name, type, exponent }) => {
        return type === 'number' ? { name, type, exponent } : { name, type };
      });
      return eventText('columns', { query: event.query, columns });
    }
    case 'rows': {
      const set = event.changes.flatMap((one) =>
        one.op === 'upsert' ? [{ key: one.id, row: cellTexts(one.row) }] : [],
      );
      const gone = event.changes.flatMap((one) => (one.op === 'delete' ? [one.id] : []));
      return eventText('rows', { set, gone });
    }
    case 'current':
      // Only a state that the reader has as a whole gets an id.
      return eventText('current', {}, event.id);
    case 'alive':
      return ': alive\n\n';
  }
}
