/** `mote site offers` and `mote site decoders`: what a running site offers for unknown devices, and what it decodes with. */
import type { Command } from 'commander';
import { formatDecimal, isObject } from '../../base/index.ts';
import { addCommand } from '../shared/command.ts';
import { away, callSite, SITE_OPTION, type SiteOptions } from '../shared/site-api.ts';
import { Exit, type Terminal, table } from '../shared/terminal.ts';

interface AcceptOptions extends SiteOptions {
  name?: string;
}

/** As the API has it; what is shown is checked. */
type Json = Record<string, unknown>;

/** Characters of an id on a screen. */
const ID_LENGTH = 8;
const EXAMPLE_LINES = 20;

const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

async function offersOf({ site }: SiteOptions): Promise<{ answer: Json; offers: Json[] }> {
  const answer = await callSite(site, '/api/offers');
  if (!Array.isArray(answer.offers)) throw away(site, 'has answered with no offers');
  return { answer, offers: objects(answer.offers) };
}

async function list(options: SiteOptions, terminal: Terminal): Promise<number> {
  const { answer, offers } = await offersOf(options);
  terminal.data(answer);
  const rows = offers.map((offer) => [
    String(offer.id).slice(0, ID_LENGTH),
    String(offer.name),
    String(isObject(offer.decoder) ? offer.decoder.kind : ''),
    `${Math.round(Number(offer.confidence) * 100)} %`,
    String(isObject(offer.received) ? offer.received.messages : ''),
    texts(offer.topics).slice(0, 3).join(' '),
    cut(objects(offer.series).map(({ name, unit }) => `${name}${unit === '' ? '' : ` [${unit}]`}`)),
  ]);
  if (rows.length > 0) {
    const head = ['id', 'name', 'format', 'decoded', 'messages', 'topics', 'series'].map((t) =>
      terminal.paint('dim', t),
    );
    for (const line of table([head, ...rows], 'lllrr')) terminal.line(line);
    terminal.line();
    terminal.line('Accept one with: mote site offers accept ID');
  } else terminal.line('There are no offers: every topic with a known format has a decoder, or was dismissed.');
  const unread = objects(answer.unread);
  if (unread.length > 0)
    terminal.line(`${unread.length} topics have no known format: ${cut(unread.map(({ topic }) => String(topic)))}`);
  return Exit.ok;
}

const cut = (names: readonly string[]): string =>
  names.length <= 6 ? names.join(', ') : `${names.slice(0, 6).join(', ')} and ${names.length - 6} more`;

async function show(id: string, options: SiteOptions, terminal: Terminal): Promise<number> {
  const { offers } = await offersOf(options);
  const found = offers.filter((offer) => id.length >= 4 && String(offer.id).startsWith(id));
  const [offer] = found;
  if (offer === undefined || found.length > 1) {
    const what = offer === undefined ? 'No offer has' : 'More than one offer has';
    terminal.data({ error: { code: 'OFFER', message: `${what} an id that begins with "${id}".` } });
    terminal.line(`${what} an id that begins with "${id}"; see: mote site offers list`);
    return Exit.failed;
  }
  terminal.data(offer);
  const received = isObject(offer.received) ? offer.received : {};
  const time = (us: unknown) => new Date(Number(us) / 1000).toISOString().slice(0, 19);
  const facts = [
    ['id', String(offer.id)],
    ['name', String(offer.name)],
    ['topics', texts(offer.topics).join(' ')],
    ['messages', `${received.messages} of ${received.topics} topics`],
    ['received', `${time(received.firstUs)} to ${time(received.lastUs)} UTC`],
    ['devices', cut(texts(offer.devices))],
    ['decoded', `${Math.round(Number(offer.confidence) * 100)} % of a sample of ${offer.messages} messages`],
  ];
  for (const line of table(facts.map(([name = '', value = '']) => [terminal.paint('dim', name), value])))
    terminal.line(line);
  terminal.line();
  const series = objects(offer.series).map(({ name, unit, exponent, points, devices, min, max, rateHz }) => [
    String(name),
    String(unit),
    `${scaled(min, exponent)} to ${scaled(max, exponent)}`,
    `${points} points`,
    `${devices} devices`,
    rateHz === null ? '' : `${Number(rateHz).toPrecision(3)} Hz`,
  ]);
  for (const line of table(series)) terminal.line(line);
  const ignored = objects(offer.ignored);
  for (const { at, reason, examples } of ignored)
    terminal.line(terminal.paint('dim', `not taken (${reason}): ${at} ${cut(texts(examples))}`));
  terminal.line();
  terminal.line(JSON.stringify(offer.decoder, null, 2));
  if (isObject(offer.example)) {
    terminal.line();
    terminal.line(terminal.paint('dim', `an example, ${offer.example.bytes} B of ${offer.example.topic}:`));
    const lines = String(offer.example.text ?? offer.example.base64).split('\n');
    for (const line of lines.slice(0, EXAMPLE_LINES)) terminal.line(line);
    if (lines.length > EXAMPLE_LINES) terminal.line('...');
  }
  return Exit.ok;
}

