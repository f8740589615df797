/**
 * Republishes what devices report under the path of the asset at which they are: of each series the latest value, at
 * most once a second, and each event. Whoever subscribes needs to know the plant, and no device. Topics and payloads:
 * docs/assets.md.
 */
import { type Clock, formatDecimal } from '../../base/index.ts';
import type { MessageProperties } from '../../messaging/mqtt/index.ts';
import { type DecodedEvent, formatTime, type PointRun } from '../model/index.ts';

/** Publishes with QoS 1 and retained; resolves when the broker has the message, rejects if it refuses it. */
export type Publish = (topic: string, payload: Uint8Array, properties: MessageProperties) => Promise<void>;

export interface UnsOptions {
  /** The front of its topics, without a `/` at its end. */
  readonly prefix: string;
  readonly expirySeconds: number;
  readonly clock: Clock;
  readonly publish: Publish;
  /** Where a device was at a time in UTC microseconds; null: nowhere. */
  assetOf(device: string, timeUs: number): string | null;
}

export interface UnsStats {
  readonly published: number;
  /** Events that newer ones displaced while the broker was away, values of too many series, and what it refused. */
  readonly dropped: number;
}

interface Latest {
  timeUs: number;
  /** Undefined: it was published, or is no more at an asset. */
  payload: Uint8Array | undefined;
  topic: string | null;
  /** Where a value is retained. */
  retainedAt: string | null;
}

const PERIOD_MS = 1000;
const MAX_SERIES = 200_000;
const MAX_EVENTS = 10_000;
/** Messages that the broker hasn't acknowledged. */
const IN_FLIGHT = 64;
const MAX_TOPIC_BYTES = 65_535;

/** A name of a series or an event in a topic: what a topic can't carry is written as in an address (RFC 3986). */
const nameInTopic = (name: string) =>
  name.replace(/[%+#]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

export class UnifiedNamespace {
  readonly #options: UnsOptions;
  /** By device and name. */
  readonly #series = new Map<string, Latest>();
  /** Series of which something is to be published. */
  readonly #changed = new Set<Latest>();
  #events: { topic: string; payload: Uint8Array }[] = [];
  #published = 0;
  #dropped = 0;
  #running = false;
  #closed = false;
  #endedMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(options: UnsOptions) {
    this.#options = options;
  }

  get stats(): UnsStats {
    return { published: this.#published, dropped: this.#dropped };
  }

  take({ runs, events }: { readonly runs: readonly PointRun[]; readonly events: readonly DecodedEvent[] }): void {
    for (const run of runs) this.#takeRun(run);
    for (const event of events) this.#takeEvent(event);
    this.#later();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #topic(device: string, name: string, timeUs: number): string | null {
    const asset = this.#options.assetOf(device, timeUs);
    if (asset === null) return null;
    const topic = `${this.#options.prefix}/${asset}/${nameInTopic(name)}`;
    return Buffer.byteLength(topic) > MAX_TOPIC_BYTES ? null : topic;
  }

  #takeRun({ device, name, unit, exponent, quality, timesUs, values }: PointRun): void {
    const id = `${device}\0${name}`;
    const known = this.#series.get(id);
    if (known === undefined && this.#series.size >= MAX_SERIES) {
      this.#dropped++;
      return;
    }
    const latest = known ?? { timeUs: Number.NEGATIVE_INFINITY, payload: undefined, topic: null, retainedAt: null };
    let at = -1;
    for (const [i, time] of timesUs.entries())
      if (time >= latest.timeUs) {
        latest.timeUs = time;
        at = i;
      }
    if (at < 0) return;
    this.#series.set(id, latest);
    latest.topic = this.#topic(device, name, latest.timeUs);
    const value = formatDecimal(BigInt(values[at]!), exponent);
    const rest = JSON.stringify({ unit, time: formatTime(latest.timeUs), quality, device });
    // All digits: JSON has no limit to them, and the value of a float has.
    latest.payload = latest.topic === null ? undefined : Buffer.from(`{"value":${value},${rest.slice(1)}`);
    if (latest.payload !== undefined || latest.retainedAt !== null) this.#changed.add(latest);
  }

  #takeEvent({ device, name, timeUs, id, body }: DecodedEvent): void {
    const topic = this.#topic(device, name, timeUs);
    if (topic === null) return;
    const payload = Buffer.from(JSON.stringify({ event: body, time: formatTime(timeUs), id, device }));
    this.#events.push({ topic, payload });
    if (this.#events.length <= MAX_EVENTS) return;
    this.#events.shift();
    this.#dropped++;
  }

  #later(): void {
    const nothing = this.#changed.size === 0 && this.#events.length === 0;
    if (nothing || this.#running || this.#closed || this.#cancel !== undefined) return;
    const { clock } = this.#options;
    const sinceMs = clock.nowUs() / 1000 - this.#endedMs;
    this.#cancel = clock.after(Math.max(0, PERIOD_MS - sinceMs), () => {
      this.#cancel = undefined;
      this.#running = true;
      void this.#flush().then(() => {
        this.#running = false;
        this.#endedMs = clock.nowUs() / 1000;
        this.#later();
      });
    });
  }

  /** Publishes what is due now. While the broker is away, later values replace those that are due. */
  async #flush(): Promise<void> {
    const due = [...this.#changed];
    this.#changed.clear();
    const messages = this.#messages(due);
    const lanes = Array.from({ length: IN_FLIGHT }, async () => {
      for (const { topic, payload } of messages) {
        if (this.#closed) return;
        await this.#send(topic, payload);
      }
    });
    await Promise.all(lanes);
  }

  /** Made when they are sent, so that a series has its latest value then. All lanes share it. */
  *#messages(due: readonly Latest[]): Generator<{ topic: string; payload: Uint8Array }> {
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) yield event;
    for (const latest of due) {
      const { topic, payload, retainedAt } = latest;
      // The device has moved: its value is no longer at the place from before.
      if (retainedAt !== null && retainedAt !== topic) yield { topic: retainedAt, payload: new Uint8Array() };
      latest.retainedAt = topic;
      if (topic === null || payload === undefined) continue;
      latest.payload = undefined;
      this.#changed.delete(latest);
      yield { topic, payload };
    }
  }

  async #send(topic: string, payload: Uint8Array): Promise<void> {
    const { publish, expirySeconds } = this.#options;
    const described = { contentType: 'application/json', utf8: true };
    try {
      await publish(topic, payload, { expirySeconds, ...(payload.length > 0 && described) });
      this.#published++;
    } catch {
      // Refused for good, or the connection has ended with the site.
      this.#dropped++;
    }
  }
}
