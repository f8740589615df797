/** Publishes the messages of one node: each as a CloudEvent on its topic, with the QoS that it needs. */
import { crc32 } from 'node:zlib';
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
  JSON_TYPE,
  topicOf,
} from '../topics/index.ts';
import { type JsonMessage, type JsonOptions, JsonTopics } from './json-topics.ts';
import type { Answer } from './pending-commands.ts';
import type { ShimSettings } from './shim-options.ts';

/** Progress is published in this many steps. */
const PROGRESS_PARTS = 20;
const RETRY_MS = 1000;

export interface UplinkOptions {
  node: string;
  settings: ShimSettings;
  outbox: Outbox;
  /** Distinguishes the ids of this run of the gateway from those of other runs. */
  run: string;
  /** Where the gateway publishes as JSON whether it is there; undefined without JSON. */
  gatewayTopic: string | undefined;
  client: () => MqttClient;
  /** Pauses and resumes the node's link: the node stores what is not sent. */
  pause(): void;
  resume(): void;
}

/** An event on its way into the outbox. */
interface Upload {
  id: string;
  event: Event;
  payload: Uint8Array;
  /** Id, session of the node and check sum: another event may have its id, if the flash of a node was erased. */
  mark: string;
}

export class Uplink {
  readonly #options: UplinkOptions;
  #birth: Birth | undefined;
  /** SHA-256 of a package that the node has started and not confirmed. */
  #trying: Uint8Array | undefined;
  #online: boolean | undefined;
  #count = 0;
  #progress = -1;
  /** Events that the outbox did not accept, because it is full. They have no acknowledgement and are tried again. */
  #stuck: (Upload & { accepted(): void })[] = [];
  /** The outbox did not accept the state. It is tried again, or a node that is offline could be shown as online for ever. */
  #stateDue = false;
  #cancelRetry: (() => void) | undefined;
  readonly #json: JsonTopics | undefined;

  constructor(options: UplinkOptions) {
    this.#options = options;
    const { node, settings, gatewayTopic } = options;
    const { ns, json } = settings;
    if (json !== undefined && gatewayTopic !== undefined) {
      const put: JsonOptions['put'] = (topic, payload, message) => this.#putJson(topic, payload, message);
      this.#json = new JsonTopics({ ns, node, gatewayTopic, discovery: json.discovery, put });
    }
  }

  get online(): boolean {
    return this.#online === true;
  }

  /** The filter of what Home Assistant discovers of this node; undefined without discovery. */
  get discovered(): string | undefined {
    return this.#json?.discovered;
  }

  /** Whether messages on this topic are copies in JSON, or what Home Assistant discovers. */
  isCopy(topic: string): boolean {
    return this.#json?.publishes(topic) ?? false;
  }

  /** The broker has a discovery message of this node. */
  found(topic: string): void {
    this.#json?.found(topic);
  }

  /** Publishes the node's state with its last birth. */
  state(online: boolean, birth: Birth | undefined): void {
    const { node, settings } = this.#options;
    const changed = this.#online !== online;
    this.#online = online;
    this.#birth = birth;
    this.#stateDue = !this.#putState(online);
    if (this.#stateDue) this.relieve();
    this.#json?.state(online, birth);
    if (changed) settings.onNode?.(node, online ? 'online' : 'offline');
  }

  /** Publishes the state again, if there was one, because the broker may have published the will. */
  stateAgain(): void {
    if (this.#online !== undefined) this.state(this.#online, this.#birth);
  }

  /** The will, which the broker publishes when this gateway dies. It has no birth: a connection's will can't change, a module can. */
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
    this.#json?.telemetry(frame);
  }

  /**
   * Returns a promise if the outbox is full, which resolves when it has accepted the event. An event that the outbox has
   * or had is accepted and not published again. `session`: of the node's link, which lasts as long as the memory in which
   * a node keeps what it sends again.
   */
  event(event: Event, session = 0): Promise<void> | undefined {
    // Its id contains the boot that produced it: the node may have restarted before it can be published.
    const id = this.#id('e', event.seq);
    const payload = encodeEvent(event);
    const upload = { id, event, payload, mark: `${id} ${session.toString(36)} ${crc32(payload).toString(36)}` };
    if (this.#options.outbox.knows(upload.mark)) return undefined;
    if (this.#stuck.length === 0 && this.#putEvent(upload)) {
      this.relieve();
      return undefined;
    }
    return new Promise((accepted) => {
      // A node that restarted its link sends it again.
      const waiting = this.#stuck.find(({ mark }) => mark === upload.mark);
      if (waiting === undefined) this.#stuck.push({ ...upload, accepted });
      else waiting.accepted = accepted;
      this.relieve();
    });
  }

  log(line: Log): void {
    const running = this.#trying ?? this.#birth?.module?.sha256 ?? null;
    this.#send(
      'log',
      encodeLog({ ...line, package: running }),
      this.#properties('log', this.#next(), { timeMs: line.tMs }),
    );
  }

  ota(status: OtaStatus): void {
    const { state, sha256 } = status;
    this.#trying = state === 'swapping' || state === 'trial' ? sha256 : undefined;
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

  /** The outbox may have space again: publish what is stuck first, then resume the link. */
  relieve(): void {
    const { outbox, settings, pause, resume } = this.#options;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    for (let first = this.#stuck[0]; first !== undefined && this.#putEvent(first); ) {
      first.accepted();
      this.#stuck.shift();
      first = this.#stuck[0];
    }
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

  #putEvent({ id, event, payload, mark }: Upload): boolean {
    const more = { subject: event.name, timeMs: event.tMs };
    const taken = this.#put('e', payload, this.#properties('event', id, more), { mark });
    if (!taken) return false;
    this.#json?.event(event);
    return true;
  }

  /** A copy in JSON. One that the outbox doesn't accept is dropped: what must not be lost is in the message in CBOR. */
  #putJson(topic: string, payload: Uint8Array, { kind, retain }: JsonMessage): void {
    const { settings, client } = this.#options;
    const telemetry = kind === 'telemetry';
    const properties = {
      ...this.#now(kind),
      contentType: JSON_TYPE,
      ...(telemetry && { expirySeconds: settings.telemetryExpirySeconds }),
    };
    const ignore = () => {};
    if (telemetry && settings.telemetryQos === 0) guard(() => client().send(topic, payload, { properties }), ignore);
    else this.#enqueue(topic, payload, { properties, retain, droppable: telemetry });
  }

  #id(kind: string, seq: number): string {
    return `${this.#birth?.boot ?? 0}-${kind}-${seq}`;
  }

  /** Returns an id for a message without a number. */
  #next(): string {
    return `${this.#options.run}-${this.#count++}`;
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
    more: { retain?: boolean; droppable?: boolean; mark?: string } = {},
  ): boolean {
    const { node, settings } = this.#options;
    return this.#enqueue(topicOf(settings.ns, node, channel), payload, { ...more, properties });
  }

  /** Returns false when the outbox did not accept it. */
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
      // The client counts them. A line for each would add nothing.
      () => {},
    );
  }
}
