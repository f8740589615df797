/**
 * A site as an edge node of Sparkplug B (Eclipse Sparkplug 3.0.0, chapters 5 and 6): births with aliases, data, deaths,
 * and rebirths. While the broker or the primary host is away, values wait and are published as historical ones.
 */
import { type Clock, isObject, MoteError } from '../../../base/index.ts';
import { MqttClient, type Received, type Will } from '../../../messaging/mqtt/index.ts';
import type { SparkplugConfig } from '../../config/index.ts';
import { readSparkplug } from '../../decode/index.ts';
import type { PointRun } from '../../model/index.ts';
import { birthOf, type Device, Metrics, outMetric } from './metrics.ts';
import { type OutMetric, writeSparkplug } from './payload.ts';

/** What an edge node needs of its site. */
export interface EdgeSeam {
  readonly config: SparkplugConfig;
  /** With user and password, unless they are in `credentials`. */
  readonly brokerUrl: string;
  readonly credentials: { readonly username?: string; readonly password?: string } | undefined;
  readonly clientId: string;
  readonly clock: Clock;
  /** The number of the last birth and death before this start, and what keeps it. */
  readonly bdSeq: number;
  keep(bdSeq: number): void;
  onProblem(error: MoteError): void;
}

export interface EdgeStatus {
  readonly group: string;
  readonly edge: string;
  readonly online: boolean;
  /** Null: it has no primary host. */
  readonly hostOnline: boolean | null;
  /** Whether its birth is in force. */
  readonly born: boolean;
  readonly devices: number;
  /** Since the start: messages, births of the edge node, and values for which there was no room. */
  readonly published: number;
  readonly births: number;
  readonly dropped: number;
  /** Values that wait for the broker or the primary host. */
  readonly waiting: number;
}

const REBIRTH = 'Node Control/Rebirth';
/** Metrics of a message of data. */
const MAX_METRICS = 500;
const MAX_STATE_BYTES = 1024;
const CLOSE_MS = 3000;

export class EdgeNode {
  readonly #seam: EdgeSeam;
  readonly #metrics = new Metrics();
  readonly #front: string;
  #client: MqttClient;
  #online = false;
  #born = false;
  #seq = 0;
  #bdSeq: number;
  /** A host has asked for the births. */
  #rebirth = false;
  #host: { online: boolean; timestamp: number } = { online: false, timestamp: -1 };
  #published = 0;
  #births = 0;
  #closed = false;
  #cancel: (() => void) | undefined;
  #restarting: Promise<void> = Promise.resolve();

  constructor(seam: EdgeSeam) {
    this.#seam = seam;
    this.#front = `spBv1.0/${seam.config.group}`;
    this.#bdSeq = seam.bdSeq;
    this.#client = this.#open();
    this.#later();
  }

  get status(): EdgeStatus {
    const { group, edge, host } = this.#seam.config;
    return {
      group,
      edge,
      online: this.#online,
      hostOnline: host === null ? null : this.#online && this.#host.online,
      born: this.#born,
      devices: this.#metrics.devices.size,
      published: this.#published,
      births: this.#births,
      dropped: this.#metrics.dropped,
      waiting: this.#metrics.waiting,
    };
  }

  take(runs: readonly PointRun[]): void {
    for (const run of runs) this.#metrics.take(run);
  }

