/**
 * The one process of a site: broker or a connection to one, links of nodes, journal and stores, decoders, and the API.
 * A message is acknowledged to who sent it when it is in the journal: the embedded broker asks before it acknowledges,
 * and a client of another broker acknowledges afterwards.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual as isEqual } from 'node:util';
import { type Clock, MoteError, readInput, systemClock } from '../../base/index.ts';
import { openBroker } from '../../messaging/broker/index.ts';
import {
  type AllowedNodes,
  type Credentials,
  type Gateway,
  parseAllowedNodes,
  serveGateway,
} from '../../messaging/gateway/index.ts';
import { MqttClient, matches } from '../../messaging/mqtt/index.ts';
import type { Message } from '../../messaging/queue/index.ts';
import { topicOf } from '../../messaging/topics/index.ts';
import { Assets } from '../assets/index.ts';
import type { SiteConfig } from '../config/index.ts';
import type { RawMessage } from '../model/index.ts';
import { type Ingest, SiteStore } from '../store/index.ts';
import { changedFronts, Decoding, type DecodingPlan, type SavedStates } from './decoding.ts';
import { type ApiServer, serveApi } from './http.ts';
import { readSetting, writeSetting } from './settings.ts';
import type { SiteStatus } from './status.ts';

/** As pino has it. */
export type SiteLog = Record<'error' | 'warn' | 'info' | 'debug', (fields: object, text: string) => void>;

export interface SiteOptions {
  readonly log: SiteLog;
  /** Towards the broker; default: those of its address. */
  readonly credentials?: Credentials;
  readonly clock?: Clock;
}

const HOUR_MS = 3_600_000;
const STATES = 'decoder-states';
const PLAN = 'decoded-with';
const CLIENT_ID = 'client-id';
/** Settings that hold from the next start on. */
const NEED_RESTART = ['data', 'namespace', 'broker', 'nodes', 'http', 'collect', 'store', 'log'] as const;

export class Site {
  readonly store: SiteStore;
  readonly assets: Assets;
  readonly #log: SiteLog;
  readonly #clock: Clock;
  readonly #online = new Map<string, boolean>();
  /** What is closed at the end, last opened first. */
  readonly #ends: (() => Promise<void>)[] = [];
  #config: SiteConfig;
  #decoding: Decoding;
  #ingest!: Ingest;
  #broker = { url: '', embedded: false, online: false };
  /** Topics of packages for nodes, which are large: the broker and the gateway keep those. */
  readonly #packages: string;
  #unstorable = 0;
  #gateway: Gateway | undefined;
  #api: ApiServer | undefined;
  /** Of the journal or the store, until a batch succeeds. */
  #failing: MoteError | undefined;
  #cancelMaintenance: (() => void) | undefined;
  /** Earlier messages that are decoded again since the start. */
  #again: Promise<void> = Promise.resolve();
  #closing = false;

  private constructor(
    config: SiteConfig,
    { store, assets }: { store: SiteStore; assets: Assets },
    decoding: Decoding,
    { log, clock }: SiteOptions,
  ) {
    this.#config = config;
    this.#packages = topicOf(config.namespace, '+', 'desired');
    this.store = store;
    this.assets = assets;
    this.#decoding = decoding;
    this.#log = log;
    this.#clock = clock ?? systemClock;
  }

  /** Resolves when the site serves. Throws what opening its stores, broker and ports throws. */
  static async start(config: SiteConfig, options: SiteOptions): Promise<Site> {
    const onProblem = (error: MoteError) => options.log.warn({ code: error.code }, error.message);
    const store = await SiteStore.open({ dir: config.data, ...config.store, onProblem });
    let site: Site | undefined;
    try {
      const decoding = await resumed(config, store);
      const assets = await Assets.open(store);
      site = new Site(config, { store, assets }, decoding, options);
      await site.#open(options);
      return site;
    } catch (error) {
      await (site?.close() ?? store.close());
      throw error;
    }
  }

  get apiUrl(): string {
    return this.#api!.url;
  }
  get brokerUrl(): string {
    return this.#broker.url;
  }
  /** The TCP port of nodes; null if the site serves none. */
  get nodePort(): number | null {
    return this.#gateway?.port ?? null;
  }

  nowUs(): number {
    return this.#clock.utcMs() * 1000;
  }

