/** `mote site status`, `doctor` and `unit`: a running site, the machine of a site, and its service. */
import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { formatBytes, isObject, MoteError, packagePath } from '../../base/index.ts';
import type { SiteCheck } from '../../site/process/index.ts';
import { checkLines } from '../shared/check-lines.ts';
import { addCommand } from '../shared/command.ts';
import { brokerCredentials } from '../shared/options.ts';
import { callSite, SITE_OPTION, type SiteOptions } from '../shared/site-api.ts';
import { siteConfig, siteProcess } from '../shared/site-parts.ts';
import { Exit, reportNo, type Terminal, table } from '../shared/terminal.ts';

const FILE = 'site.yaml';

type Json = Record<string, unknown>;
const object = (value: unknown): Json => (isObject(value) ? value : {});
const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

async function status({ site }: SiteOptions, terminal: Terminal): Promise<number> {
  let answer: Json;
  try {
    answer = await callSite(site, '/api/status');
  } catch (error) {
    // A site that gives no answer isn't ready.
    if (error instanceof MoteError && error.code === 'SITE_AWAY') return reportNo(error, terminal);
    throw error;
  }
  const ready = answer.ready === true;
  terminal.data(answer);
  const [ingest, broker, nodes, again] = [answer.ingest, answer.broker, answer.nodes, answer.decodedAgain].map(object);
  const waiting = object(ingest!.waiting);
  const files = answer.files ?? null;
  const rows = [
    ['state', ready ? terminal.paint('green', 'ready') : terminal.paint('red', 'not ready')],
    ['broker', `${broker!.url}${broker!.embedded === true ? ', embedded' : ''}`],
    ['nodes', `${nodes!.online} online of ${nodes!.known} seen since the start`],
    ['messages', `${ingest!.applied} stored since the start, ${waiting.messages} in the journal`],
    ['points', `${ingest!.points} of ${ingest!.series} series`],
    ['events', String(ingest!.events)],
    ['undecoded', counted(object(ingest!.rejectedBy))],
    ['repeated', String(ingest!.repeated)],
    ...(again!.running === true ? [['again', `${again!.messages} earlier messages were decoded again so far`]] : []),
    ...objects(answer.refused).flatMap(({ decoder, counts }) =>
      Object.keys(object(counts)).length === 0 ? [] : [[`refused by ${decoder}`, counted(object(counts))]],
    ),
    ...objects(answer.http).flatMap(({ key, messages, refused }) =>
      messages === 0 && Object.keys(object(refused)).length === 0
        ? []
        : [[`HTTP, ${key === '' ? 'no key' : key}`, `${messages} messages; refused: ${counted(object(refused))}`]],
    ),
    ...objects(answer.cameras).map(({ name, state, events, clips, bytes, oldestMs }) => {
      const oldest = typeof oldestMs === 'number' ? `, the oldest of ${new Date(oldestMs).toISOString()}` : '';
      return [`camera ${name}`, `${state}; ${events} events; ${clips} clips, ${formatBytes(Number(bytes))}${oldest}`];
    }),
    ...(files === null
      ? []
      : [['files', `${object(files).done} stored since the start, ${object(files).failed} in the folder failed`]]),
  ];
  for (const line of table(rows.map(([name = '', value = '']) => [terminal.paint('dim', name), value])))
    terminal.line(line);
  for (const problem of Array.isArray(answer.problems) ? answer.problems : [])
    terminal.line(terminal.paint('red', String(problem)));
  return ready ? Exit.ok : Exit.failed;
}

const counted = (counts: Json): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ') || '0';

async function doctor(path: string, terminal: Terminal): Promise<number> {
  const checks = await checksOf(path);
  const well = checks.every(({ ok, needed }) => ok || !needed);
  terminal.data({ ok: well, checks });
  for (const line of checkLines(terminal, checks)) terminal.line(line);
  return well ? Exit.ok : Exit.failed;
}

async function checksOf(path: string): Promise<SiteCheck[]> {
  const config = { name: 'config', needed: true };
  if (!existsSync(path))
    return [{ ...config, ok: false, found: `${path} doesn't exist`, fix: 'make one with: mote site init' }];
  try {
    const { username, password } = brokerCredentials();
    const credentials = username !== undefined && password !== undefined ? { username, password } : undefined;
    const loaded = (await siteConfig()).loadConfig(path);
    const { checkSite } = await siteProcess();
    const checks = await checkSite(loaded, credentials === undefined ? {} : { credentials });
    return [{ ...config, ok: true, found: path }, ...checks];
  } catch (error) {
    if (!(error instanceof MoteError) || error.code !== 'SITE_CONFIG') throw error;
    return [{ ...config, ok: false, found: error.message, fix: 'correct this place; docs/site.md lists the settings' }];
  }
}

async function unit(path: string, { user }: { user: string }, terminal: Terminal): Promise<number> {
  if (!existsSync(path))
    throw new MoteError('FILE', `${path} doesn't exist: make one with "mote site init", or name another.`);
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(user))
    throw new MoteError('USAGE', `--user takes the name of a user of this machine; got "${user}".`);
  const { loadConfig } = await siteConfig();
  const { systemdUnit } = await siteProcess();
  const text = systemdUnit(loadConfig(path), {
    config: realpathSync(resolve(path)),
    node: process.execPath,
    program: packagePath('dist', 'host', 'cli', 'main.js'),
    user,
  });
  terminal.data({ unit: text });
  terminal.line(text.trimEnd());
  return Exit.ok;
}

export function registerState(site: Command): void {
  addCommand<[], SiteOptions>(site, {
    usage: 'status',
    description: 'Prints the state of a running site and what it has counted.',
    failure: 'The site is not ready, or gives no answer.',
    options: [SITE_OPTION],
    examples: ['mote site status', 'mote site status --site http://10.0.0.7:8080 --json'],
    run: ({ terminal, options }) => status(options, terminal),
  });
  addCommand<[string?]>(site, {
    usage: 'doctor [config]',
    description: `Checks what a site needs of this machine: configuration (${FILE} by default), packages, folder, disk, clock, ports, broker and PostgreSQL; shows how to get what is missing.`,
    failure: 'The site lacks something that it needs.',
    examples: ['mote site doctor', 'mote site doctor /etc/moteware/site.yaml --json'],
    run: ({ terminal, args: [path = FILE] }) => doctor(path, terminal),
  });
  addCommand<[string?], { user: string }>(site, {
    usage: 'unit [config]',
    description: `Prints a systemd unit that runs the site of a configuration, ${FILE} by default, with as few rights as it needs.`,
    options: [
      ['--user <name>', 'user that the site runs as; it must be able to write to the folder of the data', 'moteware'],
    ],
    examples: ['mote site unit /etc/moteware/site.yaml > /etc/systemd/system/moteware-site.service'],
    run: async ({ terminal, options, args: [path = FILE] }) => unit(path, options, terminal),
  });
}
