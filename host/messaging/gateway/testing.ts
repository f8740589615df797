/** What the tests of this room share. Not part of the product. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, lacking, titled } from '../../base/needs.ts';
import { type Broker, startEmbeddedBroker } from '../broker/broker.ts';
import { MqttClient } from '../mqtt/client.ts';
import type { ClientOptions } from '../mqtt/options.ts';
import type { Received } from '../mqtt/types.ts';

const MOSQUITTO = findProgram('mosquitto');

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Waits until something listens: a try each time the one before was refused. */
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

/** A cable between a shim and a broker that can be pulled while the broker goes on. */
export class Cable {
  readonly #server = createServer((socket) => this.#pass(socket));
  readonly #sockets = new Set<Socket>();
  readonly #brokerPort: number;
  #pulled = false;

  constructor(brokerPort: number) {
    this.#brokerPort = brokerPort;
  }

  /** Resolves with the port to connect to. */
  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  }

  pull(): void {
    this.#pulled = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  plug(): void {
    this.#pulled = false;
  }

  close(): void {
    this.pull();
    this.#server.close();
  }

  #pass(socket: Socket): void {
    if (this.#pulled) {
      socket.destroy();
      return;
    }
    const other = connect(this.#brokerPort, '127.0.0.1');
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ] as const) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

export interface BrokerKind {
  name: string;
  available: boolean;
  /** With `dir`, retained messages survive a restart. */
  start(options?: { port?: number; dir?: string }): Promise<Broker>;
  /** Tells a client why it ends the connection. mosquitto 2.0.11 only closes it, at a takeover and at its own end. */
  saysWhy: boolean;
}

export const brokerKinds: BrokerKind[] = [
  {
    name: 'embedded',
    available: true,
    saysWhy: true,
    start: ({ port = 0, dir } = {}) => startEmbeddedBroker({ port, ...(dir !== undefined && { dataDir: dir }) }),
  },
  {
    name: titled('mosquitto', lacking('mosquitto')),
    available: MOSQUITTO !== null,
    saysWhy: false,
    start: startMosquitto,
  },
];

let count = 0;
export function uniqueId(prefix: string): string {
  return `${prefix}-${process.pid}-${count++}`;
}

/** A connected client that comes back at once. */
export async function connected(url: string, options: Partial<ClientOptions> = {}): Promise<MqttClient> {
  const client = new MqttClient({
    url,
    clientId: uniqueId('test'),
    backoff: { baseMs: 5, capMs: 40 },
    connectTimeoutMs: 5000,
    ...options,
  });
  await client.connect();
  return client;
}

/** Collects messages; `count(n)` resolves when there are n. */
export class Inbox {
  readonly messages: Received[] = [];
  #waiting: { test: () => boolean; resolve: () => void }[] = [];

  readonly push = (message: Received): void => {
    this.messages.push(message);
    this.check();
  };

  check(): void {
    this.#waiting = this.#waiting.filter((w) => {
      if (!w.test()) return true;
      w.resolve();
      return false;
    });
  }

  /** Resolves when `test` holds; it is asked after each message. */
  until(test: (messages: Received[]) => boolean): Promise<Received[]> {
    return new Promise((resolve) => {
      this.#waiting.push({ test: () => test(this.messages), resolve: () => resolve(this.messages) });
      this.check();
    });
  }

  count(n: number): Promise<Received[]> {
    return this.until((messages) => messages.length >= n);
  }

  get texts(): string[] {
    return this.messages.map((m) => Buffer.from(m.payload).toString());
  }
}

export const bytes = (text: string): Uint8Array => Buffer.from(text);
