/**
 * One connection to a server: its variables are subscribed, and what they report becomes messages with the topic
 * `opcua/NAME`. node-opcua keeps the subscription over short breaks, and the server queues what comes meanwhile. After
 * a longer break, or if the server has forgotten it, the connection begins anew.
 */
import type { ClientMonitoredItemBase, ClientSession, DataValue } from 'node-opcua-client';
import { type Clock, MoteError, systemClock } from '../../../base/index.ts';
import type { OpcuaClientConfig } from '../../config/index.ts';
import { type Identity, pruneRejected } from './certificates.ts';
import { type Connection, connect, connectError } from './connect.ts';
import { loadClient } from './library.ts';
import { withIndex } from './node-ids.ts';
import { type SentValue, sentValue } from './values.ts';

/** What a connection needs of its site. */
export interface SourceSeam {
  /** The folder of the site's data. */
  readonly data: string;
  readonly clock?: Clock;
  /** Resolves when the message is durable. */
  take(topic: string, payload: Uint8Array): Promise<void>;
  onProblem(error: MoteError): void;
  onOnline?(connection: string): void;
}

export interface SourceStatus {
  readonly name: string;
  readonly url: string;
  readonly online: boolean;
  /** Values since the start, and those that were dropped because the site could not store them. */
  readonly values: number;
  readonly dropped: number;
}

/** Values of one message, as many as a decoder takes series of one. */
const MAX_MESSAGE_VALUES = 1000;
/** Values that wait for the journal. */
const MAX_WAITING = 200_000;
const RETRY_MS = { first: 1000, last: 30_000 };
const ITEMS_OF_A_CALL = 500;
/** Time for a lost connection to come back with its subscription; then the site begins anew. */
const BREAK_MS = 20_000;
const KEEP_ALIVE_MS = 10_000;
const LIFETIME_MS = 10 * 60_000;

export class OpcuaSource {
  readonly #config: OpcuaClientConfig;
  readonly #identity: Identity;
  readonly #seam: SourceSeam;
  readonly #clock: Clock;
  readonly #waiting: SentValue[] = [];
  /** The last value of each node, so that a new subscription doesn't repeat it. */
  readonly #last = new Map<string, string>();
  #connection: Connection | undefined;
  #online = false;
  #values = 0;
  #dropped = 0;
  #sending: Promise<void> | undefined;
  #closed = false;
  #retryMs = RETRY_MS.first;
  #wake: (() => void) | undefined;
  #problem = '';
  readonly #run: Promise<void>;

  constructor(config: OpcuaClientConfig, identity: Identity, seam: SourceSeam) {
    this.#config = config;
    this.#identity = identity;
    this.#seam = seam;
    this.#clock = seam.clock ?? systemClock;
    this.#run = this.#loop();
  }

