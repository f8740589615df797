/** What goes up from one node: each message as a CloudEvent on its topic, in the quality that it needs. */
import { guard, type MoteError } from '../../base/index.ts';
import type { Birth, Event, Log, OtaStatus, Telemetry } from '../../device/link/index.ts';
import type { MessageProperties, MqttClient, PublishOptions, Will } from '../mqtt/index.ts';
import type { Outbox } from '../queue/index.ts';
import {
  CBOR_TYPE,
  type Channel,
  cloudEventProperties,
  encodeEvent,
  encodeLog,
  encodeOta,
  encodeState,
  encodeTelemetry,
  isAnswerTopic,
  topicOf,
} from '../topics/index.ts';
import type { Answer } from './pending-commands.ts';
import type { ShimSettings } from './shim-options.ts';

/** Steps of progress that are published, as parts of the whole. */
const PROGRESS_PARTS = 20;
const RETRY_MS = 1000;

export interface UplinkOptions {
  node: string;
  settings: ShimSettings;
  outbox: Outbox;
  /** Tells the ids of this life of the gateway from those of others. */
  life: string;
  client: () => MqttClient;
  /** Stop and go of the node's link: what the node keeps needs no place here. */
  pause(): void;
  resume(): void;
}

export class Uplink {
  readonly #options: UplinkOptions;
  #birth: Birth | undefined;
  #online: boolean | undefined;
  #count = 0;
  #progress = -1;
  /** Events that the outbox could not take (its disk is full): the node was told that they arrived, so they are tried again. */
  #stuck: { id: string; event: Event }[] = [];
  /** The outbox could not take the state: nobody would say it again, and a node could be offline and called online for ever. */
  #stateDue = false;
  #cancelRetry: (() => void) | undefined;

  constructor(options: UplinkOptions) {
    this.#options = options;
  }

  get online(): boolean {
    return this.#online === true;
  }

  /** Publishes the node's state; `birth` is what it last said of itself. */
  state(online: boolean, birth: Birth | undefined): void {
    const { node, settings } = this.#options;
    const changed = this.#online !== online;
    this.#online = online;
    this.#birth = birth;
    this.#stateDue = !this.#putState(online);
    if (this.#stateDue) this.relieve();
    if (changed) settings.onNode?.(node, online ? 'online' : 'offline');
  }

  /** The state once more, if there was one: the broker may have published the will. */
  stateAgain(): void {
    if (this.#online !== undefined) this.state(this.#online, this.#birth);
  }

  /** What the broker says when this gateway dies. Without a birth: a will is fixed for the life of a connection, a module isn't. */
  will(): Will {
    const { node, settings } = this.#options;
    return {
      topic: topicOf(settings.ns, node, 's'),
      payload: encodeState({ online: false, node, boot: 0, birth: null }),
      qos: 1,
      retain: true,
      delaySeconds: settings.graceSeconds,
      properties: this.#properties('state', this.#next()),
    };
  }

  telemetry(frame: Telemetry): void {
    const { telemetryQos, telemetryExpirySeconds } = this.#options.settings;
    const subject = this.#birth?.metrics[frame.metric]?.name;
    const more = { timeMs: frame.t0Ms, ...(subject !== undefined && { subject }) };
    const properties = {
      ...this.#properties('telemetry', this.#id('t', frame.seq), more),
      expirySeconds: telemetryExpirySeconds,
    };
    if (telemetryQos === 0) this.#send('t', encodeTelemetry(frame), properties);
    else this.#put('t', encodeTelemetry(frame), properties, { droppable: true });
  }

  event(event: Event): void {
    // Its id names the boot that made it: by the time that there is room, the node may have started again.
    this.#stuck.push({ id: this.#id('e', event.seq), event });
    this.relieve();
  }

  log(line: Log): void {
    this.#send('log', encodeLog(line), this.#properties('log', this.#next(), { timeMs: line.tMs }));
  }

  ota(status: OtaStatus): void {
    const done = status.received / Math.max(1, status.total);
    const part = status.state === 'receiving' ? Math.floor(done * PROGRESS_PARTS) : -1;
    if (part >= 0 && part === this.#progress) return;
    this.#progress = part;
    this.#put('ota', encodeOta(status), this.#now('ota'), { droppable: part >= 0 });
  }

  answer({ name, payload, contentType, request }: Answer): void {
    const { node, settings } = this.#options;
    const to = request.responseTopic;
    const topic = to !== undefined && isAnswerTopic(settings.ns, to) ? to : topicOf(settings.ns, node, 'e');
    const { correlationData } = request;
    const properties = { ...this.#now('result', name), contentType, ...(correlationData && { correlationData }) };
    this.#enqueue(topic, payload, { properties });
  }

  /** The outbox may have room again: first what is stuck, then the node may go on. */
  relieve(): void {
    const { outbox, settings, pause, resume } = this.#options;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    while (this.#stuck.length > 0 && this.#putEvent(this.#stuck[0]!)) this.#stuck.shift();
    if (this.#stateDue && this.#stuck.length === 0) this.#stateDue = !this.#putState(this.online);
    if (this.#stuck.length > 0 || this.#stateDue)
      this.#cancelRetry = settings.clock.after(RETRY_MS, () => this.relieve());
    if (this.#stuck.length > 0 || outbox.stats.firmBytes > settings.pauseBytes) pause();
    else resume();
  }

  stop(): void {
    this.#cancelRetry?.();
  }

  #putState(online: boolean): boolean {
    const { node } = this.#options;
    const birth = this.#birth ?? null;
    const payload = encodeState({ online, node, boot: birth?.boot ?? 0, birth });
    return this.#put('s', payload, this.#now('state'), { retain: true });
  }

  #putEvent({ id, event }: { id: string; event: Event }): boolean {
    const more = { subject: event.name, timeMs: event.tMs };
    return this.#put('e', encodeEvent(event), this.#properties('event', id, more));
  }

  #id(kind: string, seq: number): string {
    return `${this.#birth?.boot ?? 0}-${kind}-${seq}`;
  }

  /** An id for what has no number of its own. */
  #next(): string {
    return `${this.#options.life}-${this.#count++}`;
  }

  #now(kind: string, subject?: string): MessageProperties {
    const timeMs = this.#options.settings.nodeClock.utcMs();
    return this.#properties(kind, this.#next(), { timeMs, ...(subject !== undefined && { subject }) });
  }

  #properties(kind: string, id: string, more: { subject?: string; timeMs?: number } = {}): MessageProperties {
    const { node, settings } = this.#options;
    const attributes = { id, source: `/${settings.ns}/d/${node}`, type: `moteware.${kind}.v1`, ...more };
    return cloudEventProperties(attributes, CBOR_TYPE);
  }

  #put(
    channel: Channel,
    payload: Uint8Array,
    properties: MessageProperties,
    more: { retain?: boolean; droppable?: boolean } = {},
  ): boolean {
    const { node, settings } = this.#options;
    return this.#enqueue(topicOf(settings.ns, node, channel), payload, { ...more, properties });
  }

  /** False when the outbox did not take it. */
  #enqueue(topic: string, payload: Uint8Array, options: PublishOptions): boolean {
    const { node, settings, client } = this.#options;
    return guard(
      () => void client().enqueue(topic, payload, options),
      (error: MoteError) => settings.onProblem?.(error, node),
    );
  }

  #send(channel: Channel, payload: Uint8Array, properties: MessageProperties): void {
    const { node, settings, client } = this.#options;
    guard(
      () => client().send(topicOf(settings.ns, node, channel), payload, { properties }),
      // Counted by the client; a line for each would tell nothing new.
      () => {},
    );
  }
}
