/** What a site needs of its machine, by its configuration, and how to get what is missing. */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Clock, formatBytes, MoteError, optional, systemClock } from '../../base/index.ts';
import type { Credentials } from '../../messaging/gateway/index.ts';
import { MqttClient, publicUrl } from '../../messaging/mqtt/index.ts';
import { MODBUS_PACKAGES } from '../bridges/modbus/index.ts';
import { OPCUA_PACKAGES, OPCUA_SERVER_PACKAGES } from '../bridges/opcua/index.ts';
import type { ModbusConnectionConfig, SiteConfig } from '../config/index.ts';
import { postgresVersion, STORE_PACKAGES } from '../store/index.ts';

export interface SiteCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Whether the site can't run without it. */
  readonly needed: boolean;
  readonly found: string;
  readonly fix?: string;
}

const MIN_FREE_BYTES = 256 * 1024 ** 2;
const ENOUGH_FREE_BYTES = 5 * 1024 ** 3;
/** The oldest version of PostgreSQL that the tests run with. */
const MIN_POSTGRES = 15;
const EARLIEST_MS = Date.UTC(2026, 0, 1);
/** A clock that was set back by less may be an adjustment. */
const SET_BACK_MS = 60_000;
const ANSWER_MS = 5000;

interface Options {
  readonly credentials?: Credentials;
  readonly clock?: Clock;
}

/** Checks what `Site.start` with this configuration would need. Changes nothing. */
export async function checkSite(config: SiteConfig, { credentials, clock = systemClock }: Options = {}) {
  const runs = await isRunning(config);
  const checks: SiteCheck[] = [
    { name: 'site', ok: true, needed: false, found: runs ? 'runs' : "doesn't run" },
    ...(await Promise.all(packagesOf(config).map(checkPackage))),
    checkFolder(config.data),
    checkDisk(config.data),
    checkClock(config.data, clock.utcMs()),
    ...(await Promise.all(portsOf(config).map((port) => checkPort(port, runs)))),
  ];
  if (config.cameras.length > 0) checks.push(await checkFfmpeg());
  if ('url' in config.broker) checks.push(await checkBroker(config.broker.url, credentials));
  if (config.sparkplug?.broker) checks.push(await checkBroker(config.sparkplug.broker, undefined, 'sparkplug'));
  // Some devices take one connection only, which is that of the site.
  if (!runs) checks.push(...(await Promise.all(config.modbus.connections.map(checkModbus))));
  if (config.store.postgres !== undefined) checks.push(await checkPostgres(config.store.postgres));
  return checks;
}

