/**
 * The embedded broker: aedes 2, which needs no set-up. A production installation runs mosquitto. Both pass `broker-conformance.test.ts`;
 * docs/brokers.md lists what each lacks and what is corrected here.
 */

import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { Aedes } from 'aedes';
import { GatewayConstant } from '../../base/abi/index.ts';
import { backgroundClock, type Clock, MoteError, sameSecret } from '../../base/index.ts';
import type { Message } from '../queue/index.ts';
import { LimitedStream } from './limited-stream.ts';
import { LOGIN_MS, Logins } from './logins.ts';
import { RetainedFiles } from './retained-files.ts';

export interface Broker {
  /** `mqtt://host:port` or `mqtts://host:port` */
  readonly url: string;
  close(): Promise<void>;
}

export interface EmbeddedBrokerOptions {
  /** Default 127.0.0.1. Any other address needs `users`, or `anonymous: true`. */
  host?: string;
  /** Default 1883; 0 selects a free one. */
  port?: number;
  /** Passwords by user name. Without it everybody may connect. */
  users?: Record<string, string>;
  anonymous?: boolean;
  /** Returns whether a client may do this. Default: yes. */
  allow?: (
    client: { id: string; username: string | undefined },
    action: 'publish' | 'subscribe',
    topic: string,
  ) => boolean;
  /** Folder that keeps retained messages (states, configurations, desired packages) across restarts. Without it, none are kept. */
  dataDir?: string;
  /**
   * Receives each message of a client that may publish it. The client is acknowledged, and others receive the message,
   * when the promise resolves; if it rejects, the client is disconnected and sends the message again.
   */
  collect?: (message: Message) => Promise<void>;
  /** A retained message can't be read; its file stays. Default: a warning of the process. */
  onProblem?: (error: MoteError) => void;
  /** Default 1 MiB: twice the largest package. */
  maximumPacketBytes?: number;
  /** Time limit of logins; default: that of this machine. */
  clock?: Clock;
  /** With it, the broker speaks `mqtts`. */
  tls?: TlsOptions;
}

type Published = {
  topic: string;
  payload: string | Buffer;
  qos: number;
  retain: boolean;
  properties?: Record<string, unknown>;
};

/** Returns whether only programs of this machine reach a listener on `host`. */
export function isLoopback(host: string): boolean {
  return host === '::1' || host === 'localhost' || /^127(\.\d{1,3}){3}$/.test(host);
}

const SERVER_SHUTTING_DOWN = 0x8b;
const QUOTA_EXCEEDED = 0x97;

