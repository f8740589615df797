/**
 * The one process of a site: broker or a connection to one, links of nodes, journal and stores, decoders, and the API.
 * A message is acknowledged to who sent it when it is in the journal: the embedded broker asks before it acknowledges,
 * and a client of another broker acknowledges afterwards.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual as isEqual } from 'node:util';
import { type Clock, type MoteError, readInput, systemClock } from '../../base/index.ts';
import { openBroker } from '../../messaging/broker/index.ts';
import {
  type AllowedNodes,
  type Credentials,
  type Gateway,
  parseAllowedNodes,
  sendCommand,
  serveGateway,
} from '../../messaging/gateway/index.ts';
import { MqttClient, matches } from '../../messaging/mqtt/index.ts';
import type { Message } from '../../messaging/queue/index.ts';
import { topicOf } from '../../messaging/topics/index.ts';
import { Assets } from '../assets/index.ts';
import { Camera } from '../bridges/camera/index.ts';
import { FileDrop } from '../bridges/files/index.ts';
import { type ModbusBridge, startModbus } from '../bridges/modbus/index.ts';
import { type OpcuaBridge, startOpcua } from '../bridges/opcua/index.ts';
import type { SiteConfig } from '../config/index.ts';
import { type Applied, type Ingest, readSetting, SiteStore, writeSetting } from '../store/index.ts';
import { Births } from '../things/index.ts';
import { SiteDecoders } from './decoders.ts';
import { type ApiServer, serveApi } from './http.ts';
import { HttpKeys } from './http-keys.ts';
import type { SiteLog } from './log.ts';
import { OpenSparkplug } from './sparkplug.ts';
import type { Served, SiteStatus } from './status.ts';
import { type OpenUns, openUns } from './uns.ts';

export interface SiteOptions {
  readonly log: SiteLog;
  /** Towards the broker; default: those of its address. */
  readonly credentials?: Credentials;
  readonly clock?: Clock;
}

const HOUR_MS = 3_600_000;
const CLIENT_ID = 'client-id';
const FILE = 'file-drop';
/** Settings that hold from the next start on. */
const NEED_RESTART = [
  'data',
  'namespace',
  'broker',
  'nodes',
  'http',
  'collect',
  'opcua',
  'modbus',
  'sparkplug',
  'sparkplugHost',
  'cameras',
  'files',
  'store',
  'uns',
  'log',
] as const;

export class Site implements Served {
  readonly store: SiteStore;
  readonly assets: Assets;
  readonly births: Births;
  readonly #log: SiteLog;
  readonly clock: Clock;
  readonly #followers = new Set<(applied: readonly Applied[]) => void>();
  readonly #online = new Map<string, boolean>();
  /** What is closed at the end, last opened first. */
  readonly #ends: (() => Promise<void>)[] = [];
  readonly decoders: SiteDecoders;
  readonly httpKeys: HttpKeys;
  #config: SiteConfig;
  #ingest!: Ingest;
  /** With the user and the password that the configuration may have in it; `#broker` is what is shown. */
  #brokerUrl = '';
  #broker = { url: '', embedded: false, online: false };
  /** Topics of packages for nodes, which are large: the broker and the gateway keep those. */
  readonly #packages: string;
  #unstorable = 0;
  #uns: OpenUns | undefined;
  #gateway: Gateway | undefined;
  #opcua: OpcuaBridge | undefined;
  #modbus: ModbusBridge | undefined;
  #sparkplug: OpenSparkplug | undefined;
  #cameras: Camera[] = [];
  #files: FileDrop | undefined;
  #api: ApiServer | undefined;
  /** Of the journal or the store, until a batch succeeds. */
  #failing: MoteError | undefined;
  #cancelMaintenance: (() => void) | undefined;

  private constructor(
    config: SiteConfig,
    { store, assets, births }: { store: SiteStore; assets: Assets; births: Births },
    decoders: SiteDecoders,
    { log, clock }: SiteOptions,
  ) {
    this.#config = config;
    this.#packages = topicOf(config.namespace, '+', 'desired');
    this.store = store;
    this.assets = assets;
    this.births = births;
    this.decoders = decoders;
    this.#log = log;
    this.clock = clock ?? systemClock;
    this.httpKeys = new HttpKeys(config.http, this.clock);
  }

