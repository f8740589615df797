/** `mote site`: the data fabric of one plant in one process. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { MoteError, makeFolder, optional, printable, writeOutput } from '../base/index.ts';
import type { SiteConfig } from '../site/config/index.ts';
import type { SiteLog } from '../site/process/index.ts';
import { addCommand, interrupted } from './shared/command.ts';
import { brokerCredentials } from './shared/options.ts';
import { siteConfig, siteProcess } from './shared/site-parts.ts';
import { reportError, type Terminal } from './shared/terminal.ts';
import { registerAssets } from './site/assets.ts';
import { registerContext } from './site/context.ts';
import { registerModbus } from './site/modbus.ts';
import { registerOffers } from './site/offers.ts';
import { registerOpcua } from './site/opcua.ts';
import { registerState } from './site/state.ts';

const FILE = 'site.yaml';
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;
const COLOURS = { error: 'red', warn: 'yellow', info: 'green', debug: 'dim' } as const;

/** Lines for a person on a terminal; JSON of pino, one object a line, for everything else. */
async function openLog(terminal: Terminal, level: SiteConfig['log']): Promise<SiteLog> {
  if (terminal.json || !process.stdout.isTTY) {
    const { pino } = await optional('pino', () => import('pino'));
    const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
    const at = (name: (typeof LEVELS)[number]) => (fields: object, text: string) => logger[name](fields, text);
    return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
  }
  const write = (name: (typeof LEVELS)[number]) => (_fields: object, text: string) => {
    if (LEVELS.indexOf(name) > LEVELS.indexOf(level)) return;
    const clock = terminal.paint('dim', new Date().toISOString().slice(11, 19));
    terminal.line(`${clock}  ${terminal.paint(COLOURS[name], name.padEnd(5))} ${printable(text)}`);
  };
  return { error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug') };
}

/** What differs when a file was saved; null while there is none. */
function versionOf(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}

async function start(path: string, terminal: Terminal): Promise<void> {
  if (!existsSync(path))
    throw new MoteError('FILE', `${path} doesn't exist: make one with "mote site init", or name another.`);
  const { loadConfig } = await siteConfig();
  const { Site } = await siteProcess();
  let seen = versionOf(path);
  const config = loadConfig(path);
  const log = await openLog(terminal, config.log);
  const { username, password } = brokerCredentials();
  const credentials = username !== undefined && password !== undefined ? { username, password } : undefined;
  const ended = interrupted();
  const site = await Site.start(config, { log, ...(credentials !== undefined && { credentials }) });
  const { apiUrl, brokerUrl, nodePort } = site;
  log.info({ api: apiUrl, broker: brokerUrl, nodes: nodePort, data: config.data }, 'the site serves');
  if (process.stdout.isTTY && !terminal.json) {
    terminal.line(`messages  ${brokerUrl}`);
    if (nodePort !== null) terminal.line(`nodes     ${config.nodes!.listen.host}:${nodePort}`);
    terminal.line(`API       ${apiUrl}/api/query, /api/status, /metrics`);
    terminal.line(terminal.paint('dim', `${path} is read again when it is saved. Ctrl-C stops the site.`));
  }
  const reload = async () => {
    try {
      const later = await site.reload(loadConfig(path));
      if (later.length > 0) log.warn({ settings: later }, `these settings hold after a restart: ${later.join(', ')}`);
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      log.error({ code: error.code }, `the configuration is as before: ${error.message}`);
    }
  };
  // One after the other: a file may be saved while it is read.
  let reading = Promise.resolve();
  const again = () => {
    reading = reading.then(reload).catch((error: unknown) => void reportError(error, terminal.json));
  };
  process.on('SIGHUP', again);
  // Compared with what was read, so that a change while the site starts counts, too.
  const watch = setInterval(() => {
    const now = versionOf(path);
    if (now === seen || now === null) return;
    seen = now;
    again();
  }, 1000);
  await ended;
  process.off('SIGHUP', again);
  clearInterval(watch);
  log.info({}, 'the site stops');
  await site.close();
}

async function init(folder: string, terminal: Terminal): Promise<void> {
  const path = join(folder, FILE);
  if (existsSync(path)) throw new MoteError('EXISTS', `${path} exists; change it, or choose another folder.`);
  makeFolder(folder, 'The folder');
  writeOutput(path, Buffer.from((await siteConfig()).DEFAULT_CONFIG));
  terminal.data({ config: path });
  terminal.line(`${terminal.paint('green', 'Created')} ${path}; start the site with: mote site start ${path}`);
}

export function registerSite(program: Command): void {
  const site = program.command('site').description('Takes, keeps and answers what the devices of a plant send.');
  addCommand<[string?]>(site, {
    usage: 'start [config]',
    description: `Runs a site until Ctrl-C: broker, links of nodes, stores, decoders and API, by its configuration, ${FILE} by default. The configuration is read again when it is saved, and on SIGHUP.`,
    examples: ['mote site start', 'mote site start /etc/moteware/site.yaml --json'],
    async run({ terminal, args: [path = FILE] }) {
      await start(path, terminal);
      return 0;
    },
  });
  addCommand<[string?]>(site, {
    usage: 'init [folder]',
    description: `Writes ${FILE} with the settings and their defaults. Never overwrites a file.`,
    examples: ['mote site init', 'mote site init plant --json'],
    async run({ terminal, args: [folder = '.'] }) {
      await init(folder, terminal);
      return 0;
    },
  });
  addCommand<[string?]>(site, {
    usage: 'check [config]',
    description: 'Checks a configuration, and reports the line and column of the first mistake.',
    examples: ['mote site check', 'mote site check plant/site.yaml --json'],
    async run({ terminal, args: [path = FILE] }) {
      const { data, decoders } = (await siteConfig()).loadConfig(path);
      terminal.data({ config: path, valid: true, data, decoders: decoders.map(({ name }) => name) });
      terminal.line(`${path} is valid`);
      return 0;
    },
  });
  registerState(site);
  registerOffers(site);
  registerAssets(site);
  registerContext(site);
  registerOpcua(site);
  registerModbus(site);
}
