/**
 * One node at the gateway: its MQTT connection, its queue, and what goes up and down. One connection a node, because a will belongs to
 * a connection: when the gateway dies, the broker says of every single node that it is gone. It also gives each node its own
 * credentials and access list, its own session and its own window.
 */
import { MoteError } from '../error.ts';
import type { Birth, Event, Log, NodeMessage, OtaStatus, ShimLink, Telemetry } from '../link/index.ts';
import { cloudEventProperties } from './cloudevents.ts';
import { parseConfig } from './commands.ts';
import { Desired } from './desired.ts';
import { guard } from './guard.ts';
import { MqttClient, type PublishOptions } from './mqtt/client.ts';
import type { Outbox } from './mqtt/outbox.ts';
import type { MessageProperties, Received } from './mqtt/types.ts';
import { CBOR_TYPE, encodeEvent, encodeLog, encodeOta, encodeState, encodeTelemetry } from './payloads.ts';
import { type Answer, PendingCommands } from './pending-commands.ts';
import type { ShimSettings } from './shim-options.ts';
import { type Channel, isAnswerTopic, topicOf } from './topics.ts';

/** Steps of progress that are published, as parts of the whole. */
const PROGRESS_PARTS = 20;

export interface BridgeOptions {
  node: string;
  settings: ShimSettings;
  outbox: Outbox;
  /** Tells the ids of this life of the gateway from those of others. */
  life: string;
}

function defect(cause: unknown): MoteError {
  const what = cause instanceof Error ? cause.message : String(cause);
  return new MoteError('DEFECT', `A message made the gateway stumble, which is a defect of moteware: ${what}.`, {
    cause,
  });
}

export class NodeBridge {
  readonly node: string;
  readonly client: MqttClient;
  readonly #settings: ShimSettings;
  readonly #life: string;
  readonly #desired: Desired;
  readonly #commands: PendingCommands;
  readonly #outbox: Outbox;
  #link: ShimLink | undefined;
  #birth: Birth | undefined;
  #online = false;
  #config: Record<string, number> | undefined;
  #cancelGrace: (() => void) | undefined;
  #count = 0;
  #progress = -1;
  /** The link was full when the configuration should have gone. */
  #configDue = false;
  #stopped = false;

