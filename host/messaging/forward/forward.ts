/**
 * Store and forward: takes messages of one broker into a durable log and publishes them to another one, such as that of a
 * plant or a centre. A message is acknowledged where it comes from once it is on the medium, and leaves the log when the
 * other broker has acknowledged it; what that broker refuses for good becomes a dead letter. Messages keep their order,
 * payloads, ids, times and all other properties.
 *
 * When the log is full, the oldest messages that may be lost go: those of QoS 0 and those with an expiry. Others are never
 * dropped: they are not acknowledged, so the broker that they come from keeps them.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayConstant } from '../../base/abi/index.ts';
import { guard, type Lock, MoteError, tryLock } from '../../base/index.ts';
import { DeadLetters } from '../dead-letters/index.ts';
import { MqttClient, matches, type Received } from '../mqtt/index.ts';
import { DurableLog, type Message, type Outbox, queueIo } from '../queue/index.ts';
import { type BrokerAccess, type ForwardOptions, type ForwardSettings, forwardSettings } from './options.ts';
import { nextVia } from './via.ts';

export interface ForwardStats {
  /** Messages that came from the local broker. */
  received: number;
  /** Of those: had been forwarded as often as is allowed, or came from this site or the remote one. */
  looped: number;
  /** Of those: the log had them already. */
  repeated: number;
  /** Acknowledged by the remote broker. */
  forwarded: number;
  /** Lost, because they may be: dropped from a full log, or expired. */
  dropped: number;
  /** Refused by the remote broker for good; `dead-letters` has them. */
  refused: number;
  /** In the log. */
  waiting: number;
  waitingBytes: number;
  localOnline: boolean;
  remoteOnline: boolean;
}

interface Stuck {
  message: Message;
  mark: string | undefined;
  accepted(): void;
}

const RETRY_MS = 1000;
/** The name of the stream in the log. */
const STREAM = 'forward';

export class Forward {
  readonly #settings: ForwardSettings;
  readonly #lock: Lock;
  readonly #log: DurableLog;
  readonly #outbox: Outbox;
  readonly #deadLetters: DeadLetters;
  readonly #local: MqttClient;
  readonly #remote: MqttClient;
  /** Messages that must not be lost and that the log does not accept now, in order. They aren't acknowledged. */
  readonly #stuck: Stuck[] = [];
  #cancelRetry: (() => void) | undefined;
  readonly #counts = { received: 0, looped: 0, repeated: 0, forwarded: 0, lost: 0, refusedByLog: 0 };
  #closed = false;