  /** Resolves when the site serves. Throws what opening its stores, broker and ports throws. */
  static async start(config: SiteConfig, options: SiteOptions): Promise<Site> {
    const onProblem = (error: MoteError) => options.log.warn({ code: error.code }, error.message);
    const store = await SiteStore.open({ dir: config.data, ...config.store, onProblem });
    let site: Site | undefined;
    try {
      const decoders = await SiteDecoders.open(config, store, options);
      const assets = await Assets.open(store);
      const births = await Births.open(store.registry, config.namespace);
      site = new Site(config, { store, assets, births }, decoders, options);
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
  get namespace(): string {
    return this.#config.namespace;
  }
  get brokerUrl(): string {
    return this.#broker.url;
  }
  /** The TCP port of nodes; null if the site serves none. */
  get nodePort(): number | null {
    return this.#gateway?.port ?? null;
  }

  nowUs(): number {
    return this.clock.utcMs() * 1000;
  }

  follow(listener: (applied: readonly Applied[]) => void): () => void {
    this.#followers.add(listener);
    return () => this.#followers.delete(listener);
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
      http: this.httpKeys.counts,
      refused: this.decoders.counts(),
      uns: this.#uns?.namespace.stats ?? null,
      decodedAgain: this.decoders.decodedAgain,
      opcua: this.#opcua?.status ?? null,
      modbus: this.#modbus?.status ?? null,
      sparkplug: this.#sparkplug?.edge ?? null,
      sparkplugHost: this.#sparkplug?.host ?? null,
      cameras: this.#cameras.map(({ status }) => status),
      files: this.#files?.status ?? null,
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
    if (!isEqual(now.decoders, config.decoders)) await this.decoders.reload(config.decoders);
    this.#config = { ...now, exclude: config.exclude, decoders: config.decoders };
    this.#log.info({ decoders: config.decoders.length, restart: later }, 'the configuration was read again');
    return later;
  }

  /** Stops to take messages, writes what was acknowledged, and ends. */
  async close(): Promise<void> {
    this.decoders.close();
    this.#cancelMaintenance?.();
    for (const end of this.#ends.reverse()) await end();
    this.#ends.length = 0;
    if (this.#ingest !== undefined)
      await this.decoders.save().catch((error: Error) => this.#log.error({}, error.message));
    await this.births.close();
    await this.store.close();
    await this.decoders.ended;
  }

  async #open({ credentials }: SiteOptions): Promise<void> {
    const config = this.#config;
    const onProblem = (error: MoteError, node?: string) =>
      this.#log.warn({ code: error.code, ...(node !== undefined && { node }) }, error.message);
    this.#ingest = await this.store.ingest({
      decode: (message) => this.decoders.decode(message),
      clock: this.clock,
      onProblem: (error) => {
        this.#failing = error;
        onProblem(error);
      },
      onApplied: (applied) => {
        this.#failing = undefined;
        for (const listener of this.#followers) listener(applied);
        for (const { message, decoded } of applied)
          if (decoded === null) this.decoders.seeUndecoded(message);
          else this.#uns?.namespace.take(decoded);
        for (const { message } of applied) this.births.see(message);
        for (const one of applied) this.#sparkplug?.take(one);
      },
    });
    await this.#openBroker(credentials, onProblem);
    await this.#openSparkplug(credentials, onProblem);
    await this.#openNodes(credentials, onProblem);
    await this.#openUns(credentials, onProblem);
    await this.#openOpcua(credentials, onProblem);
    await this.#openModbus(onProblem);
    this.#openFiles(onProblem);
    this.#openCameras(onProblem);
    this.#api = await serveApi(this, config.http);
    this.#ends.push(() => this.#api!.close());
    this.#maintainLater();
    this.decoders.start(this.#ingest);
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
    this.#brokerUrl = broker.url;
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
    // What was retained is in the store since the session began.
    for (const filter of collect)
      await client.subscribe({ filter, qos: 1, retainHandling: 1 }, (message) => {
        // Of filters that have a topic in common, one takes the message.
        const first = collect.find((one) => matches(one, message.topic)) === filter;
        return first ? this.#take(message) : Promise.resolve();
      });
  }

  async #openNodes(credentials: Credentials | undefined, onProblem: (error: MoteError, node?: string) => void) {
    const { nodes, namespace, data } = this.#config;
    if (nodes === null) return;
    const { allow, listen, serial, insecure } = nodes;
    const allowed: AllowedNodes | undefined =
      allow === null ? undefined : parseAllowedNodes(readInput(allow, 'The list of nodes'), allow);
    const gateway = await serveGateway({
      broker: { url: this.#brokerUrl },
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
        this.#sparkplug?.setOnline(node, state === 'online');
      },
      onProblem,
    });
    this.#gateway = gateway;
    this.#ends.push(() => gateway.close());
  }

  async #openOpcua(credentials: Credentials | undefined, onProblem: (error: MoteError) => void): Promise<void> {
    const { opcua: config, data, namespace: ns } = this.#config;
    if (config.clients.length === 0 && config.server === null) return;
    const bridge = await startOpcua({
      config,
      data,
      clock: this.clock,
      store: this.store,
      assets: this.assets,
      births: this.births,
      follow: (listener) => this.follow(listener),
      send: (node, name, body) => sendCommand({ brokerUrl: this.#brokerUrl, ns, node, name, body, ...credentials }),
      take: (topic, payload) => this.#take({ topic, payload, properties: {} }, 'opcua'),
      onProblem,
      log: (fields, text) => this.#log.info(fields, text),
    });
    this.#opcua = bridge;
    this.#ends.push(() => bridge.close());
  }

  async #openModbus(onProblem: (error: MoteError) => void): Promise<void> {
    const { modbus: config } = this.#config;
    if (config.connections.length === 0) return;
    const bridge = await startModbus({
      config,
      clock: this.clock,
      take: (topic, payload) => this.#take({ topic, payload, properties: {} }, 'modbus'),
      onProblem,
      log: (fields, text) => this.#log.info(fields, text),
    });
    this.#modbus = bridge;
    this.#ends.push(() => bridge.close());
  }

  async #openSparkplug(credentials: Credentials | undefined, onProblem: (error: MoteError) => void): Promise<void> {
    const { sparkplug, sparkplugHost } = this.#config;
    if (sparkplug === null && sparkplugHost === null) return;
    const clientId = await this.#clientId();
    const { registry } = this.store;
    const site = { brokerUrl: this.#brokerUrl, clientId, credentials, clock: this.clock, registry, onProblem };
    const opened = await OpenSparkplug.open(this.#config, site);
    this.#sparkplug = opened;
    this.#ends.push(() => opened.close());
  }

  #openFiles(onProblem: (error: MoteError) => void): void {
    const { files } = this.#config;
    if (files === null) return;
    const { registry } = this.store;
    const drop = FileDrop.start(files.folder, {
      clock: this.clock,
      take: (message) => this.take('file', message),
      kept: () => readSetting(registry, FILE),
      keep: (value) => writeSetting(registry, FILE, value),
      onProblem,
      onFile: (file, messages) => this.#log.info({ file, messages }, `${file} is stored`),
    });
    this.#files = drop;
    this.#ends.push(() => drop.close());
  }

  #openCameras(onProblem: (error: MoteError) => void): void {
    const { cameras, data } = this.#config;
    this.#cameras = cameras.map(
      (camera) =>
        new Camera(camera, {
          folder: join(data, 'cameras'),
          clock: this.clock,
          take: (message) => this.take('camera', message),
          onProblem,
          log: (fields, text) => this.#log.info(fields, text),
        }),
    );
    this.#ends.push(async () => {
      await Promise.all(this.#cameras.map((camera) => camera.close()));
    });
  }