/** An integer of JSON, as a number or a text, x 10^exponent. */
const scaled = (integer: unknown, exponent: unknown): string =>
  /^-?\d+$/.test(String(integer)) ? formatDecimal(BigInt(String(integer)), Number(exponent)) : '';

async function accept(id: string, { site, name }: AcceptOptions, terminal: Terminal): Promise<number> {
  const body = { id, wait: true, ...(name !== undefined && { name }) };
  const answer = await callSite(site, '/api/offers/accept', { method: 'POST', body });
  terminal.data(answer);
  const what = `the decoder ${answer.name} decodes ${texts(answer.topics).join(' ')}`;
  terminal.line(
    `${terminal.paint('green', 'Accepted')}: ${what}; ${answer.decodedAgain} earlier messages were decoded.`,
  );
  return Exit.ok;
}

async function dismiss(id: string, { site }: SiteOptions, terminal: Terminal): Promise<number> {
  const answer = await callSite(site, '/api/offers/dismiss', { method: 'POST', body: { id } });
  terminal.data(answer);
  const topics = texts(answer.dismissed).join(' ');
  terminal.line(
    `Nothing more is offered for ${topics}. Its messages are stored as before; undo: mote site offers restore`,
  );
  return Exit.ok;
}

async function restore({ site }: SiteOptions, terminal: Terminal): Promise<number> {
  terminal.data(await callSite(site, '/api/offers/restore', { method: 'POST' }));
  terminal.line('What was dismissed is offered again.');
  return Exit.ok;
}

async function listDecoders({ site }: SiteOptions, terminal: Terminal): Promise<number> {
  const answer = await callSite(site, '/api/decoders');
  terminal.data(answer);
  const rows = objects(answer.decoders).map(({ name, topics, decoder, accepted }) => [
    String(name),
    String(isObject(decoder) ? decoder.kind : ''),
    accepted === true ? 'accepted' : 'site.yaml',
    texts(topics).join(' '),
  ]);
  for (const line of table(rows)) terminal.line(line);
  if (rows.length === 0) terminal.line("The site has no decoders besides that of moteware's own messages.");
  return Exit.ok;
}

async function removeDecoder(name: string, { site }: SiteOptions, terminal: Terminal): Promise<number> {
  terminal.data(await callSite(site, `/api/decoders/${encodeURIComponent(name)}`, { method: 'DELETE' }));
  terminal.line(`Removed ${name} and its points. The messages are stored as they came.`);
  return Exit.ok;
}

export function registerOffers(site: Command): void {
  const offers = site
    .command('offers')
    .description('Decoders that a running site offers for messages that nobody announced.');
  addCommand<[], SiteOptions>(offers, {
    usage: 'list',
    description: 'Lists the offers: format, topics and series of each type of device that has no decoder.',
    options: [SITE_OPTION],
    examples: ['mote site offers list', 'mote site offers list --json'],
    run: ({ terminal, options }) => list(options, terminal),
  });
  addCommand<[string], SiteOptions>(offers, {
    usage: 'show <id>',
    description:
      'Prints an offer: series with ranges and rates, the description, and a message. The start of its id is enough.',
    failure: 'No offer has the id.',
    options: [SITE_OPTION],
    examples: ['mote site offers show 3f9ac1', 'mote site offers show 3f9ac1 --json'],
    run: ({ terminal, options, args: [id] }) => show(id, options, terminal),
  });
  addCommand<[string], AcceptOptions>(offers, {
    usage: 'accept <id>',
    description: 'Accepts an offer: the site decodes what comes by it at once, and what came before, too.',
    options: [SITE_OPTION, ['--name <name>', 'name of the decoder in place of the one that is offered']],
    examples: ['mote site offers accept 3f9ac1', 'mote site offers accept 3f9ac1 --name press --json'],
    run: ({ terminal, options, args: [id] }) => accept(id, options, terminal),
  });
  addCommand<[string], SiteOptions>(offers, {
    usage: 'dismiss <id>',
    description: 'Offers nothing more for the topics of an offer. Their messages are stored as before.',
    options: [SITE_OPTION],
    examples: ['mote site offers dismiss 3f9ac1'],
    run: ({ terminal, options, args: [id] }) => dismiss(id, options, terminal),
  });
  addCommand<[], SiteOptions>(offers, {
    usage: 'restore',
    description: 'Offers again what was dismissed.',
    options: [SITE_OPTION],
    examples: ['mote site offers restore'],
    run: ({ terminal, options }) => restore(options, terminal),
  });
  const decoders = site.command('decoders').description('Decoders of a running site.');
  addCommand<[], SiteOptions>(decoders, {
    usage: 'list',
    description: 'Lists the decoders in the order in which they are tried: those of site.yaml, then the accepted ones.',
    options: [SITE_OPTION],
    examples: ['mote site decoders list', 'mote site decoders list --json'],
    run: ({ terminal, options }) => listDecoders(options, terminal),
  });
  addCommand<[string], SiteOptions>(decoders, {
    usage: 'remove <name>',
    description: 'Removes an accepted decoder and the points that it has made; the messages stay.',
    options: [SITE_OPTION],
    examples: ['mote site decoders remove press'],
    run: ({ terminal, options, args: [name] }) => removeDecoder(name, options, terminal),
  });
}