  constructor({ node, settings, outbox, life }: BridgeOptions) {
    this.node = node;
    this.#settings = settings;
    this.#life = life;
    this.#outbox = outbox;
    this.client = new MqttClient({
      ...settings.mqtt,
      ...settings.credentials?.(node),
      url: settings.brokerUrl,
      clientId: `${settings.clientPrefix}${node}`,
      cleanStart: false,
      sessionExpirySeconds: settings.sessionExpirySeconds,
      clock: settings.clock,
      outbox,
      will: () => ({
        topic: topicOf(settings.ns, node, 's'),
        payload: encodeState({ online: false, node, boot: 0, birth: null }),
        qos: 1,
        retain: true,
        delaySeconds: settings.graceSeconds,
        properties: this.#properties('state', this.#next()),
      }),
      onOnline: () => {
        // While we were away the broker may have published the will.
        if (this.client.stats.connects > 1) this.#say(this.#online);
      },
      onOffline: (error, retryMs) => {
        if (retryMs !== undefined) settings.onProblem?.(error, node);
      },
      onLost: (_message, error) => {
        settings.onProblem?.(error, node);
        this.#relieve();
      },
      onAcknowledged: () => this.#relieve(),
      onFault: (cause) => settings.onProblem?.(defect(cause), node),
    });
    this.#desired = new Desired({
      clock: settings.clock,
      link: () => (this.#link?.up ? this.#link : undefined),
      onStatus: (status) => this.#ota(status),
    });
    this.#commands = new PendingCommands({
      clock: settings.clock,
      unable: (name) => this.#unable(name),
      send: (command) => this.#link?.send(command) ?? false,
      answer: (answer) => this.#answer(answer),
    });
    this.#listen('cmd', (message) => this.#commands.request(message));
    this.#listen('cfg', (message) => this.#configure(message));
    this.#listen('desired', (message) => this.#want(message));
    // With `retry` it rejects only when we close it.
    this.client.connect().catch(() => {});
  }

  get online(): boolean {
    return this.#online;
  }

  get birth(): Birth | undefined {
    return this.#birth;
  }

  get link(): ShimLink | undefined {
    return this.#link;
  }

  /** The node named itself. `fresh`: on a link that knew nothing of it. */
  born(birth: Birth, link: ShimLink): void {
    const fresh = this.#link !== link || this.#birth === undefined;
    this.#link = link;
    this.#birth = birth;
    this.#cancelGrace?.();
    this.#say(true);
    if (fresh && this.#config !== undefined) this.#sendConfig();
    this.#desired.born(birth, fresh);
  }

  /** The link is back with the same node behind it. */
  linkUp(): void {
    this.#cancelGrace?.();
    if (!this.#online && this.#birth) this.#say(true);
    this.#desired.pump();
  }

  /** `restarted`: what comes next on it is a stranger. */
  linkDown(link: ShimLink, restarted: boolean): void {
    if (this.#link !== link) return;
    if (restarted) {
      this.#link = undefined;
      this.#desired.gone();
      this.#commands.fail('The node restarted.');
    }
    this.#cancelGrace?.();
    const { clock, graceSeconds } = this.#settings;
    this.#cancelGrace = clock.after(graceSeconds * 1000, () => this.#say(false));
  }

  /** The link has room again. */
  pump(): void {
    if (this.#configDue) this.#sendConfig();
    this.#desired.pump();
  }

  message(message: Exclude<NodeMessage, { type: 'birth' | 'time?' }>): void {
    if (message.type === 'telemetry') this.#telemetry(message);
    else if (message.type === 'event') this.#event(message);
    else if (message.type === 'log') this.#log(message);
    else if (message.type === 'result') this.#commands.answer(message.id, message.ok, message.text);
    else {
      this.#ota(message);
      this.#desired.status(message);
    }
  }

  /** Says that the node is gone, for a bridge that only empties its queue. */
  absent(): void {
    this.#say(false);
  }

  /** Says offline, waits until the broker has all or `timeoutMs` are over, and ends. What then waits stays on disk. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#stopped) return;
    if (this.#birth !== undefined) this.#say(false);
    this.#stop();
    let cancel = () => {};
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#settings.clock.after(timeoutMs, resolve);
    });
    await Promise.race([this.client.flushed(), timeout]);
    cancel();
    this.client.close();
  }

  /** Ends as a killed process does. */
  abort(): void {
    this.#stop();
    this.client.abort();
  }

  #stop(): void {
    this.#stopped = true;
    this.#cancelGrace?.();
    this.#desired.stop();
    this.#commands.stop();
  }

  #properties(kind: string, id: string, more: { subject?: string; timeMs?: number } = {}): MessageProperties {
    const { ns } = this.#settings;
    return cloudEventProperties(
      { id, source: `/${ns}/d/${this.node}`, type: `moteware.${kind}.v1`, ...more },
      CBOR_TYPE,
    );
  }

  /** An id for what has no number of its own. */
  #next(): string {
    return `${this.#life}-${this.#count++}`;
  }

  #put(
    channel: Channel,
    payload: Uint8Array,
    properties: MessageProperties,
    more: { retain?: boolean; droppable?: boolean } = {},
  ): void {
    this.#enqueue(topicOf(this.#settings.ns, this.node, channel), payload, { ...more, properties });
  }

  #enqueue(topic: string, payload: Uint8Array, options: PublishOptions): void {
    guard(
      () => this.client.enqueue(topic, payload, options),
      (error) => this.#settings.onProblem?.(error, this.node),
    );
  }

  #send(channel: Channel, payload: Uint8Array, properties: MessageProperties): void {
    guard(
      () => this.client.send(topicOf(this.#settings.ns, this.node, channel), payload, { properties }),
      // Counted by the client; a line for each would tell nothing new.
      () => {},
    );
  }

  #say(online: boolean): void {
    this.#online = online;
    const { node } = this;
    const birth = this.#birth ?? null;
    const payload = encodeState({ online, node, boot: birth?.boot ?? 0, birth });
    this.#put('s', payload, this.#properties('state', this.#next(), { timeMs: this.#settings.clock.nowMs() }), {
      retain: true,
    });
    this.#settings.onNode?.(node, online ? 'online' : 'offline');
  }

  #id(kind: string, seq: number): string {
    return `${this.#birth?.boot ?? 0}-${kind}-${seq}`;
  }

  #telemetry(frame: Telemetry): void {
    const subject = this.#birth?.metrics[frame.metric]?.name;
    const properties = {
      ...this.#properties('telemetry', this.#id('t', frame.seq), {
        timeMs: frame.t0Ms,
        ...(subject !== undefined && { subject }),
      }),
      expirySeconds: this.#settings.telemetryExpirySeconds,
    };
    if (this.#settings.telemetryQos === 0) this.#send('t', encodeTelemetry(frame), properties);
    else this.#put('t', encodeTelemetry(frame), properties, { droppable: true });
  }

  #event(event: Event): void {
    const properties = this.#properties('event', this.#id('e', event.seq), { subject: event.name, timeMs: event.tMs });
    this.#put('e', encodeEvent(event), properties);
    // The node keeps what we can't: the link stops until the broker has taken some.
    if (this.#outbox.stats.firmBytes > this.#settings.pauseBytes) this.#link?.pause();
  }

  #relieve(): void {
    if (this.#outbox.stats.firmBytes <= this.#settings.pauseBytes) this.#link?.resume();
  }

  #log(line: Log): void {
    this.#send('log', encodeLog(line), this.#properties('log', this.#next(), { timeMs: line.tMs }));
  }

  #ota(status: OtaStatus): void {
    const part =
      status.state === 'receiving' ? Math.floor((status.received / Math.max(1, status.total)) * PROGRESS_PARTS) : -1;
    if (part >= 0 && part === this.#progress) return;
    this.#progress = part;
    const properties = this.#properties('ota', this.#next(), { timeMs: this.#settings.clock.nowMs() });
    this.#put('ota', encodeOta(status), properties, { droppable: status.state === 'receiving' });
  }

  #listen(channel: Channel, handler: (message: Received) => void): void {
    const filter = topicOf(this.#settings.ns, this.node, channel);
    const refresh = channel !== 'cmd';
    this.client
      .subscribe({ filter, qos: 1, refresh }, (message) =>
        guard(
          () => handler(message),
          (error) => this.#refuse(error),
        ),
      )
      .catch((error: MoteError) => {
        if (!this.#stopped) this.#settings.onProblem?.(error, this.node);
      });
  }

  /** Somebody sent what can't be used: it goes to the node's log, where its sender looks. */
  #refuse(error: MoteError): void {
    this.#settings.onProblem?.(error, this.node);
    const text = error.message.slice(0, 256);
    this.#log({ type: 'log', level: 'warn', tMs: this.#settings.clock.nowMs(), text });
  }

  #unable(name: string): string | undefined {
    if (!this.#link?.up || this.#birth === undefined) return 'The node is away.';
    return this.#birth.commands.includes(name) ? undefined : `The node has no command ${JSON.stringify(name)}.`;
  }

  #answer({ name, payload, contentType, request }: Answer): void {
    const { ns, clock } = this.#settings;
    const to = request.responseTopic;
    const topic = to !== undefined && isAnswerTopic(ns, to) ? to : topicOf(ns, this.node, 'e');
    const attributes = this.#properties('result', this.#next(), { subject: name, timeMs: clock.nowMs() });
    const { correlationData } = request;
    const properties = { ...attributes, contentType, ...(correlationData && { correlationData }) };
    this.#enqueue(topic, payload, { properties });
  }

  #configure(message: Received): void {
    const values = parseConfig(message);
    if (JSON.stringify(values) === JSON.stringify(this.#config)) return;
    this.#config = values;
    this.#sendConfig();
  }

  #sendConfig(): void {
    if (this.#config === undefined || this.#link === undefined || this.#birth === undefined) return;
    this.#configDue = !this.#link.send({ type: 'config', values: this.#config });
  }

  #want(message: Received): void {
    guard(
      () => this.#desired.set(message.payload),
      (error) => {
        const reason = { code: error.code, text: error.message.slice(0, 256) };
        this.#ota(this.#desired.refused(message.payload, reason));
        this.#refuse(error);
      },
    );
  }
}
