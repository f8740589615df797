/**
 * What a node publishes, as JSON for other programs, and the configuration from which Home Assistant makes its
 * entities. Topics and shapes: docs/spec/mqtt.md, "JSON". One object for each node; it publishes through `put`.
 */
import { decimal, packageVersion } from '../../base/index.ts';
import type { Birth, Event, Telemetry } from '../../device/link/index.ts';
import { decodeItem, topicOf } from '../topics/index.ts';

export interface JsonOptions {
  ns: string;
  node: string;
  /** Where the gateway publishes whether it is there: only then is the state of a node true. */
  gatewayTopic: string;
  /** First level of Home Assistant's discovery topics; undefined: no discovery. */
  discovery: string | undefined;
  put(topic: string, payload: Uint8Array, message: JsonMessage): void;
}

export interface JsonMessage {
  kind: 'telemetry' | 'event' | 'state';
  retain: boolean;
}

/** Larger bodies are beyond what a module can send. */
const MAX_BODY_BYTES = 8192;
/** Discovery messages of a node, beside those of its birth: a node can name any number of events. */
const MAX_DISCOVERED = 1000;
const ONLINE = "{{ 'online' if value_json.online else 'offline' }}";
/** 2020-01-01: an earlier time means that the node's clock wasn't set. */
const EARLIEST_MS = 1_577_836_800_000;

const timeOf = (ms: number): string | null => (ms >= EARLIEST_MS ? new Date(ms).toISOString() : null);
/** A name as one level of a topic. */
const levelOf = (name: string): string => name.normalize('NFC').replace(/[^A-Za-z0-9_.-]/g, '_');
/** A name as an id of Home Assistant. */
const idOf = (name: string): string => name.normalize('NFC').replace(/[^A-Za-z0-9_-]/g, '_');

/** Units of UCUM as Home Assistant writes them, with the device class where it has one for the unit. */
const UNITS: Record<string, [unit: string, deviceClass?: string]> = {
  Cel: ['°C', 'temperature'],
  '[degF]': ['°F', 'temperature'],
  K: ['K', 'temperature'],
  Pa: ['Pa', 'pressure'],
  hPa: ['hPa', 'pressure'],
  kPa: ['kPa', 'pressure'],
  bar: ['bar', 'pressure'],
  V: ['V', 'voltage'],
  mV: ['mV', 'voltage'],
  A: ['A', 'current'],
  mA: ['mA', 'current'],
  W: ['W', 'power'],
  kW: ['kW', 'power'],
  Hz: ['Hz', 'frequency'],
  lx: ['lx', 'illuminance'],
};

/** `JSON.stringify` for CBOR: bytes become hex, integers beyond 2^53 become text, other numbers that JSON lacks null. */
function json(value: unknown): Uint8Array {
  const text = JSON.stringify(value, (_key, item: unknown) => {
    if (item instanceof Uint8Array) return Buffer.from(item).toString('hex');
    return typeof item === 'bigint' ? item.toString() : item;
  });
  return Buffer.from(text);
}

/** The body of an event; null for bytes that are no CBOR. */
function bodyOf(bytes: Uint8Array): unknown {
  try {
    return decodeItem(bytes, MAX_BODY_BYTES);
  } catch {
    return null;
  }
}

export class JsonTopics {
  readonly #options: JsonOptions;
  /** Discovery messages by topic, as they were published last; empty for one of an earlier run. */
  readonly #discovered = new Map<string, string>();
  /** Topics of the entities of the last birth. */
  #wanted: ReadonlySet<string> = new Set();
  #birth: Birth | undefined;

  constructor(options: JsonOptions) {
    this.#options = options;
  }

  /** The filter of this node's discovery messages; undefined without discovery. */
  get discovered(): string | undefined {
    const { discovery } = this.#options;
    return discovery === undefined ? undefined : `${discovery}/+/${this.#device}/+/config`;
  }

