/**
 * One network connection from CONNECT to its end: framing, keep-alive, topic aliases and the client's receive maximum. State that
 * outlives a connection (outbox, subscriptions, packet ids) is in `client.ts`.
 */
import type { Duplex } from 'node:stream';
import { type Clock, MoteError } from '../../base/index.ts';
import { InboundAliases, OutboundAliases } from './aliases.ts';
import { Framer } from './framer.ts';
import { KeepAlive } from './keepalive.ts';
import { decodePacket, encodePacket } from './packet.ts';
import { isLasting, REASON, reasonError } from './reasons.ts';
import { checkTopic } from './topic.ts';
import type { ConnectPacket, Inbound, Message, Outbound, Received, ServerLimits } from './types.ts';

/** Called from the stream's events, never after `closed`. */
export interface ConnectionEvents {
  online(limits: ServerLimits): void;
  message(message: Received): void | Promise<void>;
  puback(id: number, error: MoteError | undefined): void;
  suback(id: number, codes: number[], text: string): void;
  drain(): void;
  closed(error: MoteError, how: Ending): void;
}

export interface Ending {
  /** Another attempt at once would fail as well. */
  lasting: boolean;
  /** The other end closed it, perhaps because of what it received. */
  byBroker: boolean;
}

export interface ConnectionOptions {
  stream: Duplex;
  connect: ConnectPacket;
  clock: Clock;
  connectTimeoutMs: number;
  /** The maximum number of topic aliases to assign, even if the broker allows more. */
  aliasMaximum: number;
  events: ConnectionEvents;
}

const REASON_OF: Record<string, number> = {
  MQTT_MALFORMED: REASON.malformed,
  MQTT_TOO_LARGE: REASON.packetTooLarge,
  MQTT_TOPIC_ALIAS: REASON.topicAliasInvalid,
};

