/**
 * An MQTT 5 client (OASIS MQTT 5.0) for one broker. It connects, reconnects, and delivers QoS 0 and 1. It has no QoS 2, which would cost
 * another round trip: messages of the gateway carry ids, by which receivers recognise a repetition.
 */
import { MoteError } from '../../base/index.ts';
import type { OutboxStats } from '../queue/index.ts';
import { backoffMs } from './backoff.ts';
import { Connection, type Ending } from './connection.ts';
import { Delivery } from './delivery.ts';
import { type ClientOptions, type Settings, settingsOf } from './options.ts';
import { REASON } from './reasons.ts';
import { type Handler, Subscriptions } from './subscriptions.ts';
import { checkTopic } from './topic.ts';
import type { ConnectPacket, Message, MessageProperties, Qos, Received, ServerLimits, Subscription } from './types.ts';

export type ClientState = 'idle' | 'connecting' | 'online' | 'waiting' | 'closed';

export interface PublishOptions {
  qos?: Qos;
  retain?: boolean;
  properties?: MessageProperties;
  /** A full outbox may drop it for newer messages; only QoS 1. */
  droppable?: boolean;
  /** By this the sender recognises the message, see `Outbox`; only QoS 1. */
  mark?: string;
}

export interface ClientStats extends OutboxStats {
  inflight: number;
  connects: number;
  /** Messages of QoS 0 that were dropped because the broker was unreachable or the network too slow. */
  unsent: number;
  lost: number;
  received: number;
}

export class MqttClient {
  readonly #settings: Settings;
  readonly #delivery: Delivery;
  readonly #subscriptions: Subscriptions;
  #state: ClientState = 'idle';
  #connection: Connection | undefined;
  #limits: ServerLimits | undefined;
  #cleanStart: boolean;
  #nextId = 0;
  #attempt = 0;
  #cancel: (() => void) | undefined;
  #first: { resolve(limits: ServerLimits): void; reject(error: MoteError): void; retry: boolean } | undefined;
  #idle: (() => void)[] = [];
  readonly #counts = { connects: 0, unsent: 0, lost: 0, received: 0 };