  /** The broker has this discovery message, perhaps of an earlier run of the gateway. */
  found(topic: string): void {
    if (this.#discovered.has(topic) || this.#discovered.size >= MAX_DISCOVERED) return;
    this.#discovered.set(topic, '');
    if (this.#birth !== undefined) this.#removeOthers();
  }

  /** Whether this object publishes on `topic`. */
  publishes(topic: string): boolean {
    const { ns, node, discovery } = this.#options;
    return topic.startsWith(`${ns}/json/${node}/`) || (discovery !== undefined && topic.startsWith(`${discovery}/`));
  }

  state(online: boolean, birth: Birth | undefined): void {
    const { node, gatewayTopic: gateway } = this.#options;
    const { boot = 0, firmware = null, module = null, metrics = [], commands = [] } = birth ?? {};
    this.#put('state', json({ online, gateway, node, boot, firmware, module, metrics, commands }), 'state', true);
    this.#birth = birth;
    if (birth !== undefined) this.#discover(birth);
  }

  telemetry({ metric, t0Ms, dtUs, values, exponent, quality, seq }: Telemetry): void {
    const info = this.#birth?.metrics[metric];
    if (info === undefined || values.length === 0) return;
    const numbers = values.map((value) => decimal(value, exponent));
    const body = {
      time: timeOf(t0Ms + ((values.length - 1) * dtUs) / 1000),
      value: numbers.at(-1),
      unit: info.unit,
      values: numbers,
      start: timeOf(t0Ms),
      interval: dtUs / 1e6,
      quality,
      seq,
    };
    this.#put(`metric/${levelOf(info.name)}`, json(body), 'telemetry');
  }

  event({ name, tMs, seq, body }: Event): void {
    this.#discoverEvent(name);
    const value = { event_type: name, time: timeOf(tMs), seq, body: bodyOf(body) };
    this.#put(`event/${levelOf(name)}`, json(value), 'event');
  }

  get #device(): string {
    const { ns, node } = this.#options;
    return idOf(`${ns}_${node}`);
  }

  #topic(path: string): string {
    const { ns, node } = this.#options;
    return `${ns}/json/${node}/${path}`;
  }

  #put(path: string, payload: Uint8Array, kind: JsonMessage['kind'], retain = false): void {
    this.#options.put(this.#topic(path), payload, { kind, retain });
  }

  /** A sensor for each metric and a button for each command; removes those of an earlier module. */
  #discover({ metrics, commands }: Birth): void {
    const { ns, node } = this.#options;
    const wanted = new Set<string>();
    for (const { name, unit } of metrics) {
      const [shown, deviceClass] = UNITS[unit] ?? [unit === '1' ? undefined : unit];
      const config = {
        state_topic: this.#topic(`metric/${levelOf(name)}`),
        value_template: '{{ value_json.value }}',
        state_class: 'measurement',
        ...(shown !== undefined && { unit_of_measurement: shown }),
        ...(deviceClass !== undefined && { device_class: deviceClass }),
      };
      wanted.add(this.#announce('sensor', name, config));
    }
    for (const name of commands) {
      const config = { command_topic: topicOf(ns, node, 'cmd'), payload_press: JSON.stringify({ name }), qos: 1 };
      wanted.add(this.#announce('button', name, config));
    }
    this.#wanted = wanted;
    this.#removeOthers();
  }

  /** Removes the sensors and buttons that the last birth doesn't have; it doesn't list events. */
  #removeOthers(): void {
    const events = `${this.#options.discovery}/event/`;
    for (const topic of [...this.#discovered.keys()]) {
      if (this.#wanted.has(topic) || topic.startsWith(events)) continue;
      this.#discovered.delete(topic);
      this.#options.put(topic, new Uint8Array(0), { kind: 'state', retain: true });
    }
  }

  /** A birth doesn't list events, so each becomes an entity when it occurs first, up to a limit. */
  #discoverEvent(name: string): void {
    if (this.#birth === undefined || this.#discovered.size >= MAX_DISCOVERED) return;
    this.#announce('event', name, { state_topic: this.#topic(`event/${levelOf(name)}`), event_types: [name] });
  }

  #announce(component: 'sensor' | 'button' | 'event', name: string, config: object): string {
    const { node, discovery, put, gatewayTopic } = this.#options;
    if (discovery === undefined) return '';
    const device = this.#device;
    const topic = `${discovery}/${component}/${device}/${idOf(name)}/config`;
    const { module, firmware } = this.#birth!;
    const whole = {
      name,
      unique_id: `${device}_${component}_${idOf(name)}`,
      ...config,
      availability: [this.#topic('state'), gatewayTopic].map((topic) => ({ topic, value_template: ONLINE })),
      availability_mode: 'all',
      device: {
        identifiers: [device],
        name: node,
        manufacturer: 'moteware',
        model: module === null ? firmware.name : module.name,
        sw_version: module === null ? firmware.version : module.version,
      },
      origin: { name: 'moteware', sw_version: packageVersion() },
    };
    const text = JSON.stringify(whole);
    if (this.#discovered.get(topic) === text) return topic;
    this.#discovered.set(topic, text);
    put(topic, Buffer.from(text), { kind: 'state', retain: true });
    return topic;
  }
}
