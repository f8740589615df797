/** Offers of decoders for messages that no decoder has, and the decoders that are in use. */
import { isObject } from '../../../base/index.ts';
import type { RawMessage } from '../../model/index.ts';
import type { Acceptance, OfferList, ShownOffer } from '../offers.ts';
import { type AddRoutes, Refused, readJson } from './route.ts';

/** Bytes of a description. */
const MAX_BODY_BYTES = 1024 * 1024;
/** Bytes of an example that are shown. */
const MAX_EXAMPLE_BYTES = 2048;

export const addOffers: AddRoutes = (app, { site }) => {
  app.get('/api/offers', async (context) => context.json(listed(await site.decoders.offers.list())));

  app.post('/api/offers/accept', async (context) => {
    const { wait, ...acceptance } = acceptanceOf(await readJson(context, MAX_BODY_BYTES));
    const { decoder, again } = await site.decoders.accept(acceptance);
    const { messages } = site.decoders.decodedAgain;
    await ended(again, wait);
    return context.json({ ...decoder, decodedAgain: wait ? site.decoders.decodedAgain.messages - messages : null });
  });

  app.post('/api/offers/dismiss', async (context) => {
    const { id } = fieldsOf(await readJson(context), { id: 'string' });
    if (id === undefined) throw wrong('needs the id of an offer');
    return context.json({ dismissed: await site.decoders.offers.dismiss(String(id)) });
  });

  app.post('/api/offers/restore', async (context) => {
    await site.decoders.offers.restore();
    return context.json({ dismissed: [] });
  });

  app.get('/api/decoders', (context) => context.json({ decoders: site.decoders.list() }));

  app.delete('/api/decoders/:name', async (context) => {
    const { again } = await site.decoders.remove(context.req.param('name'));
    await ended(again, true);
    return context.json({ removed: context.req.param('name') });
  });
};

/** What fails behind the answer is in the log of the site. */
async function ended(again: Promise<void>, wait: boolean): Promise<void> {
  if (wait) await again;
  else again.catch(() => {});
}

const wrong = (what: string) => new Refused(400, 'OFFER', `The body ${what}.`);

function fieldsOf(body: unknown, types: Record<string, 'string' | 'boolean' | 'object'>): Record<string, unknown> {
  if (!isObject(body)) throw wrong('is no JSON object');
  for (const [name, value] of Object.entries(body)) {
    const type = types[name];
    if (type === undefined) throw wrong(`has "${name}"; it may have ${Object.keys(types).join(', ')}`);
    if (typeof value !== type || value === null) throw wrong(`needs a value of type ${type} as "${name}"`);
  }
  return body;
}

function acceptanceOf(body: unknown): Acceptance & { wait: boolean } {
  const fields = fieldsOf(body, { id: 'string', name: 'string', topics: 'object', decoder: 'object', wait: 'boolean' });
  const { topics } = fields;
  if (topics !== undefined && !(Array.isArray(topics) && topics.every((topic) => typeof topic === 'string')))
    throw wrong('needs a list of topic filters as "topics"');
  return { ...(fields as Acceptance), wait: fields.wait === true };
}

/** Integers are text, because JSON has no 64 bits. */
function listed({ offers, unread, dismissed }: OfferList) {
  return { offers: offers.map(shown), unread, dismissed };
}

function shown({ description, series, example, ...offer }: ShownOffer) {
  return {
    ...offer,
    decoder: description,
    series: series.map((one) => ({ ...one, min: String(one.min), max: String(one.max) })),
    example: shownMessage(example),
  };
}

function shownMessage({ topic, receivedUs, source, properties, payload }: RawMessage) {
  const part = Buffer.from(payload.subarray(0, MAX_EXAMPLE_BYTES));
  const text = part.toString('utf8');
  // A character may be cut at the end.
  const isText = !/[\0\ufffd]/.test(text.slice(0, -1));
  return {
    topic,
    receivedUs,
    source,
    contentType: properties.contentType ?? null,
    bytes: payload.length,
    ...(isText ? { text } : { base64: part.toString('base64') }),
  };
}