/** Whether something that is a site answers at the address of the API. */
async function isRunning({ http: { listen } }: SiteConfig): Promise<boolean> {
  if (listen.port === 0) return false;
  const host =
    { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[listen.host] ??
    (listen.host.includes(':') ? `[${listen.host}]` : listen.host);
  try {
    const response = await fetch(`http://${host}:${listen.port}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    return 'ready' in ((await response.json()) as object);
  } catch {
    return false;
  }
}

type Package = readonly [name: string, load: () => Promise<unknown>];

function packagesOf({ store, opcua, modbus }: SiteConfig): Package[] {
  return [
    ['hono', () => import('hono')],
    ['@hono/node-server', () => import('@hono/node-server')],
    ['prom-client', () => import('prom-client')],
    ...STORE_PACKAGES.filter(([name]) => name !== (store.postgres === undefined ? 'pg' : '@photostructure/sqlite')),
    ...(modbus.connections.length > 0 ? MODBUS_PACKAGES : []),
    ...(opcua.clients.length > 0 || opcua.server !== null ? OPCUA_PACKAGES : []),
    ...(opcua.server !== null ? OPCUA_SERVER_PACKAGES : []),
  ];
}

async function checkPackage([name, load]: Package): Promise<SiteCheck> {
  try {
    await optional(name, load);
    return { name, ok: true, needed: true, found: 'loads' };
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    return { name, ok: false, needed: true, found: 'not installed', fix: `npm install ${name}` };
  }
}

async function checkFfmpeg(): Promise<SiteCheck> {
  try {
    const { stdout } = await promisify(execFile)('ffmpeg', ['-version']);
    return { name: 'ffmpeg', ok: true, needed: true, found: stdout.split(' Copyright')[0]! };
  } catch {
    const fix = 'install ffmpeg (Debian: apt install ffmpeg)';
    return { name: 'ffmpeg', ok: false, needed: true, found: 'not found', fix };
  }
}

/** The folder, or the nearest one above it that exists. */
function existing(path: string): string {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function checkFolder(data: string): SiteCheck {
  const folder = existing(data);
  try {
    if (!statSync(folder).isDirectory()) throw new Error(`${folder} is no folder`);
    accessSync(folder, constants.W_OK | constants.X_OK);
    const found = folder === data ? data : `${data}, which the site creates`;
    return { name: 'data', ok: true, needed: true, found };
  } catch (cause) {
    const fix = `make ${folder} writable for the user of the site, or choose another folder under "data"`;
    return { name: 'data', ok: false, needed: true, found: `can't be written: ${(cause as Error).message}`, fix };
  }
}

function checkDisk(data: string): SiteCheck {
  const { bavail, blocks, bsize } = statfsSync(existing(data));
  const free = bavail * bsize;
  const found = `${formatBytes(free)} free of ${formatBytes(blocks * bsize)}`;
  if (free >= ENOUGH_FREE_BYTES) return { name: 'disk', ok: true, needed: true, found };
  const fix = 'free some space, or shorten the retention in site.yaml: when the disk is full, nothing is acknowledged';
  return { name: 'disk', ok: false, needed: free < MIN_FREE_BYTES, found, fix };
}

/** Files of the site from the future show a clock that was set back. */
function checkClock(data: string, nowMs: number): SiteCheck {
  const now = new Date(nowMs).toISOString();
  const fix = 'set the clock, and run a time service such as systemd-timesyncd or chrony';
  if (nowMs < EARLIEST_MS) return { name: 'clock', ok: false, needed: true, found: now, fix };
  const times = ['', 'journal', 'raw'].map((name) => newestMs(join(data, name)));
  const aheadMs = Math.max(0, ...times) - nowMs;
  if (aheadMs <= SET_BACK_MS) return { name: 'clock', ok: true, needed: true, found: now };
  const found = `${now}; files of the site are ${Math.round(aheadMs / 1000)} s ahead`;
  return { name: 'clock', ok: false, needed: false, found, fix };
}

function newestMs(folder: string): number {
  if (!existsSync(folder)) return 0;
  const times = readdirSync(folder).map(
    (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Math.max(0, ...times);
}

interface Port {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

function portsOf({ http, nodes, broker, opcua }: SiteConfig): Port[] {
  return [
    { name: 'http', ...http.listen },
    ...(nodes === null ? [] : [{ name: 'nodes', ...nodes.listen }]),
    ...(opcua.server === null ? [] : [{ name: 'opcua.server', ...opcua.server.listen }]),
    ...('url' in broker ? [] : [{ name: 'broker', host: '127.0.0.1', port: broker.embeddedPort }]),
  ];
}

async function checkPort({ name, host, port }: Port, runs: boolean): Promise<SiteCheck> {
  const at = `${host}:${port}`;
  const problem = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
  if (problem === null) return { name, ok: true, needed: true, found: `port ${at} is free` };
  if (runs && problem.code === 'EADDRINUSE')
    return { name, ok: true, needed: true, found: `port ${at} is in use while the site runs` };
  const why = problem.code === 'EADDRINUSE' ? 'something else listens there' : problem.message;
  const fix = `choose another address under "${name}" in site.yaml, or end what listens there`;
  return { name, ok: false, needed: true, found: `port ${at}: ${why}`, fix };
}

async function checkBroker(url: string, credentials?: Credentials, name = 'broker'): Promise<SiteCheck> {
  const client = new MqttClient({ url, clientId: `mote-doctor-${process.pid}-${name}`, ...credentials });
  const found = publicUrl(url);
  try {
    await client.connect({ retry: false });
    return { name, ok: true, needed: name === 'broker', found };
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    const fix = 'start the broker, or correct its address, user and password';
    return { name, ok: false, needed: name === 'broker', found: `${found}: ${error.message}`, fix };
  } finally {
    client.close();
  }
}

/** Whether something listens there; whether it speaks Modbus shows `mote site modbus read`. */
async function checkModbus({ name, host, port }: ModbusConnectionConfig): Promise<SiteCheck> {
  const problem = await new Promise<string | null>((resolve) => {
    const socket = connect({ host, port });
    const end = (what: string | null) => {
      socket.destroy();
      resolve(what);
    };
    socket.setTimeout(ANSWER_MS, () => end(`no answer within ${ANSWER_MS} ms`));
    socket.once('connect', () => end(null));
    socket.once('error', ({ message }) => end(message));
  });
  const check = { name: `modbus ${name}`, needed: false };
  if (problem === null) return { ...check, ok: true, found: `${host}:${port}` };
  const fix = 'switch the device on, or correct its address under "modbus"';
  return { ...check, ok: false, found: `${host}:${port}: ${problem}`, fix };
}

async function checkPostgres(url: string): Promise<SiteCheck> {
  const name = 'postgresql';
  try {
    const version = await postgresVersion(url, ANSWER_MS);
    if (Number.parseInt(version, 10) >= MIN_POSTGRES) return { name, ok: true, needed: true, found: version };
    const fix = `use PostgreSQL ${MIN_POSTGRES} or newer`;
    return { name, ok: false, needed: true, found: version, fix };
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
    const fix = 'start the server, or correct its address, user and password under "store"';
    return { name, ok: false, needed: true, found: error.message, fix };
  }
}