  get status(): SourceStatus {
    const { name, url } = this.#config;
    return { name, url, online: this.#online, values: this.#values, dropped: this.#dropped };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#run;
    await this.#sending;
  }

  async #loop(): Promise<void> {
    while (!this.#closed) {
      try {
        const connection = await connect(this.#config, this.#identity);
        this.#connection = connection;
        const { ended } = await this.#subscribe(connection);
        this.#retryMs = RETRY_MS.first;
        this.#setOnline(true);
        await Promise.race([ended, this.#paused()]);
      } catch (cause) {
        this.#report(cause instanceof MoteError ? cause : connectError(this.#config.url, cause as Error));
        pruneRejected(this.#seam.data);
      }
      this.#setOnline(false);
      await this.#connection?.close();
      this.#connection = undefined;
      if (!this.#closed) await this.#paused(this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.last);
    }
  }

  /** Resolves after the time, or never without one; at once when the connection is closed. */
  #paused(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = ms === undefined ? () => {} : this.#clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
      if (this.#closed) this.#wake();
    });
  }

  /** Resolves when all is subscribed, with a promise that resolves when the server has ended it for good. */
  async #subscribe({ client, session }: Connection): Promise<{ ended: Promise<void> }> {
    const { TimestampsToReturn, AttributeIds, DataType } = await loadClient();
    const { publishMs, sampleMs, queue, variables } = this.#config;
    const subscription = await session.createSubscription2({
      requestedPublishingInterval: publishMs,
      requestedMaxKeepAliveCount: Math.max(1, Math.ceil(KEEP_ALIVE_MS / publishMs)),
      requestedLifetimeCount: Math.ceil(LIFETIME_MS / publishMs),
      maxNotificationsPerPublish: MAX_MESSAGE_VALUES,
      publishingEnabled: true,
      priority: 10,
    });
    const ended = new Promise<void>((resolve) => {
      subscription.on('terminated', resolve);
      session.on('session_closed', () => resolve());
      client.on('close', () => resolve());
      let cancel = () => {};
      client.on('connection_lost', () => {
        this.#setOnline(false);
        cancel();
        cancel = this.#clock.after(BREAK_MS, resolve);
      });
      client.on('connection_reestablished', () => {
        cancel();
        this.#setOnline(true);
      });
    });
    const nodes = await this.#nodes(session);
    const names = DataType as unknown as Record<number, string>;
    for (let i = 0; i < nodes.length; i += ITEMS_OF_A_CALL) {
      const batch = nodes.slice(i, i + ITEMS_OF_A_CALL);
      const items = batch.map(({ id }) => ({ nodeId: id, attributeId: AttributeIds.Value }));
      const parameters = { samplingInterval: sampleMs, queueSize: queue, discardOldest: true };
      const group = await subscription.monitorItems(items, parameters, TimestampsToReturn.Both);
      group.on('changed', (_item: ClientMonitoredItemBase, value: DataValue, index: number) =>
        this.#add(sentValue(batch[index]!.node, value, names)),
      );
      for (const [j, item] of group.monitoredItems.entries())
        if (item.statusCode?.isNotGood()) this.#refused(batch[j]!.node, item.statusCode.toString());
    }
    if (variables.length > 0 && nodes.length === 0)
      throw new MoteError('OPCUA_CONFIG', `${this.#config.url} has none of the namespaces of the mapping.`);
    return { ended };
  }

  /** Node ids with the indices that the server's namespaces have now. */
  async #nodes(session: ClientSession): Promise<{ node: string; id: string }[]> {
    const namespaces = await session.readNamespaceArray();
    return this.#config.variables.flatMap(({ node }) => {
      const id = withIndex(node, namespaces);
      if (id === undefined) this.#refused(node, 'its namespace is unknown');
      return id === undefined ? [] : [{ node, id }];
    });
  }

  #refused(node: string, why: string): void {
    const { name, url } = this.#config;
    this.#seam.onProblem(new MoteError('OPCUA_CONFIG', `opcua ${name}: ${url} doesn't report ${node}: ${why}.`));
  }

  #add(value: SentValue): void {
    const key = JSON.stringify([value.time, value.status, value.value]);
    if (value.time !== undefined && this.#last.get(value.node) === key) return;
    this.#last.set(value.node, key);
    this.#values++;
    this.#waiting.push(value);
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.splice(0, MAX_MESSAGE_VALUES);
      this.#dropped += MAX_MESSAGE_VALUES;
    }
    // What comes in one message of the server is one message of the site.
    this.#sending ??= new Promise<void>(setImmediate).then(() => this.#send());
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const values = this.#waiting.splice(0, MAX_MESSAGE_VALUES);
      try {
        await this.#seam.take(`opcua/${this.#config.name}`, Buffer.from(JSON.stringify({ values })));
      } catch (error) {
        this.#report(error as MoteError);
        this.#waiting.unshift(...values);
        if (this.#closed) break;
        await new Promise<void>((resolve) => this.#clock.after(RETRY_MS.first, resolve));
      }
    }
    this.#sending = undefined;
  }

  #setOnline(online: boolean): void {
    if (online === this.#online) return;
    this.#online = online;
    if (online) {
      this.#problem = '';
      this.#seam.onOnline?.(this.#config.name);
    } else if (!this.#closed)
      this.#report(new MoteError('OPCUA_CONNECT', `${this.#config.url}: the connection is lost; the site reconnects.`));
  }

  /** A problem that lasts is reported once. */
  #report(error: MoteError): void {
    if (error.message === this.#problem) return;
    this.#problem = error.message;
    this.#seam.onProblem(new MoteError(error.code, `opcua ${this.#config.name}: ${error.message}`, { cause: error }));
  }
}
