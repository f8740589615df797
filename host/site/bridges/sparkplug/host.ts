/**
 * A site as a host application of Sparkplug B (Eclipse Sparkplug 3.0.0, section 5.8): its state tells edge nodes when
 * to publish, and those of which it missed a message are asked for their births.
 */
import { type Clock, isObject, MoteError } from '../../../base/index.ts';
import { MqttClient, type Received, type Will } from '../../../messaging/mqtt/index.ts';
import { writeSparkplug } from './payload.ts';
import { Tracker } from './tracker.ts';

/** What a host needs of its site. */
export interface HostSeam {
  readonly id: string;
  readonly brokerUrl: string;
  readonly credentials: { readonly username?: string; readonly password?: string } | undefined;
  readonly clientId: string;
  readonly clock: Clock;
  onProblem(error: MoteError): void;
}

export interface HostStatus {
  readonly id: string;
  readonly online: boolean;
  /** Since the start: edge nodes, messages that were missed, and requests for births. */
  readonly edges: number;
  readonly gaps: number;
  readonly asked: number;
}

const CLOSE_MS = 3000;

export class HostApplication {
  readonly #seam: HostSeam;
  readonly #tracker: Tracker;
  readonly #client: MqttClient;
  readonly #topic: string;
  /** Of the connection: its birth and its death have it in common. */
  #timestamp = 0;
  #online = false;
  #asked = 0;

  constructor(seam: HostSeam) {
    this.#seam = seam;
    this.#tracker = new Tracker(seam.clock);
    this.#topic = `spBv1.0/STATE/${seam.id}`;
    const { brokerUrl: url, credentials, clientId, clock, onProblem } = seam;
    this.#client = new MqttClient({
      url,
      clientId,
      ...credentials,
      clock,
      cleanStart: 'always',
      will: () => {
        // Later than that of the connection before, also within a millisecond.
        this.#timestamp = Math.max(this.#timestamp + 1, Math.floor(clock.utcMs()));
        return this.#state(false);
      },
      onOnline: () => {
        this.#online = true;
        this.#publish(true);
      },
      onOffline: () => {
        this.#online = false;
      },
    });
    const refused = (error: MoteError) => {
      if (error.code !== 'MQTT_CLOSED') onProblem(error);
    };
    this.#client.subscribe({ filter: this.#topic, qos: 1 }, (message) => this.#own(message)).catch(refused);
    this.#client.connect().catch(refused);
  }

  get status(): HostStatus {
    const { count, gaps } = this.#tracker;
    return { id: this.#seam.id, online: this.#online, edges: count, gaps, asked: this.#asked };
  }

  /** Takes a message of the site, in its order. */
  see(topic: string, payload: Uint8Array): void {
    if (!topic.startsWith('spBv1.0/')) return;
    const edge = this.#tracker.see(topic, payload);
    if (edge === null) return;
    const [group, name] = edge.split('/');
    const timestampMs = Math.floor(this.#seam.clock.utcMs());
    const rebirth = { name: 'Node Control/Rebirth', timestampMs, type: 'boolean', value: true } as const;
    try {
      this.#client.send(`spBv1.0/${group}/NCMD/${name}`, writeSparkplug(timestampMs, [rebirth], null));
      this.#asked++;
    } catch (error) {
      if (!(error instanceof MoteError)) throw error;
      this.#seam.onProblem(error);
    }
  }

  async close(): Promise<void> {
    if (!this.#online) {
      this.#client.close();
      return;
    }
    // A clean end takes back the will.
    this.#publish(false);
    await this.#client.closeFlushed(CLOSE_MS);
    this.#online = false;
  }

  #state(online: boolean): Will {
    const payload = Buffer.from(JSON.stringify({ online, timestamp: this.#timestamp }));
    return { topic: this.#topic, payload, qos: 1, retain: true, properties: {} };
  }

  #publish(online: boolean): void {
    const { topic, payload } = this.#state(online);
    this.#client.publish(topic, payload, { qos: 1, retain: true }).catch(() => {});
  }

  /** The death of an earlier connection may come after the birth of this one. */
  #own({ payload }: Received): void {
    if (!this.#online) return;
    try {
      const state: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
      if (isObject(state) && state.online === false && state.timestamp !== this.#timestamp) this.#publish(true);
    } catch {
      this.#publish(true);
    }
  }
}