function isQos1(frame: Uint8Array): boolean {
  return (frame[0]! & 0xf6) === 0x32;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #stream: Duplex;
  readonly #framer: Framer;
  readonly #aliasesIn: InboundAliases;
  #aliasesOut = new OutboundAliases(0);
  #keepAlive: KeepAlive | undefined;
  #limits: ServerLimits | undefined;
  /** QoS 1 messages from the broker whose handlers have not finished. */
  readonly #unacknowledged = new Set<number>();
  /** Packets beyond the receive maximum, which mosquitto 2.0.11 exceeds. The stream is not read while there are any. */
  #waiting: Uint8Array[] = [];
  readonly #cancelTimeout: () => void;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#stream = options.stream;
    this.#framer = new Framer(options.connect.maximumPacketBytes);
    this.#aliasesIn = new InboundAliases(options.connect.topicAliasMaximum);
    this.#cancelTimeout = options.clock.after(options.connectTimeoutMs, () =>
      this.#end(
        new MoteError('MQTT_TIMEOUT', `The broker did not answer in ${options.connectTimeoutMs} ms; is it running?`),
      ),
    );
    this.#stream.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    this.#stream.on('drain', () => this.#limits && options.events.drain());
    this.#stream.on('error', (cause: Error) =>
      this.#end(
        new MoteError('MQTT_NETWORK', `The broker can't be reached: ${cause.message || cause.name}.`, { cause }),
        { byBroker: true },
      ),
    );
    this.#stream.on('close', () =>
      this.#end(new MoteError('MQTT_CLOSED', 'The broker closed the connection.'), { byBroker: true }),
    );
    this.#send({ type: 'connect', ...options.connect });
  }

  /** Bytes that wait for the network. */
  get waitingBytes(): number {
    return this.#stream.writableLength;
  }

  /**
   * Sends a PUBLISH. Throws `MQTT_TOPIC`, `MQTT_TOO_LARGE`, `MQTT_QOS` or `MQTT_RETAIN` for a message that this broker does not accept; then
   * nothing was sent.
   */
  publish(message: Message, id: number, dup: boolean): void {
    const limits = this.#limits;
    // Also for what another version queued.
    checkTopic(message.topic);
    if (limits === undefined) throw new MoteError('MQTT_OFFLINE', 'The broker is not connected; try again later.');
    if (message.qos > limits.maximumQos) throw reasonError(0x9b, `Publish to ${message.topic}`);
    if (message.retain && !limits.retainAvailable) throw reasonError(0x9a, `Publish to ${message.topic}`);
    const { topic, alias } = this.#aliasesOut.use(message.topic);
    const fresh = alias !== undefined && topic !== '';
    try {
      const bytes = encodePacket({ type: 'publish', id, dup, alias, message: { ...message, topic } });
      if (bytes.length > limits.maximumPacketBytes) {
        throw new MoteError(
          'MQTT_TOO_LARGE',
          `A message of ${bytes.length} bytes for ${message.topic} is more than the broker's ${limits.maximumPacketBytes}; raise its limit.`,
        );
      }
      this.#write(bytes);
    } catch (error) {
      if (fresh) this.#aliasesOut.forget(message.topic);
      throw error;
    }
  }

  subscribe(packet: Outbound & { type: 'subscribe' | 'unsubscribe' }): void {
    this.#send(packet);
  }

  /** Sends DISCONNECT and closes. With reason 0 the broker drops the will. */
  disconnect(reason: number, sessionExpirySeconds?: number): void {
    if (this.#closed) return;
    if (this.#limits) {
      this.#send({ type: 'disconnect', reason, ...(sessionExpirySeconds !== undefined && { sessionExpirySeconds }) });
    }
    this.#end(new MoteError('MQTT_CLOSED', 'The client closed the connection.'));
  }

  /** Drops the connection without DISCONNECT, like a cut cable. */
  destroy(): void {
    this.#end(new MoteError('MQTT_CLOSED', 'The client dropped the connection.'));
    this.#stream.destroy();
  }

  #send(packet: Outbound): void {
    this.#write(encodePacket(packet));
  }

  #write(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#keepAlive?.sent();
    this.#stream.write(bytes);
  }

  #receive(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.#keepAlive?.heard();
    this.#guarded(() => {
      for (const frame of this.#framer.push(chunk)) this.#waiting.push(frame);
      this.#work();
    });
  }

  /** Handles packets in order, up to a message that would exceed the receive maximum. */
  #work(): void {
    const { receiveMaximum } = this.#options.connect;
    let done = 0;
    for (const frame of this.#waiting) {
      if (isQos1(frame) && this.#unacknowledged.size >= receiveMaximum) break;
      done++;
      this.#packet(decodePacket(frame));
      if (this.#closed) return;
    }
    this.#waiting.splice(0, done);
    if (this.#waiting.length > 0) this.#stream.pause();
    else if (this.#stream.isPaused()) this.#stream.resume();
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      // Any other error is a defect. It must not leave a connection in an unknown state.
      if (!(error instanceof MoteError)) throw error;
      this.#refuse(REASON_OF[error.code] ?? REASON.protocolError, error);
    }
  }

  #packet(packet: Inbound): void {
    if (packet.type === 'connack') {
      this.#connack(packet);
      return;
    }
    if (this.#limits === undefined) throw new MoteError('MQTT_PROTOCOL', 'The broker sent a packet before CONNACK.');
    switch (packet.type) {
      case 'publish':
        this.#message(packet.message, packet.id, packet.alias);
        break;
      case 'puback':
        this.#options.events.puback(
          packet.id,
          packet.reason >= 0x80
            ? reasonError(packet.reason, 'The broker did not accept a message', packet.text)
            : undefined,
        );
        break;
      case 'suback':
      case 'unsuback':
        this.#options.events.suback(packet.id, packet.codes, packet.text);
        break;
      case 'disconnect':
        this.#end(reasonError(packet.reason, 'The broker closed the connection', packet.text), {
          lasting: isLasting(packet.reason),
          byBroker: true,
        });
        break;
      case 'pingresp':
        break;
    }
  }

  #connack({ reason, text, limits }: Inbound & { type: 'connack' }): void {
    if (this.#limits) throw new MoteError('MQTT_PROTOCOL', 'The broker sent CONNACK twice.');
    if (reason !== REASON.success) {
      this.#end(reasonError(reason, 'The broker refused the connection', text), { lasting: isLasting(reason) });
      return;
    }
    if (limits.sessionPresent && this.#options.connect.cleanStart) {
      throw new MoteError('MQTT_PROTOCOL', 'The broker reports a session that the client asked it to delete.');
    }
    this.#limits = limits;
    this.#cancelTimeout();
    this.#aliasesOut = new OutboundAliases(Math.min(limits.topicAliasMaximum, this.#options.aliasMaximum));
    this.#keepAlive = new KeepAlive({
      clock: this.#options.clock,
      seconds: limits.serverKeepAliveSeconds ?? this.#options.connect.keepAliveSeconds,
      ping: () => this.#send({ type: 'pingreq' }),
      // While the stream is not read, silence means nothing.
      deaf: () => this.#waiting.length > 0,
      dead: () =>
        this.#end(new MoteError('MQTT_DEAD', 'The broker no longer answers pings; the client connects again.')),
    });
    this.#options.events.online(limits);
  }

  #message(received: Received, id: number, alias: number | undefined): void {
    const message = { ...received, topic: this.#aliasesIn.resolve(received.topic, alias) };
    if (message.qos === 1) this.#unacknowledged.add(id);
    const done = this.#options.events.message(message);
    if (message.qos === 0) return;
    if (done === undefined) this.#acknowledge(id);
    else {
      void done.then(() => {
        if (this.#closed) return;
        this.#acknowledge(id);
        this.#guarded(() => this.#work());
      });
    }
  }

  #acknowledge(id: number): void {
    this.#unacknowledged.delete(id);
    this.#send({ type: 'puback', id, reason: REASON.success });
  }

  #refuse(reason: number, error: MoteError): void {
    if (!this.#closed && this.#limits) this.#send({ type: 'disconnect', reason });
    this.#end(error);
  }

  #end(error: MoteError, { lasting = false, byBroker = false }: Partial<Ending> = {}): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimeout();
    this.#keepAlive?.stop();
    if (this.#limits === undefined) this.#stream.destroy();
    // `end` lets a DISCONNECT be sent. A peer that never closes its side is cut off after the connect timeout.
    this.#stream.end();
    if (!this.#stream.destroyed) {
      const cancel = this.#options.clock.after(this.#options.connectTimeoutMs, () => this.#stream.destroy());
      this.#stream.once('close', cancel);
    }
    this.#options.events.closed(error, { lasting, byBroker });
  }
}
