/**
 * Whether the gateway itself is there, as JSON for programs that read no CBOR. The will of a node's connection is on its
 * state in CBOR, and a connection has one will; so the JSON of all nodes has a connection and a topic of its own, which
 * the broker sets to offline when the gateway dies.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guard } from '../../base/index.ts';
import { type MessageProperties, MqttClient } from '../mqtt/index.ts';
import { queueIo } from '../queue/index.ts';
import { cloudEventProperties, JSON_TYPE } from '../topics/index.ts';
import type { ShimSettings } from './shim-options.ts';

/** Of a gateway without a folder: random, so that it is nobody else's. */
const ID = /^[0-9a-f]{12}$/;

export class GatewayState {
  readonly topic: string;
  readonly #settings: ShimSettings;
  readonly #client: MqttClient;
  readonly #id: string;
  #count = 0;

  /** Throws `QUEUE_IO`. */
  constructor(settings: ShimSettings) {
    this.#settings = settings;
    this.#id = stableId(settings.queueDir);
    this.topic = `${settings.ns}/gateway/${this.#id}`;
    this.#client = new MqttClient({
      ...settings.mqtt,
      ...settings.gatewayCredentials,
      url: settings.brokerUrl,
      // No node has a name with a dot.
      clientId: `${settings.clientPrefix}gateway.${this.#id}`,
      // A new session would end the old one, and with it the delay of its will.
      cleanStart: false,
      sessionExpirySeconds: settings.sessionExpirySeconds,
      clock: settings.clock,
      will: () => ({
        topic: this.topic,
        payload: payloadOf(false),
        qos: 1,
        retain: true,
        delaySeconds: settings.graceSeconds,
        properties: this.#properties(),
      }),
      // At each connection: the broker may have published the will.
      onOnline: () => this.#put(true),
      onOffline: (error, retryMs) => {
        if (retryMs !== undefined) settings.onProblem?.(error, undefined);
      },
      onLost: (_message, error) => settings.onProblem?.(error, undefined),
    });
    // With `retry` it rejects only when it is closed.
    this.#client.connect().catch(() => {});
  }

  /** Publishes offline, waits at most `timeoutMs` for the broker, and ends. */
  close(timeoutMs: number): Promise<void> {
    this.#put(false);
    return this.#client.closeFlushed(timeoutMs);
  }

  /** Ends like a killed process. */
  abort(): void {
    this.#client.abort();
  }

  #put(online: boolean): void {
    guard(
      () => void this.#client.enqueue(this.topic, payloadOf(online), { retain: true, properties: this.#properties() }),
      (error) => this.#settings.onProblem?.(error, undefined),
    );
  }

  #properties(): MessageProperties {
    const id = `${randomBytes(6).toString('hex')}-${this.#count++}`;
    return cloudEventProperties({ id, source: `/${this.topic}`, type: 'moteware.gateway.v1' }, JSON_TYPE);
  }
}

function payloadOf(online: boolean): Uint8Array {
  return Buffer.from(JSON.stringify({ online }));
}

/** The id of the gateway that has this folder. Its file name has a dot, which no node's name has. */
function stableId(dir: string | undefined): string {
  const fresh = randomBytes(6).toString('hex');
  if (dir === undefined) return fresh;
  const path = join(dir, 'shim.id');
  return queueIo(`The file ${path} can't be written; check it and its permissions.`, () => {
    mkdirSync(dir, { recursive: true });
    const found = read(path);
    if (ID.test(found)) return found;
    writeFileSync(path, fresh);
    return fresh;
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