  /** Starts. Throws `FORWARD`, `MQTT_URL`, `QUEUE_IO`, `QUEUE_FORMAT`, and `QUEUE_BUSY` while another one has the folder. */
  constructor(options: ForwardOptions) {
    const settings = forwardSettings(options);
    const { dir, clock, onProblem } = settings;
    this.#settings = settings;
    this.#lock = takeLock(dir);
    try {
      this.#deadLetters = new DeadLetters({
        dir: join(dir, 'dead-letters'),
        maxFiles: 0,
        maxBytes: 0,
        maxRefused: GatewayConstant.refusedLetters,
        maxRefusedBytes: GatewayConstant.refusedLetterBytes,
      });
      this.#log = new DurableLog({
        dir: join(dir, 'queue'),
        maxBytes: settings.maxBytes,
        maxStreamBytes: settings.maxBytes,
        sync: settings.queueSync,
        clock,
        onProblem,
      });
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    this.#outbox = this.#log.stream(STREAM);
    this.#remote = this.#connection(settings.remote, 'out', {
      outbox: this.#outbox,
      onRefused: (message, error) => this.#deadLetters.keep(settings.site, message, error, clock.utcMs()),
      onDelayed: onProblem,
      onLost: (_message, error) => {
        this.#counts.lost++;
        onProblem(error);
        this.#relieve();
      },
      onAcknowledged: () => {
        this.#counts.forwarded++;
        this.#relieve();
      },
    });
    this.#local = this.#connection(settings.local, 'in', {});
    for (const filter of settings.topics) {
      const handle = (message: Received) => {
        // Of filters that overlap, one takes the message.
        if (settings.topics.find((each) => matches(each, message.topic)) === filter) return this.#take(message);
        return undefined;
      };
      this.#local.subscribe({ filter, qos: 1 }, handle).catch((error: MoteError) => {
        if (!this.#closed) onProblem(error);
      });
    }
    for (const client of [this.#remote, this.#local]) client.connect().catch(() => {});
  }

  get stats(): ForwardStats {
    const { waiting, waitingBytes, dropped } = this.#outbox.stats;
    const { lost, refusedByLog, ...counts } = this.#counts;
    const { refused } = this.#deadLetters;
    return {
      ...counts,
      dropped: dropped + refusedByLog + lost - refused,
      refused,
      waiting,
      waitingBytes,
      localOnline: this.#local.state === 'online',
      remoteOnline: this.#remote.state === 'online',
    };
  }

  /** Takes nothing more, waits at most `timeoutMs` for the remote broker, and ends. The rest stays on disk. */
  async close(timeoutMs = 5000): Promise<void> {
    this.#stop();
    this.#local.close();
    await this.#remote.closeFlushed(timeoutMs);
    await this.#log.close();
    this.#lock.release();
  }

  /** Ends like a killed process. */
  abort(): void {
    this.#stop();
    this.#log.abort();
    this.#local.abort();
    this.#remote.abort();
    this.#lock.release();
  }

  #stop(): void {
    this.#closed = true;
    this.#cancelRetry?.();
  }

  #connection(
    { url, username, password }: BrokerAccess,
    end: 'in' | 'out',
    more: Partial<ConstructorParameters<typeof MqttClient>[0]>,
  ): MqttClient {
    const { site, clock, sessionExpirySeconds, mqtt, onProblem } = this.#settings;
    return new MqttClient({
      ...mqtt,
      url,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      clientId: `mote-forward-${site}-${end}`,
      // The broker keeps messages while this process is away, and what was in flight is sent again with its packet id.
      cleanStart: false,
      sessionExpirySeconds,
      clock,
      onOffline: (error, retryMs) => {
        if (retryMs !== undefined) onProblem(error);
      },
      ...more,
    });
  }

  /** Returns a promise for the acknowledgement of a message; undefined if it needs none, or can be acknowledged at once. */
  #take(received: Received): Promise<void> | undefined {
    this.#counts.received++;
    const { site, remoteSite, maxHops, prefix } = this.#settings;
    const userProperties = nextVia(received.properties.userProperties ?? {}, { site, remoteSite, maxHops });
    if (userProperties === null) {
      this.#counts.looped++;
      return undefined;
    }
    const { topic, payload, retain, properties } = received;
    const mark = markOf(received);
    if (mark !== undefined && this.#outbox.knows(mark)) {
      this.#counts.repeated++;
      return this.#log.settled();
    }
    const message: Message = {
      topic: `${prefix}${topic}`,
      payload,
      qos: 1,
      retain,
      properties: { ...properties, userProperties },
    };
    const droppable = received.qos === 0 || properties.expirySeconds !== undefined;
    if (droppable) {
      if (!this.#put(message, mark, true)) this.#counts.refusedByLog++;
      return this.#log.settled();
    }
    if (this.#stuck.length === 0 && this.#put(message, mark, false)) return this.#log.settled();
    return new Promise<void>((accepted) => {
      this.#stuck.push({ message, mark, accepted });
      this.#retryLater();
    }).then(() => this.#log.settled());
  }

  /** Returns false if the log does not accept the message. */
  #put(message: Message, mark: string | undefined, droppable: boolean): boolean {
    const nowMs = this.#settings.clock.utcMs();
    return guard(
      () => void this.#outbox.put(message, { droppable, nowMs, mark }),
      (error) => this.#settings.onProblem(error),
    );
  }

  /** The log may have space again. */
  #relieve(): void {
    for (let first = this.#stuck[0]; first !== undefined; first = this.#stuck[0]) {
      if (this.#closed || !this.#put(first.message, first.mark, false)) break;
      this.#stuck.shift();
      first.accepted();
    }
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#stuck.length === 0 || this.#cancelRetry !== undefined || this.#closed) return;
    this.#cancelRetry = this.#settings.clock.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.#relieve();
    });
  }
}

/** By this a message is recognised that the local broker delivers again: by the attributes of a CloudEvent, if it has them. */
function markOf({ topic, payload, properties }: Received): string | undefined {
  const { id, source } = properties.userProperties ?? {};
  if (typeof id !== 'string' || typeof source !== 'string') return undefined;
  const hash = createHash('sha256')
    .update(JSON.stringify([topic, source, id]))
    .update(payload);
  return hash.digest('base64url').slice(0, 22);
}

function takeLock(dir: string): Lock {
  return queueIo(`The folder ${dir} can't be written; check it and its permissions.`, () => {
    mkdirSync(dir, { recursive: true });
    const lock = tryLock(join(dir, 'forward.lock'));
    if (lock.taken) return lock;
    throw new MoteError('QUEUE_BUSY', `The folder ${dir} is in use: ${lock.holder}. Each forward needs its own.`);
  });
}
