/**
 * One node at the gateway: its MQTT connection, its queue, and its messages in both directions. Each node has a connection, because a will
 * belongs to a connection: when the gateway dies, the broker reports every node as offline. So each node also has its own credentials,
 * access list, session and window.
 */

import { Budget, clip, guard, MoteError } from '../../base/index.ts';
import type { Birth, NodeMessage, ShimLink, ShimMessage } from '../../device/link/index.ts';
import { wantsHead } from '../../device/update/index.ts';
import type { DeadLetters } from '../dead-letters/index.ts';
import { type Message, MqttClient, type Received, type Subscription } from '../mqtt/index.ts';
import type { Outbox } from '../queue/index.ts';
import { type Channel, topicOf } from '../topics/index.ts';
import { encodeAnswer, parseConfig } from './commands.ts';
import { Desired, type TransferLink } from './desired.ts';
import { DesiredConfig } from './desired-config.ts';
import { PendingCommands } from './pending-commands.ts';
import type { ShimSettings } from './shim-options.ts';
import { Uplink } from './uplink.ts';

export interface BridgeOptions {
  node: string;
  settings: ShimSettings;
  outbox: Outbox;
  deadLetters: DeadLetters;
  /** Distinguishes the ids of this run of the gateway from those of other runs. */
  run: string;
  /** Where the gateway publishes as JSON whether it is there; undefined without JSON. */
  gatewayTopic: string | undefined;
}

/** How many messages of a node that can't be handled are reported and kept. */
const REPORTS = { burst: 50, everyUs: 1e6 };

function defect(cause: unknown): MoteError {
  const what = cause instanceof Error ? cause.message : String(cause);
  return new MoteError('DEFECT', `The gateway failed to handle a message, which is a defect in moteware: ${what}.`, {
    cause,
  });
}

export class NodeBridge {
  readonly node: string;
  readonly client: MqttClient;
  readonly #settings: ShimSettings;
  readonly #uplink: Uplink;
  readonly #desired: Desired;
  readonly #config: DesiredConfig;
  readonly #commands: PendingCommands;
  readonly #deadLetters: DeadLetters;
  /** Messages that can't be handled and are reported. The others are only counted: a flood of them costs little. */
  readonly #reports = new Budget(REPORTS);
  #link: ShimLink | undefined;
  #birth: Birth | undefined;
  /** The response topic of the configuration that was answered last. */
  #configAnswered: string | undefined;
  #cancelGrace: (() => void) | undefined;
  #stopped = false;