  status(): SiteStatus {
    const problems = [
      ...(this.#broker.online ? [] : [`The broker ${this.#broker.url} can't be reached.`]),
      ...(this.#failing === undefined ? [] : [this.#failing.message]),
    ];
    return {
      ready: problems.length === 0,
      problems,
      broker: this.#broker,
      nodes: { online: [...this.#online.values()].filter(Boolean).length, known: this.#online.size },
      ingest: this.#ingest.stats,
      unstorable: this.#unstorable,
      refused: this.#decoding.counts(),
    };
  }

  /**
   * Takes another configuration while the site runs. Returns the settings that differ and need a restart; the others
   * hold from the next message on, and decoders for the messages that came before, too. Throws `DECODER`; then nothing
   * has changed.
   */
  async reload(config: SiteConfig): Promise<string[]> {
    const now = this.#config;
    const later = NEED_RESTART.filter((name) => !isEqual(now[name], config[name]));
    if (isEqual(now.decoders, config.decoders)) this.#config = { ...now, exclude: config.exclude };
    else await this.#change(config);
    this.#log.info({ decoders: config.decoders.length, restart: later }, 'the configuration was read again');
    return later;
  }

  /** Takes other decoders, with the states that all messages until now leave, and decodes earlier messages again. */
  async #change({ decoders, exclude }: SiteConfig): Promise<void> {
    const decoding = new Decoding(this.#config.namespace, decoders);
    const folded = await foldRaw(decoding, this.store, 1);
    await this.store.still(async () => {
      await foldRaw(decoding, this.store, folded + 1);
      this.#decoding = decoding;
      this.#config = { ...this.#config, decoders, exclude };
    });
    // Behind what decodes since the start.
    await this.#again;
    await this.#decodeAgain();
  }

  /** Stops to take messages, writes what was acknowledged, and ends. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#cancelMaintenance?.();
    for (const end of this.#ends.reverse()) await end();
    this.#ends.length = 0;
    if (this.#ingest !== undefined) await this.#save().catch((error: Error) => this.#log.error({}, error.message));
    await this.store.close();
    await this.#again;
  }

  async #open({ credentials }: SiteOptions): Promise<void> {
    const config = this.#config;
    const onProblem = (error: MoteError, node?: string) =>
      this.#log.warn({ code: error.code, ...(node !== undefined && { node }) }, error.message);
    this.#ingest = await this.store.ingest({
      decode: (message) => this.#decoding.decode(message),
      clock: this.#clock,
      onProblem: (error) => {
        this.#failing = error;
        onProblem(error);
      },
      onApplied: () => {
        this.#failing = undefined;
      },
    });
    await this.#openBroker(credentials, onProblem);
    await this.#openNodes(credentials, onProblem);
    this.#api = await serveApi(this, config.http);
    this.#ends.push(() => this.#api!.close());
    this.#maintainLater();
    // The configuration may have changed while the site was away, or a crash ended this before.
    this.#again = this.#decodeAgain().catch((error: Error) => {
      if (!this.#closing) this.#log.error({}, `Earlier messages could not be decoded again: ${error.message}`);
    });
  }

  /** Replaces the points of earlier messages whose decoder has changed. After a crash it begins again. */
  async #decodeAgain(): Promise<void> {
    const { registry } = this.store;
    const plan = this.#decoding.plan();
    const before = JSON.parse((await readSetting(registry, PLAN)) ?? '{}') as DecodingPlan;
    let count = 0;
    for (const topicPrefix of changedFronts(before, plan)) {
      const { namespace, decoders } = this.#config;
      count += await this.#ingest.redecode({ topicPrefix }, new Decoding(namespace, decoders).decode);
    }
    await writeSetting(registry, PLAN, JSON.stringify(plan));
    if (count > 0) this.#log.info({ messages: count }, `${count} earlier messages were decoded again`);
  }

  async #openBroker(credentials: Credentials | undefined, onProblem: (error: MoteError) => void): Promise<void> {
    const { broker: choice, collect, data } = this.#config;
    const broker = await openBroker(choice, {
      dataDir: join(data, 'retained'),
      onProblem,
      collect: (message) =>
        collect.some((filter) => matches(filter, message.topic)) ? this.#take(message) : Promise.resolve(),
    });
    this.#ends.push(() => broker.close());
    const url = new URL(broker.url);
    url.username = '';
    url.password = '';
    this.#broker = { url: url.href.replace(/\/$/, ''), embedded: broker.embedded, online: broker.embedded };
    if (broker.embedded) return;
    const client = new MqttClient({
      url: broker.url,
      clientId: await this.#clientId(),
      ...credentials,
      // The broker keeps what comes while the site is away.
      cleanStart: false,
      sessionExpirySeconds: 86_400,
      receiveMaximum: 1000,
      onOnline: () => {
        this.#broker.online = true;
      },
      onOffline: (error) => {
        if (this.#broker.online) onProblem(error);
        this.#broker.online = false;
      },
    });
    this.#ends.push(async () => client.close());
    await client.connect({ retry: false });
    for (const filter of collect)
      await client.subscribe({ filter, qos: 1 }, (message) => {
        // Of filters that have a topic in common, one takes the message.
        const first = collect.find((one) => matches(one, message.topic)) === filter;
        return first ? this.#take(message) : Promise.resolve();
      });
  }

  async #openNodes(credentials: Credentials | undefined, onProblem: (error: MoteError, node?: string) => void) {
    const { nodes, namespace, broker, data } = this.#config;
    if (nodes === null) return;
    const { allow, listen, serial, insecure } = nodes;
    const allowed: AllowedNodes | undefined =
      allow === null ? undefined : parseAllowedNodes(readInput(allow, 'The list of nodes'), allow);
    const gateway = await serveGateway({
      broker: { url: this.#broker.embedded ? this.#broker.url : (broker as { url: string }).url },
      listen,
      serial,
      insecure,
      ns: namespace,
      dataDir: join(data, 'gateway'),
      ...(allowed !== undefined && { allowed }),
      ...(credentials !== undefined && { credentials }),
      onNode: (node, state) => {
        if (this.#online.get(node) !== (state === 'online')) this.#log.info({ node, state }, `${node} is ${state}`);
        this.#online.set(node, state === 'online');
      },
      onProblem,
    });
    this.#gateway = gateway;
    this.#ends.push(() => gateway.close());
  }

  /** Resolves when the message is durable, or is one that isn't kept. */
  #take({ topic, payload, properties }: Message): Promise<void> {
    const { exclude } = this.#config;
    if (matches(this.#packages, topic) || exclude.some((filter) => matches(filter, topic))) return Promise.resolve();
    const receivedUs = this.nowUs();
    return this.#ingest.append({ receivedUs, source: 'mqtt', topic, properties, payload }).catch((error: MoteError) => {
      // Nobody can store it, so nobody should send it again.
      if (error.code !== 'STORE_MESSAGE') throw error;
      this.#unstorable++;
    });
  }

  /** Random, and the same at each start, so that the broker knows the session. */
  async #clientId(): Promise<string> {
    const { registry } = this.store;
    const kept = await readSetting(registry, CLIENT_ID);
    if (kept !== undefined) return kept;
    const id = `mote-site-${randomBytes(6).toString('hex')}`;
    await writeSetting(registry, CLIENT_ID, id);
    return id;
  }

  #maintainLater(): void {
    this.#cancelMaintenance = this.#clock.after(HOUR_MS, () => {
      const work = async () => {
        await this.#save();
        await this.store.maintain(this.nowUs());
      };
      void work()
        .catch((error: Error) => this.#log.error({}, `What is old could not be removed: ${error.message}`))
        .then(() => this.#maintainLater());
    });
  }

  /** Keeps the states of the decoders with the position that they belong to. */
  async #save(): Promise<void> {
    const saved = await this.store.still(async () => ({
      position: await this.store.telemetry.position(),
      states: this.#decoding.states(),
    }));
    await writeSetting(this.store.registry, STATES, JSON.stringify(saved));
  }
}

/** The decoders with their states as of the store's position: those that were kept, and what came since. */
async function resumed(config: SiteConfig, store: SiteStore): Promise<Decoding> {
  const text = await readSetting(store.registry, STATES);
  const saved: { position: number; states: SavedStates } =
    text === undefined ? { position: 0, states: {} } : JSON.parse(text);
  const decoding = new Decoding(config.namespace, config.decoders, saved.states);
  // Without a state of a decoder, for instance because it is new, its messages are read from the first one on.
  await foldRaw(decoding, store, decoding.knows(saved.states) ? saved.position + 1 : 1);
  return decoding;
}

/** Folds the stored messages from `firstId` on, for the states that they leave. Returns the number of the last one. */
async function foldRaw(decoding: Decoding, store: SiteStore, firstId: number): Promise<number> {
  const lastId = await store.telemetry.position();
  for await (const messages of store.archive.read({ firstId, lastId }))
    for (const message of messages) fold(decoding, message);
  return lastId;
}

function fold(decoding: Decoding, message: RawMessage): void {
  try {
    decoding.decode(message);
  } catch (error) {
    if (!(error instanceof MoteError)) throw error;
  }
}