  async #openUns(credentials: Credentials | undefined, onProblem: (error: MoteError) => void): Promise<void> {
    const { uns } = this.#config;
    if (uns === null) return;
    const clientId = `${await this.#clientId()}-uns`;
    const opened = await openUns(uns, {
      brokerUrl: this.#brokerUrl,
      clientId,
      credentials,
      clock: this.clock,
      assets: this.assets,
      onProblem,
    });
    this.#uns = opened;
    this.#ends.push(() => opened.close());
  }

  take(source: string, { topic, payload, properties }: Pick<Message, 'topic' | 'payload' | 'properties'>) {
    const { exclude, uns, sparkplug: own } = this.#config;
    // Its own messages would come around for ever.
    if (uns !== null && matches(`${uns.prefix}/#`, topic)) return Promise.resolve();
    if (own !== null && matches(`spBv1.0/${own.group}/+/${own.edge}/#`, topic)) return Promise.resolve();
    if (matches(this.#packages, topic) || exclude.some((filter) => matches(filter, topic))) return Promise.resolve();
    return this.#ingest.append({ receivedUs: this.nowUs(), source, topic, properties, payload });
  }

  /** A message of a sender that repeats it until it is taken. */
  #take(message: Pick<Message, 'topic' | 'payload' | 'properties'>, source = 'mqtt'): Promise<void> {
    return this.take(source, message).catch((error: MoteError) => {
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
    this.#cancelMaintenance = this.clock.after(HOUR_MS, () => {
      const work = async () => {
        await this.decoders.save();
        await this.store.maintain(this.nowUs());
      };
      void work()
        .catch((error: Error) => this.#log.error({}, `What is old could not be removed: ${error.message}`))
        .then(() => this.#maintainLater());
    });
  }
}