  constructor(options: ClientOptions) {
    this.#settings = settingsOf(options);
    this.#cleanStart = this.#settings.cleanStart !== false;
    const packetId = (used: (id: number) => boolean) => this.#packetId(used);
    this.#subscriptions = new Subscriptions(packetId);
    this.#delivery = new Delivery({
      outbox: this.#settings.outbox,
      clock: this.#settings.clock,
      inflightMaximum: this.#settings.inflightMaximum,
      packetId,
      backoff: this.#settings.backoff,
      random: this.#settings.random,
      ...(this.#settings.onRefused && { onRefused: this.#settings.onRefused }),
      ...(this.#settings.onDelayed && { onDelayed: this.#settings.onDelayed }),
      onLost: (message, error) => {
        this.#counts.lost++;
        this.#settings.onLost?.(message, error);
      },
      onSettled: () => {
        if (this.#settings.outbox.stats.waiting === 0) this.#flush();
      },
    });
    this.#settings.outbox.onReady(() => this.#delivery.pump());
  }

  get state(): ClientState {
    return this.#state;
  }

  /** The limits of the broker of the present connection. */
  get limits(): ServerLimits | undefined {
    return this.#limits;
  }

  get stats(): ClientStats {
    return { ...this.#counts, ...this.#settings.outbox.stats, inflight: this.#delivery.inflight };
  }

  /**
   * Connects, and reconnects from then on. Resolves when the broker has accepted for the first time. With `retry` false (default true) a
   * failed first attempt rejects and closes the client; otherwise only `close` rejects.
   */
  connect(options: { retry?: boolean } = {}): Promise<ServerLimits> {
    if (this.#state !== 'idle') {
      return Promise.reject(new MoteError('MQTT_STATE', 'This client was connected before; create a new one.'));
    }
    return new Promise((resolve, reject) => {
      this.#first = { resolve, reject, retry: options.retry ?? true };
      this.#open();
    });
  }

  /**
   * Puts a message of QoS 1 into the outbox and returns its number there. From then on the client delivers it, across reconnections.
   * Throws `QUEUE_FULL` or `MQTT_TOPIC`; then the message is not in the outbox.
   */
  enqueue(topic: string, payload: Uint8Array, options: Omit<PublishOptions, 'qos'> = {}): number {
    this.#alive();
    const { droppable = false, mark, ...rest } = options;
    const message = this.#message(topic, payload, { ...rest, qos: 1 });
    const seq = this.#settings.outbox.put(message, { droppable, mark, nowMs: this.#settings.clock.utcMs() });
    this.#delivery.pump();
    return seq;
  }

  /**
   * QoS 1: resolves when the broker has acknowledged; rejects when it refused the message, or the message expired. QoS 0: resolves when the
   * message is written; rejects with `MQTT_OFFLINE` or `MQTT_CONGESTED` when it was dropped.
   */
  async publish(topic: string, payload: Uint8Array, options: PublishOptions = {}): Promise<void> {
    if (options.qos !== 1) {
      this.send(topic, payload, options);
      return;
    }
    this.#alive();
    const { droppable = false, ...rest } = options;
    const message = this.#message(topic, payload, rest);
    const seq = this.#settings.outbox.put(message, { droppable, nowMs: this.#settings.clock.utcMs() });
    const settled = this.#delivery.settled(seq);
    this.#delivery.pump();
    return settled;
  }

  /** Sends a message of QoS 0 now. When that is impossible, counts it as dropped and throws `MQTT_OFFLINE` or `MQTT_CONGESTED`. */
  send(topic: string, payload: Uint8Array, options: Omit<PublishOptions, 'qos' | 'droppable'> = {}): void {
    const message = this.#message(topic, payload, { ...options, qos: 0 });
    if (this.#limits === undefined || this.#connection === undefined) {
      this.#counts.unsent++;
      throw new MoteError(
        'MQTT_OFFLINE',
        `The broker is unreachable; the message for ${topic} was dropped, because it has QoS 0.`,
      );
    }
    if (this.#connection.waitingBytes > this.#settings.highWaterBytes) {
      this.#counts.unsent++;
      throw new MoteError('MQTT_CONGESTED', `The network is too slow; the message for ${topic} was dropped.`);
    }
    this.#connection.publish(message, 0, false);
  }

  /** Resolves when the broker has granted it. The handler gets messages from now on, also those of an earlier session. */
  subscribe(subscription: Subscription, handler: Handler): Promise<void> {
    this.#alive();
    return this.#subscriptions.subscribe(subscription, handler);
  }

  unsubscribe(filter: string): Promise<void> {
    this.#alive();
    return this.#subscriptions.unsubscribe(filter);
  }

  /** Resolves when no message waits for a PUBACK: each was acknowledged, refused, or had expired when its turn came. */
  flushed(): Promise<void> {
    if (this.#settings.outbox.stats.waiting === 0 || this.#state === 'closed') return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Waits until nothing waits for a PUBACK, but at most `timeoutMs`, and closes. */
  async closeFlushed(timeoutMs: number): Promise<void> {
    let cancel = () => {};
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#settings.clock.after(timeoutMs, resolve);
    });
    await Promise.race([this.flushed(), timeout]);
    cancel();
    this.close();
  }

  /**
   * Sends DISCONNECT and stops. `will` true asks the broker to publish the will nevertheless. Closes the outbox; one on disk keeps the
   * messages that wait.
   */
  close(options: { will?: boolean; sessionExpirySeconds?: number } = {}): void {
    if (this.#state === 'closed') return;
    const connection = this.#connection;
    this.#finish(new MoteError('MQTT_CLOSED', 'The client was closed.'));
    connection?.disconnect(options.will ? REASON.disconnectWithWill : REASON.success, options.sessionExpirySeconds);
  }

  /** Stops like a killed process: without DISCONNECT, so that the broker publishes the will. */
  abort(): void {
    const connection = this.#connection;
    this.#finish(new MoteError('MQTT_CLOSED', 'The client was stopped.'));
    connection?.destroy();
  }

  /** Drops the connection like a cut cable. The client reconnects by itself. */
  drop(): void {
    this.#connection?.destroy();
  }

  #alive(): void {
    if (this.#state === 'closed') throw new MoteError('MQTT_CLOSED', 'The client is closed; create a new one.');
  }

  #message(topic: string, payload: Uint8Array, options: PublishOptions): Message {
    checkTopic(topic);
    const { qos = 0, retain = false, properties = {} } = options;
    return { topic, payload, qos, retain, properties };
  }

  #packetId(used: (id: number) => boolean): number {
    do this.#nextId = (this.#nextId % 65535) + 1;
    while (used(this.#nextId) || this.#delivery.uses(this.#nextId) || this.#subscriptions.uses(this.#nextId));
    return this.#nextId;
  }

  #connectPacket(): ConnectPacket {
    const s = this.#settings;
    return {
      clientId: s.clientId,
      cleanStart: this.#cleanStart,
      keepAliveSeconds: s.keepAliveSeconds,
      sessionExpirySeconds: s.sessionExpirySeconds,
      receiveMaximum: s.receiveMaximum,
      maximumPacketBytes: s.maximumPacketBytes,
      topicAliasMaximum: s.topicAliasMaximum,
      ...(s.username !== undefined && { username: s.username }),
      ...(s.password !== undefined && { password: Buffer.from(s.password) }),
      ...(s.will !== undefined && { will: typeof s.will === 'function' ? s.will() : s.will }),
    };
  }

  #open(): void {
    this.#state = 'connecting';
    const { open, address, clock, connectTimeoutMs, topicAliasMaximum } = this.#settings;
    let bornUs: number | undefined;
    const connection: Connection = new Connection({
      stream: open(address),
      connect: this.#connectPacket(),
      clock,
      connectTimeoutMs,
      aliasMaximum: topicAliasMaximum,
      events: {
        online: (limits) => {
          bornUs = clock.nowUs();
          this.#online(connection, limits);
        },
        message: (message) => this.#receive(message),
        puback: (id, error) => {
          this.#delivery.acknowledge(id, error);
          this.#settings.onAcknowledged?.();
        },
        suback: (id, codes, text) => void this.#subscriptions.acknowledge(id, codes, text),
        drain: () => this.#delivery.pump(),
        closed: (error, how) => {
          const stable = bornUs !== undefined && clock.nowUs() - bornUs >= this.#settings.stableMs * 1000;
          this.#offline(error, { ...how, stable });
        },
      },
    });
    this.#connection = connection;
  }

  #online(connection: Connection, limits: ServerLimits): void {
    const resumed = limits.sessionPresent && this.#counts.connects > 0;
    this.#state = 'online';
    this.#limits = limits;
    this.#cleanStart = this.#settings.cleanStart === 'always';
    this.#counts.connects++;
    const { highWaterBytes } = this.#settings;
    this.#subscriptions.online((packet) => connection.subscribe(packet), resumed);
    this.#delivery.online((message, id, dup) => connection.publish(message, id, dup), {
      resumed,
      receiveMaximum: limits.receiveMaximum,
      blocked: () => connection.waitingBytes > highWaterBytes,
    });
    this.#settings.onOnline?.(limits);
    this.#first?.resolve(limits);
    this.#first = undefined;
  }

  #offline(error: MoteError, { lasting, byBroker, stable }: Ending & { stable: boolean }): void {
    this.#connection = undefined;
    this.#limits = undefined;
    if (this.#state === 'closed') return;
    this.#delivery.offline(byBroker ? error : undefined);
    this.#subscriptions.offline();
    if (this.#first?.retry === false) {
      this.#finish(error);
      this.#settings.onOffline?.(error, undefined);
      return;
    }
    this.#state = 'waiting';
    if (stable) this.#attempt = 0;
    const { backoff, random, clock } = this.#settings;
    const retryMs = backoffMs(lasting ? 30 : this.#attempt, backoff, random);
    this.#attempt++;
    this.#cancel = clock.after(retryMs, () => this.#open());
    this.#settings.onOffline?.(error, retryMs);
  }

  #receive(message: Received): void | Promise<void> {
    this.#counts.received++;
    const handlers = this.#subscriptions.handlers(message.topic);
    if (handlers.length === 0) this.#settings.onUnhandled?.(message);
    const pending = handlers.flatMap((handler) => {
      try {
        const done = handler(message);
        return done instanceof Promise ? done : [];
      } catch (error) {
        this.#settings.onFault?.(error, message);
        return [];
      }
    });
    if (pending.length === 0) return;
    return Promise.all(
      pending.map((done) => done.catch((error: unknown) => this.#settings.onFault?.(error, message))),
    ).then(() => undefined);
  }

  #finish(error: MoteError): void {
    this.#state = 'closed';
    this.#cancel?.();
    this.#limits = undefined;
    this.#connection = undefined;
    this.#delivery.close(error);
    this.#subscriptions.close(error);
    this.#settings.outbox.close();
    this.#first?.reject(error);
    this.#first = undefined;
    this.#flush();
  }

  /** Resolves the promises of `flushed`. */
  #flush(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
