/** The brokers that tests run against: the embedded one and mosquitto. Not part of the product. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, lacking, titled } from '../../base/needs.ts';
import { freePort } from '../mqtt/testing.ts';
import { type Broker, startEmbeddedBroker } from './broker.ts';

const MOSQUITTO = findProgram('mosquitto');

/** Waits until something listens. Tries again whenever an attempt was refused. */
async function listening(port: number, alive: () => boolean): Promise<void> {
  for (;;) {
    if (!alive()) throw new Error('mosquitto ended at once');
    const ok = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => setTimeout(() => resolve(false), 10));
    });
    if (ok) return;
  }
}

/** Starts mosquitto on a free loopback port (or `port`); with `dir` it keeps sessions and retained messages there. */
export async function startMosquitto(
  options: { port?: number; dir?: string; config?: string[] } = {},
): Promise<Broker> {
  const port = options.port ?? (await freePort());
  const dir = mkdtempSync(join(tmpdir(), 'moteware-mosquitto-'));
  const config = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'max_topic_alias 16',
    'set_tcp_nodelay true',
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    ...(options.dir === undefined ? [] : ['persistence true', `persistence_location ${options.dir}/`]),
    ...(options.config ?? []),
  ];
  writeFileSync(join(dir, 'mosquitto.conf'), `${config.join('\n')}\n`);
  const child: ChildProcess = spawn(MOSQUITTO!, ['-c', join(dir, 'mosquitto.conf')], { stdio: 'ignore' });
  let alive = true;
  const ended = new Promise<void>((resolve) =>
    child.on('exit', () => {
      alive = false;
      resolve();
    }),
  );
  await listening(port, () => alive);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    async close() {
      child.kill('SIGTERM');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export interface BrokerKind {
  name: string;
  available: boolean;
  /** With `dir`, retained messages survive a restart. */
  start(options?: { port?: number; dir?: string }): Promise<Broker>;
  /** Sends a client the reason of a disconnection. mosquitto 2.0.11 only closes the connection, at a takeover and at its own end. */
  givesReason: boolean;
}

export const brokerKinds: BrokerKind[] = [
  {
    name: 'embedded',
    available: true,
    givesReason: true,
    start: ({ port = 0, dir } = {}) => startEmbeddedBroker({ port, ...(dir !== undefined && { dataDir: dir }) }),
  },
  {
    name: titled('mosquitto', lacking('mosquitto')),
    available: MOSQUITTO !== null,
    givesReason: false,
    start: startMosquitto,
  },
];