/** Resolves when the broker listens. Throws `BROKER_OPEN`, `BROKER_PORT`, `BROKER_DATA`. */
export async function startEmbeddedBroker(options: EmbeddedBrokerOptions = {}): Promise<Broker> {
  const { host = '127.0.0.1', port = 1883, users, allow = () => true } = options;
  const { collect, onProblem = (error) => process.emitWarning(error) } = options;
  const maximumPacketBytes = options.maximumPacketBytes ?? GatewayConstant.mqttPacketBytes;
  if (!isLoopback(host) && users === undefined && options.anonymous !== true) {
    throw new MoteError(
      'BROKER_OPEN',
      `A broker on ${host} would let everybody on the network send commands; give it users, or set anonymous.`,
    );
  }
  const files = options.dataDir === undefined ? undefined : new RetainedFiles(options.dataDir);
  const names = new WeakMap<object, string>();
  const identity = (client: { id: string }) => ({ id: client.id, username: names.get(client) });

  // Most users of this component connect to a broker that runs already.
  const { Aedes } = await import('aedes');
  const aedes = await Aedes.createBroker({
    topicAliasMaximum: 64,
    maximumPacketSize: maximumPacketBytes,
    receiveMaximum: 256,
    // aedes drops a client that sends more packets than this before its CONNACK; a gateway flushes its queue at once.
    queueLimit: 1024,
    // Limits the state of clients that connect with ever new ids.
    pendingSessionsLimit: 10_000,
    preConnect(_client, packet, done) {
      // The only other way for a message of QoS 2.
      if (packet.will?.qos === 2) packet.will.qos = 1;
      done(null, true);
    },
    authenticate(client, username, password, done) {
      if (username !== undefined) names.set(client, username);
      if (users === undefined || passwordFits(users, username, password)) return done(null, true);
      done(Object.assign(new Error('bad user name or password'), { returnCode: 4 }), false);
    },
    authorizePublish(client, packet, done) {
      // The will's delay is not a property of the published message (MQTT 5 section 3.1.3.2.2).
      const properties: Record<string, unknown> | undefined = packet.properties;
      if (properties !== undefined && 'willDelayInterval' in properties) properties.willDelayInterval = undefined;
      const system = packet.topic.startsWith('$SYS');
      if (system || (client !== null && !allow(identity(client), 'publish', packet.topic)))
        return done(new Error(`not authorized to publish to ${packet.topic}`));
      if (collect === undefined || client === null) return done(null);
      // An error for `done` would mean that the client may not publish this. Without `done` it gets no acknowledgement.
      const refused = () => (client as unknown as Disconnecting).disconnect({ reasonCode: QUOTA_EXCEEDED }, () => {});
      collect(messageOf(packet as Published)).then(() => done(null), refused);
    },
    authorizeSubscribe(client, subscription, done) {
      done(null, allow(identity(client), 'subscribe', subscription.topic) ? subscription : null);
    },
    published(packet, _client, done) {
      try {
        if (files !== undefined && packet.retain) files.store(messageOf(packet as Published), Date.now());
        done(null);
      } catch (error) {
        // The disk may be full. The message stays in memory, and its publisher is disconnected, because aedes has sent PUBACK already.
        done(error as Error);
      }
    },
  });
  for (const message of files?.load(Date.now(), onProblem) ?? []) await publishRetained(aedes, message);

  const sockets = new Set<Socket>();
  const logins = new Logins(options.clock ?? backgroundClock);
  const connected = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    logins.add(socket, (accepted) => {
      const stream = new LimitedStream(socket, maximumPacketBytes, { connect: () => aedes.handle(stream), accepted });
      socket.resume();
    });
  };
  const server = options.tls
    ? createTlsServer({ handshakeTimeout: LOGIN_MS, ...options.tls }, connected)
    : createServer({ noDelay: true, pauseOnConnect: true }, connected);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'something else listens there' : cause.message;
      reject(
        new MoteError('BROKER_PORT', `The broker can't listen on ${host}:${port}: ${why}; choose another port.`, {
          cause,
        }),
      );
    });
    server.listen(port, host, resolve);
  }).catch((error: unknown) => {
    aedes.close();
    throw error;
  });
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  const name = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${options.tls ? 'mqtts' : 'mqtt'}://${name}:${actual}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const goodbye = (client: Disconnecting) =>
        new Promise<void>((resolve) => client.disconnect({ reasonCode: SERVER_SHUTTING_DOWN }, resolve));
      await Promise.all(clientsOf(aedes).map(goodbye));
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

interface Disconnecting {
  disconnect(options: { reasonCode: number }, done: () => void): void;
}

/** The connected clients, which the declarations of aedes leave out. */
function clientsOf(aedes: Aedes): Disconnecting[] {
  return Object.values((aedes as unknown as { clients: Record<string, Disconnecting> }).clients);
}

function passwordFits(users: Record<string, string>, name: string | undefined, given: Uint8Array | undefined): boolean {
  const expected = name !== undefined && Object.hasOwn(users, name) ? users[name] : undefined;
  return expected !== undefined && given !== undefined && sameSecret(expected, given);
}

function messageOf(packet: Published): Message {
  const p = packet.properties ?? {};
  return {
    topic: packet.topic,
    payload: Buffer.from(packet.payload),
    qos: packet.qos === 0 ? 0 : 1,
    retain: packet.retain,
    properties: {
      ...(typeof p.contentType === 'string' && { contentType: p.contentType }),
      ...(typeof p.messageExpiryInterval === 'number' && { expirySeconds: p.messageExpiryInterval }),
      ...(typeof p.responseTopic === 'string' && { responseTopic: p.responseTopic }),
      ...(p.correlationData instanceof Uint8Array && { correlationData: p.correlationData }),
      ...(p.userProperties !== undefined && {
        userProperties: { ...(p.userProperties as Record<string, string | string[]>) },
      }),
      ...(p.payloadFormatIndicator === true && { utf8: true }),
    },
  };
}

function publishRetained(aedes: Aedes, { topic, payload, properties }: Message): Promise<void> {
  const { expirySeconds, utf8, correlationData, ...same } = properties;
  return new Promise((resolve, reject) => {
    aedes.publish(
      {
        cmd: 'publish',
        qos: 1,
        dup: false,
        retain: true,
        topic,
        payload: Buffer.from(payload),
        properties: {
          ...same,
          ...(correlationData && { correlationData: Buffer.from(correlationData) }),
          ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
          ...(utf8 && { payloadFormatIndicator: true }),
        },
      },
      (error) => (error ? reject(error) : resolve()),
    );
  });
}