  /** Of a device whose presence the site knows. */
  setOnline(deviceName: string, online: boolean): void {
    const device = this.#metrics.setAway(deviceName, !online);
    if (device !== null && this.#born) this.#publish('DDEATH', device, []);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#restarting;
    await this.#end();
  }

  #open(): MqttClient {
    const { config, brokerUrl, credentials, clientId, clock, onProblem } = this.#seam;
    const client = new MqttClient({
      url: brokerUrl,
      clientId,
      ...credentials,
      clock,
      cleanStart: 'always',
      // Each connection has a number of its own, which its birth and its death have in common.
      will: () => {
        this.#bdSeq = (this.#bdSeq + 1) % 256;
        this.#seam.keep(this.#bdSeq);
        return this.#death();
      },
      onOnline: () => {
        this.#online = true;
        // The retained state of the host comes with each subscription.
        this.#host.online = false;
        if (config.host === null) this.#bear();
      },
      onOffline: (error) => {
        if (this.#online) onProblem(new MoteError(error.code, `sparkplug: ${error.message}`, { cause: error }));
        this.#online = false;
        this.#unborn();
      },
    });
    const refused = (error: MoteError) => {
      if (!this.#closed && error.code !== 'MQTT_CLOSED') onProblem(error);
    };
    // The subscriptions stand before the birth, in the order in which the broker gets them.
    client
      .subscribe({ filter: `${this.#front}/NCMD/${config.edge}`, qos: 1 }, (message) => this.#command(message))
      .catch(refused);
    if (config.host !== null)
      client
        .subscribe({ filter: `spBv1.0/STATE/${config.host}`, qos: 1, refresh: true }, (message) => this.#state(message))
        .catch(refused);
    client.connect().catch(refused);
    return client;
  }

  #death(): Will {
    const { edge } = this.#seam.config;
    const payload = writeSparkplug(this.#nowMs(), [this.#bdSeqMetric()], null);
    return { topic: `${this.#front}/NDEATH/${edge}`, payload, qos: 1, retain: false, properties: {} };
  }

  #bdSeqMetric(): OutMetric {
    return { name: 'bdSeq', timestampMs: this.#nowMs(), type: 'int64', value: BigInt(this.#bdSeq) };
  }

  #nowMs(): number {
    return Math.floor(this.#seam.clock.utcMs());
  }

  #unborn(): void {
    this.#born = false;
    this.#metrics.unborn();
  }

  /** Births of the edge node and of its devices, then what waits. */
  #bear(): void {
    this.#unborn();
    this.#rebirth = false;
    this.#seq = 0;
    const timestampMs = this.#nowMs();
    const rebirth: OutMetric = { name: REBIRTH, timestampMs, type: 'boolean', value: false };
    if (!this.#publish('NBIRTH', null, [this.#bdSeqMetric(), rebirth])) return;
    this.#born = true;
    this.#births++;
    if (this.#bearDevices()) this.#release(true);
  }

  /** Returns false if one of them could not be published. */
  #bearDevices(): boolean {
    for (const device of this.#metrics.devices.values()) {
      if (device.born || device.away) continue;
      if (!this.#publish('DBIRTH', device, birthOf(device))) return false;
      device.born = true;
      // A birth has the values.
      device.changed.clear();
    }
    return true;
  }

  /** Returns false if the message did not go out; then its number is not used. */
  #publish(type: string, device: Device | null, metrics: readonly OutMetric[]): boolean {
    const { edge } = this.#seam.config;
    const topic = `${this.#front}/${type}/${edge}${device === null ? '' : `/${device.id}`}`;
    try {
      this.#client.send(topic, writeSparkplug(this.#nowMs(), metrics, this.#seq));
    } catch (error) {
      // Offline, or the network is too slow: what is not published waits.
      if (error instanceof MoteError && /^MQTT_(OFFLINE|CONGESTED|CLOSED)$/.test(error.code)) return false;
      throw error;
    }
    this.#seq = (this.#seq + 1) % 256;
    this.#published++;
    return true;
  }

  #later(): void {
    if (this.#closed) return;
    this.#cancel = this.#seam.clock.after(this.#seam.config.periodMs, () => {
      this.#flush();
      this.#later();
    });
  }

  /** Publishes what has changed, or keeps it. */
  #flush(): void {
    if (this.#rebirth || (!this.#born && this.#online && this.#mayBear())) this.#bear();
    if (!this.#born || !this.#bearDevices() || !this.#publishChanges()) this.#metrics.keep();
    else this.#release(false);
  }

  #release(born: boolean): void {
    this.#metrics.release(MAX_METRICS, born, (device, metrics) => this.#publish('DDATA', device, metrics));
  }

  /** Returns false if something of it must wait. */
  #publishChanges(): boolean {
    for (const device of this.#metrics.devices.values()) {
      if (device.away) continue;
      const changed = [...device.changed];
      for (let i = 0; i < changed.length; i += MAX_METRICS) {
        const part = changed.slice(i, i + MAX_METRICS);
        const metrics = part.map((metric) => outMetric(metric, metric.latest, false));
        if (!this.#publish('DDATA', device, metrics)) return false;
        for (const metric of part) device.changed.delete(metric);
      }
    }
    return true;
  }

  #mayBear(): boolean {
    return this.#seam.config.host === null || this.#host.online;
  }

  /** A command to the edge node: it knows that of a rebirth. */
  #command({ payload }: Received): void {
    try {
      const { metrics } = readSparkplug(payload);
      // With the next data, so that many commands cost no more than one.
      if (metrics.some(({ name, value }) => name === REBIRTH && value === true)) this.#rebirth = this.#born;
    } catch {
      this.#seam.onProblem(new MoteError('SPARKPLUG', 'A command to the edge node is no payload of Sparkplug B.'));
    }
  }

  /** The primary host goes and comes (section 5.10). */
  #state({ payload }: Received): void {
    const state = stateOf(payload);
    if (state === null) {
      this.#seam.onProblem(new MoteError('SPARKPLUG', 'The state of the primary host is not valid.'));
      return;
    }
    // A late death of an earlier connection of the host.
    if (state.timestamp < this.#host.timestamp) return;
    this.#host = state;
    if (state.online && !this.#born) this.#bear();
    if (!state.online && this.#born) this.#restart();
  }

  /** Ends the session with a death, and begins another one that waits for the host. */
  #restart(): void {
    this.#restarting = this.#end().then(() => {
      if (!this.#closed) this.#client = this.#open();
    });
  }

  /** Publishes the death, since a clean end takes back the will, and ends the connection. */
  async #end(): Promise<void> {
    const client = this.#client;
    const dies = this.#born && this.#online;
    this.#unborn();
    if (dies) {
      const { topic, payload, qos } = this.#death();
      client.publish(topic, payload, { qos: qos ?? 1 }).catch(() => {});
      await client.closeFlushed(CLOSE_MS);
    } else client.close();
    this.#online = false;
  }
}

function stateOf(payload: Uint8Array): { online: boolean; timestamp: number } | null {
  if (payload.length > MAX_STATE_BYTES) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    if (!isObject(value)) return null;
    const { online, timestamp } = value;
    return typeof online === 'boolean' && Number.isSafeInteger(timestamp)
      ? { online, timestamp: timestamp as number }
      : null;
  } catch {
    return null;
  }
}
