/** For tests of the stores: a PostgreSQL server of their own, messages, and all rows of a store. Not part of the product. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '../../messaging/mqtt/testing.ts';
import type { Decoded, RawMessage } from '../model/index.ts';
import type { NewMessage } from './journal.ts';
import type { Row, Sql } from './sql.ts';

/** Debian keeps the server's programs out of the PATH. */
function serverFolder(): string {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((v) => join(debian, v, 'bin')), ...(process.env.PATH ?? '').split(delimiter)];
  const found = folders.find((folder) => existsSync(join(folder, 'initdb')));
  if (found === undefined) throw new Error('PostgreSQL has a client here and no server; apt install postgresql.');
  return found;
}

/** PostgreSQL refuses to run as root. */
function otherUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

export class PostgresServer {
  readonly url: string;
  readonly #dir: string;
  readonly #port: number;
  readonly #user: { uid: number; gid: number } | null;
  #process: ChildProcess | undefined;

  private constructor(dir: string, port: number, user: { uid: number; gid: number } | null) {
    this.#dir = dir;
    this.#port = port;
    this.#user = user;
    this.url = `postgresql://mote@127.0.0.1:${port}/postgres`;
  }

  static async start(): Promise<PostgresServer> {
    const dir = mkdtempSync(join(tmpdir(), 'moteware-pg-'));
    const user = otherUser();
    if (user !== null) chownSync(dir, user.uid, user.gid);
    chmodSync(dir, 0o700);
    const server = new PostgresServer(dir, await freePort(), user);
    const options = ['-D', join(dir, 'data'), '-U', 'mote', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '-N'];
    execFileSync(join(serverFolder(), 'initdb'), options, { ...user, cwd: dir, stdio: 'pipe' });
    await server.run();
    return server;
  }

  /** Starts the server; after `kill` it recovers. */
  run(): Promise<void> {
    const args = ['-D', join(this.#dir, 'data'), '-p', String(this.#port), '-c', 'listen_addresses=127.0.0.1'];
    const process = spawn(join(serverFolder(), 'postgres'), [...args, '-c', `unix_socket_directories=${this.#dir}`], {
      ...this.#user,
      cwd: this.#dir,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = process;
    return new Promise((resolve, reject) => {
      let text = '';
      process.stderr!.on('data', (data) => {
        text += data;
        if (text.includes('ready to accept connections')) resolve();
      });
      process.once('close', () => reject(new Error(`PostgreSQL has ended: ${text}`)));
    });
  }

  /** Ends all its connections and then the server, as a crash does. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (process === undefined || process.exitCode !== null) return;
    const ended = new Promise((resolve) => process.once('close', resolve));
    // Immediate shutdown: no checkpoint, so that the next start recovers from the log.
    process.kill('SIGQUIT');
    await ended;
  }

  async delete(): Promise<void> {
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

let schemas = 0;
/** A schema that no other test of this process has. */
export const freshSchema = (): string => `t${process.pid}_${schemas++}`;

export const DAY = 86_400_000_000;
/** 2026-11-01T00:00:00Z in microseconds. */
export const NOVEMBER = Date.UTC(2026, 10, 1) * 1000;

/** A message whose payload is JSON that `decodeTest` reads: `points` and `events`. */
export function testMessage(content: object, more: Partial<NewMessage> = {}): NewMessage {
  const payload = Buffer.from(JSON.stringify(content));
  return { receivedUs: NOVEMBER, source: 'mqtt', topic: 'mote/d/n/t', properties: {}, payload, ...more };
}

export const cloudEvent = (source: string, id: string): Pick<NewMessage, 'properties'> => ({
  properties: { userProperties: { specversion: '1.0', source, id } },
});

interface TestContent {
  device?: string;
  name?: string;
  t?: number;
  values?: number[];
  event?: string;
}

/** One run of a value each millisecond, and one event, if the message has them. */
export function decodeTest({ payload, receivedUs }: RawMessage): Decoded {
  const {
    device = 'n',
    name = 'x',
    t = receivedUs,
    values = [],
    event,
  } = JSON.parse(Buffer.from(payload).toString()) as TestContent;
  const run = {
    device,
    name,
    unit: 'V',
    exponent: -3,
    quality: 0,
    timesUs: values.map((_, i) => t + 1000 * i),
    values,
  };
  const events =
    event === undefined ? [] : [{ device, name: 'alert', timeUs: t, id: event, body: { b: 1, a: [event] } }];
  return { runs: values.length > 0 ? [run] : [], events };
}

/** All rows of a table in an order that depends on their content only. */
export async function rowsOf(sql: Sql, table: string): Promise<string[]> {
  const rows = await sql.query(`SELECT * FROM ${table}`);
  return rows.map(textOf).sort();
}

export function textOf(row: Row): string {
  return Object.keys(row)
    .sort()
    .map((name) => {
      const value = row[name];
      return `${name}=${value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)}`;
    })
    .join(' ');
}