  constructor({ node, settings, outbox, deadLetters, run, gatewayTopic }: BridgeOptions) {
    this.node = node;
    this.#settings = settings;
    this.#deadLetters = deadLetters;
    this.#uplink = new Uplink({
      node,
      settings,
      outbox,
      run,
      gatewayTopic,
      client: () => this.client,
      pause: () => this.#link?.pause(),
      resume: () => this.#link?.resume(),
    });
    this.client = this.#connection(outbox);
    this.#desired = new Desired({
      clock: settings.clock,
      link: () => this.#transferLink(),
      onStatus: (status) => this.#uplink.ota(status),
    });
    this.#config = new DesiredConfig({
      clock: settings.clock,
      send: (values) => (this.#link && this.#birth ? this.#say({ type: 'config', values }) : undefined),
    });
    this.#commands = new PendingCommands({
      clock: settings.clock,
      firstId: settings.newSessionId() >>> 0,
      unable: (name) => this.#unable(name),
      send: (command) => this.#say(command),
      answer: (answer) => this.#uplink.answer(answer),
    });
    this.#listen('cmd', (message) => this.#commands.request(message));
    this.#listen('cfg', (message) => this.#configure(message));
    this.#listen('desired', (message) => this.#want(message));
    const { discovered } = this.#uplink;
    if (discovered !== undefined) {
      this.#subscribe({ filter: discovered, qos: 1, noLocal: true }, ({ topic, payload }) => {
        if (payload.length > 0) this.#uplink.found(topic);
      });
    }
    // With `retry` it rejects only when it is closed.
    this.client.connect().catch(() => {});
  }

  get online(): boolean {
    return this.#uplink.online;
  }

  get birth(): Birth | undefined {
    return this.#birth;
  }

  /** The node has sent a birth: the first on its link, or one after a swap. */
  born(birth: Birth, link: ShimLink): void {
    const fresh = this.#link !== link;
    this.#link = link;
    this.#birth = birth;
    this.#cancelGrace?.();
    this.#uplink.state(true, birth);
    this.#uplink.relieve();
    if (fresh) this.#config.send();
    this.#desired.born(birth, fresh);
  }

  /** The link is up again with the same node. */
  linkUp(): void {
    this.#cancelGrace?.();
    if (!this.online && this.#birth) this.#uplink.state(true, this.#birth);
    this.#desired.pump();
  }

  /** The link is down. `restarted`: the next node on it is unknown. */
  linkDown(link: ShimLink, restarted: boolean): void {
    if (this.#link !== link || this.#stopped) return;
    if (restarted) {
      // A paused line could not receive the node's birth.
      link.resume();
      this.#link = undefined;
      this.#desired.gone();
      this.#commands.fail('The node restarted.');
    }
    this.#cancelGrace?.();
    const { clock, graceSeconds } = this.#settings;
    this.#cancelGrace = clock.after(graceSeconds * 1000, () => this.absent());
  }

  /** The link can send again. */
  pump(): void {
    this.#config.pump();
    this.#desired.pump();
  }

  /** Returns a promise for a message that can't be kept yet. */
  message(message: Exclude<NodeMessage, { type: 'birth' | 'time?' }>): Promise<void> | undefined {
    if (message.type === 'event') return this.#uplink.event(message, this.#link?.peerSession);
    if (message.type === 'telemetry') this.#uplink.telemetry(message);
    else if (message.type === 'log') {
      this.#uplink.log(message);
      this.#config.log(message.text);
    } else if (message.type === 'result') this.#commands.answer(message.id, message.ok, message.reason?.text ?? '');
    else {
      if (!wantsHead(message)) this.#uplink.ota(message);
      this.#desired.status(message);
    }
    return undefined;
  }

  /** Publishes that the node is offline. */
  absent(): void {
    this.#uplink.state(false, this.#birth);
  }

  /** Publishes offline, waits until the broker has all messages or `timeoutMs` have passed, and ends. The rest stays on disk. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#stopped) return;
    this.absent();
    this.#stop();
    await this.client.closeFlushed(timeoutMs);
  }

  /** Ends like a killed process. */
  abort(): void {
    this.#stop();
    this.client.abort();
  }

  #stop(): void {
    this.#stopped = true;
    this.#cancelGrace?.();
    this.#config.stop();
    this.#uplink.stop();
    this.#desired.stop();
    this.#commands.stop();
  }

  #connection(outbox: Outbox): MqttClient {
    const { node } = this;
    const settings = this.#settings;
    return new MqttClient({
      ...settings.mqtt,
      ...settings.credentials?.(node),
      url: settings.brokerUrl,
      clientId: `${settings.clientPrefix}${node}`,
      cleanStart: false,
      sessionExpirySeconds: settings.sessionExpirySeconds,
      clock: settings.clock,
      outbox,
      will: () => this.#uplink.will(),
      onOnline: () => {
        if (this.client.stats.connects > 1) this.#uplink.stateAgain();
      },
      onOffline: (error, retryMs) => {
        if (retryMs !== undefined) settings.onProblem?.(error, node);
      },
      onRefused: (message, error) => this.#undeliverable(message, error),
      onDelayed: (error) => settings.onProblem?.(error, node),
      onLost: (_message, error) => {
        settings.onProblem?.(error, node);
        this.#uplink.relieve();
      },
      onAcknowledged: () => this.#uplink.relieve(),
      onFault: (cause, message) => void this.#refuse(message, defect(cause)),
    });
  }

  /** Keeps a message that the broker refused. Copies in JSON are only reported: the message in CBOR is the one that counts. */
  async #undeliverable(message: Message, error: MoteError): Promise<void> {
    if (this.#uplink.isCopy(message.topic)) return;
    await this.#deadLetters.keep(this.node, message, error, this.#settings.clock.utcMs());
  }

  #listen(channel: Channel, handler: (message: Received) => void): void {
    const filter = topicOf(this.#settings.ns, this.node, channel);
    const handle = (message: Received) => {
      guard(
        () => handler(message),
        (error) => void this.#refuse(message, error),
      );
    };
    this.#subscribe({ filter, qos: 1, refresh: channel !== 'cmd' }, handle);
  }

  #subscribe(subscription: Subscription, handler: (message: Received) => void): void {
    this.client.subscribe(subscription, handler).catch((error: MoteError) => {
      if (!this.#stopped) this.#settings.onProblem?.(error, this.node);
    });
  }

  /**
   * Keeps a message that can't be handled, and reports it, also in the node's log, where its sender looks. Returns
   * false for one that is only counted, because there were too many.
   */
  #refuse(message: Received, error: MoteError): boolean {
    const { clock, onProblem } = this.#settings;
    if (!this.#reports.take(clock.nowUs())) {
      this.#deadLetters.skip();
      return false;
    }
    guard(
      () => this.#deadLetters.put(this.node, message, error, clock.utcMs()),
      (failure) => onProblem?.(failure, this.node),
    );
    onProblem?.(error, this.node);
    const text = clip(error.message, 256);
    this.#uplink.log({ type: 'log', level: 'warn', tMs: this.#settings.nodeClock.utcMs(), text });
    return true;
  }

  #unable(name: string): string | undefined {
    if (!this.#link?.up || this.#birth === undefined) return 'The node is away.';
    return this.#birth.commands.includes(name) ? undefined : `The node has no command ${JSON.stringify(name)}.`;
  }

  #configure(message: Received): void {
    this.#config.set(parseConfig(message));
    const { properties } = message;
    // The retained message comes again at each connection, when nobody waits for an answer.
    if (properties.responseTopic === undefined || properties.responseTopic === this.#configAnswered) return;
    this.#configAnswered = properties.responseTopic;
    const away = !this.#link?.up || this.#config.due;
    const text = away ? 'The node is away; it receives the configuration when it connects.' : '';
    const encoded = encodeAnswer({ id: null, name: 'cfg', ok: !away, text }, message.payload[0] === 0x7b);
    this.#uplink.answer({ name: 'cfg', ...encoded, request: properties });
  }

  /** Returns false when the link is full. Reports a message that is too long for the node and does not try it again. */
  #say(message: ShimMessage): boolean {
    let taken = true;
    guard(
      () => {
        taken = this.#link?.send(message) ?? false;
      },
      (error) => this.#settings.onProblem?.(error, this.node),
    );
    return taken;
  }

  #transferLink(): TransferLink | undefined {
    const link = this.#link;
    if (!link?.up) return undefined;
    return {
      get up() {
        return link.up;
      },
      get room() {
        return link.room;
      },
      get peerMaxBytes() {
        return link.peerMaxBytes;
      },
      send: (message) => this.#say(message),
    };
  }

  #want(message: Received): void {
    guard(
      () => this.#desired.set(message.payload),
      (error) => {
        const reason = { code: error.code, text: clip(error.message, 256) };
        const verdict = this.#desired.refused(message.payload, reason);
        if (this.#refuse(message, error)) this.#uplink.ota(verdict);
      },
    );
  }
}
