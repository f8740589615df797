/** Helpers for tests with an MQTT client. Not part of the product. */
import { connect, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import mqttPacket, { type IConnackPacket, type Packet } from 'mqtt-packet';
import { VirtualClock } from '../../base/index.ts';
import { MqttClient } from './client.ts';
import type { ClientOptions } from './options.ts';
import type { Received } from './types.ts';

let count = 0;
export function uniqueId(prefix: string): string {
  return `${prefix}-${process.pid}-${count++}`;
}

/** A connected client that reconnects at once. */
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

  /** Resolves when `test` returns true. It is called after each message. */
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

/**
 * A free port below those that systems give to clients (from 32768 on Linux), so that a server can listen on it again after it was away:
 * no client that connects meanwhile gets it as its own, not even one that calls this port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20000 + Math.floor(Math.random() * 12000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** A cable between a shim and a broker that can be pulled while the broker runs. */
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

/** The broker's end of a connection: it does only what the test calls. */
export class Wire extends Duplex {
  readonly packets: Packet[] = [];
  readonly #parser = mqttPacket.parser({ protocolVersion: 5 });
  ended = false;

  constructor() {
    super();
    this.#parser.on('packet', (packet) => this.packets.push(packet));
  }
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#parser.parse(chunk);
    done();
  }
  override _final(done: () => void): void {
    this.ended = true;
    done();
  }
  /** Passes bytes to the client at once. */
  raw(data: Uint8Array): void {
    this.emit('data', data);
  }
  send(packet: Packet): void {
    this.raw(mqttPacket.generate(packet, { protocolVersion: 5 }));
  }
  accept(properties: IConnackPacket['properties'] = {}, sessionPresent = false): void {
    this.send({ cmd: 'connack', reasonCode: 0, sessionPresent, properties });
  }
  of(cmd: Packet['cmd']): Packet[] {
    return this.packets.filter((packet) => packet.cmd === cmd);
  }
  publishes() {
    return this.packets.flatMap((p) => (p.cmd === 'publish' ? [p] : []));
  }
}

/** A client under a virtual clock, and all connections that it has opened. */
export function setup(options: Partial<ClientOptions> = {}) {
  const clock = new VirtualClock(1_700_000_000_000);
  const wires: Wire[] = [];
  const errors: string[] = [];
  const waits: (number | undefined)[] = [];
  const lost: string[] = [];
  const client = new MqttClient({
    url: 'mqtt://test',
    clientId: 'c1',
    clock,
    random: () => 0.5,
    open: () => {
      const wire = new Wire();
      wires.push(wire);
      return wire;
    },
    onOffline: (error, retryMs) => {
      errors.push(error.code);
      waits.push(retryMs);
    },
    onLost: (message, error) => lost.push(`${message.topic} ${error.code}`),
    ...options,
  });
  return { clock, wires, errors, waits, lost, client };
}
export const settle = () => new Promise((resolve) => setImmediate(resolve));
