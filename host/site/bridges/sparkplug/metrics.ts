/** The devices of an edge node with their metrics: what is born, what has changed, and what waits for a receiver. */
import { formatDecimal } from '../../../base/index.ts';
import type { PointRun } from '../../model/index.ts';
import { type DataType, type OutMetric, QUALITY } from './payload.ts';

/** A value of a series. */
interface Value {
  readonly timeUs: number;
  readonly value: number | bigint;
  readonly exponent: number;
  readonly quality: number;
}

export interface Metric {
  readonly name: string;
  readonly alias: number;
  type: DataType;
  unit: string;
  latest: Value;
}

export interface Device {
  /** Its name in topics. */
  readonly id: string;
  readonly metrics: Map<string, Metric>;
  /** Those of which something is to be published. */
  readonly changed: Set<Metric>;
  /** Whether its birth, with all of its metrics as they are, was published. */
  born: boolean;
  /** Reported to be away, so it has no birth. */
  away: boolean;
}

const MAX_DEVICES = 10_000;
const MAX_METRICS = 100_000;
/** Values that wait while nobody receives. */
const MAX_WAITING = 100_000;

/** A device in a topic: what a level can't carry is written as in an address (RFC 3986). */
export const deviceId = (name: string): string =>
  name.replace(/[%/+#]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

export class Metrics {
  readonly devices = new Map<string, Device>();
  readonly #away = new Set<string>();
  #waiting: { device: Device; metric: Metric; value: Value }[] = [];
  #metrics = 0;
  /** Values of too many series, and those that newer ones displaced while nobody received. */
  dropped = 0;

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Of each series, the newest value counts. */
  take({ device: deviceName, name, unit, exponent, quality, timesUs, values }: PointRun): void {
    let device = this.devices.get(deviceName);
    if (device === undefined) {
      if (this.devices.size >= MAX_DEVICES) {
        this.dropped += values.length;
        return;
      }
      const away = this.#away.has(deviceName);
      device = { id: deviceId(deviceName), metrics: new Map(), changed: new Set(), born: false, away };
      this.devices.set(deviceName, device);
    }
    for (const [i, timeUs] of timesUs.entries()) {
      const value: Value = { timeUs, value: values[i]!, exponent, quality };
      const metric = device.metrics.get(name);
      const type = exponent === 0 ? 'int64' : 'double';
      if (metric === undefined) {
        if (this.#metrics >= MAX_METRICS) {
          this.dropped += values.length - i;
          return;
        }
        const made: Metric = { name, alias: ++this.#metrics, type, unit, latest: value };
        device.metrics.set(name, made);
        device.changed.add(made);
        device.born = false;
        continue;
      }
      // A receiver knows type and unit from the birth. An integer that becomes a decimal stays one.
      if (metric.unit !== unit || (metric.type === 'int64' && type === 'double')) {
        metric.unit = unit;
        if (type === 'double') metric.type = type;
        device.born = false;
      }
      if (timeUs < metric.latest.timeUs) continue;
      metric.latest = value;
      device.changed.add(metric);
    }
  }

  /** Returns the device if its birth was published, which a death has to follow. */
  setAway(deviceName: string, away: boolean): Device | null {
    if (away) this.#away.add(deviceName);
    else this.#away.delete(deviceName);
    const device = this.devices.get(deviceName);
    if (device === undefined) return null;
    const { born } = device;
    device.away = away;
    if (away) device.born = false;
    return away && born ? device : null;
  }

  /** No birth is in force any more. */
  unborn(): void {
    for (const device of this.devices.values()) device.born = false;
  }

  /** Keeps what has changed for later, at the end of what waits. */
  keep(): void {
    for (const device of this.devices.values()) {
      if (device.away) continue;
      for (const metric of device.changed) this.#waiting.push({ device, metric, value: metric.latest });
      device.changed.clear();
    }
    if (this.#waiting.length <= MAX_WAITING) return;
    this.dropped += this.#waiting.splice(0, this.#waiting.length - MAX_WAITING).length;
  }

  /**
   * What waits, oldest first, in messages of one device. `publish` returns false if a message must wait on. `born`: behind
   * births, which have the latest values.
   */
  release(most: number, born: boolean, publish: (device: Device, metrics: OutMetric[]) => boolean): void {
    if (born) this.#waiting = this.#waiting.filter(({ metric, value }) => metric.latest !== value);
    let i = 0;
    while (i < this.#waiting.length) {
      const { device } = this.#waiting[i]!;
      let end = i;
      while (end < this.#waiting.length && end - i < most && this.#waiting[end]!.device === device) end++;
      const metrics = this.#waiting.slice(i, end).map(({ metric, value }) => outMetric(metric, value, true));
      // Nobody knows a device without a birth.
      if (device.born && !publish(device, metrics)) break;
      if (!device.born) this.dropped += end - i;
      i = end;
    }
    this.#waiting = this.#waiting.slice(i);
  }
}

/** All metrics of a device, for its birth. */
export function birthOf({ metrics }: Device): OutMetric[] {
  return [...metrics.values()].map((metric) => ({
    ...outMetric(metric, metric.latest, false),
    name: metric.name,
    ...(metric.unit !== '' && { unit: metric.unit }),
  }));
}

/** With the alias alone. */
export function outMetric({ alias, type }: Metric, value: Value, historical: boolean): OutMetric {
  const { timeUs, quality, exponent, value: integer } = value;
  return {
    alias,
    timestampMs: Math.floor(timeUs / 1000),
    type,
    // The double next to the decimal.
    value: type === 'int64' ? BigInt(integer) : Number(formatDecimal(BigInt(integer), exponent)),
    ...(historical && { historical }),
    ...(quality !== 0 && { quality: QUALITY.bad }),
  };
}
