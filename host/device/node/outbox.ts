/**
 * Messages that wait to be sent: store and forward in memory, with limits.
 *
 * While the link is down, the oldest telemetry frames are dropped and counted; their sequence numbers are missing, so
 * the other end sees the gap. The oldest log lines are dropped too. Events are never dropped: without room, the module
 * gets an error. The last birth before a telemetry frame defines its metric number, so a birth with other metrics drops
 * the queued telemetry. Times are on the node's clock until a message is sent, because UTC may be unknown earlier. With
 * a limit in bytes the outbox counts like its C twin, link/outbox.c, so both drop the same messages.
 */
import { NodeConstant } from '../../base/abi/index.ts';
import {
  type Birth,
  type CommandResult,
  type Event,
  encodeMessage,
  type Log,
  type MetricInfo,
  type NodeMessage,
  type OtaStatus,
  storedBytes,
  type Telemetry,
  type TimeRequest,
} from '../link/index.ts';

export interface OutboxLimits {
  telemetryFrames: number;
  /** Values of all queued telemetry together. */
  telemetryValues: number;
  events: number;
  logs: number;
  /** Answers and statuses; the oldest is dropped. Default 64. */
  control?: number;
  /** Bytes of all messages that wait or aren't acknowledged, as `storedBytes` counts. Default: no limit. */
  bytes?: number;
  /**
   * Part of `bytes` that telemetry, events and logs leave free, so that a birth and statuses always fit. Default: none.
   */
  reserveBytes?: number;
}

export const OUTBOX_LIMITS: OutboxLimits = {
  telemetryFrames: NodeConstant.outboxTelemetryFrames,
  telemetryValues: NodeConstant.outboxTelemetryValues,
  events: NodeConstant.outboxEvents,
  logs: NodeConstant.outboxLogs,
};
const MAX_CONTROL = NodeConstant.outboxControl;

export type Timed =
  | (Omit<Telemetry, 't0Ms'> & { t0Us: number })
  | (Omit<Event, 'tMs'> & { tUs: number })
  | (Omit<Log, 'tMs'> & { tUs: number });
export type Control = Birth | OtaStatus | CommandResult | TimeRequest;

export interface OutboxCounts {
  waiting: number;
  droppedTelemetry: number;
  droppedLogs: number;
}

/** Bytes of the messages in the link's queue: of all, and of the telemetry, events and logs among them. */
export interface QueuedBytes {
  all: number;
  data: number;
}

/** Result of sending a message: `dropped` if it is longer than the other end accepts. */
export type Sent = 'sent' | 'full' | 'dropped';

interface Waiting<T> {
  item: T;
  cost: number;
}
/** A queued message. Those that the link returned already have their UTC. */
type Data = Timed | Telemetry | Event | Log;

export function isData(message: NodeMessage): message is Telemetry | Event | Log {
  return message.type === 'telemetry' || message.type === 'event' || message.type === 'log';
}

export class Outbox {
  readonly #limits: Required<OutboxLimits>;
  readonly #queued: () => QueuedBytes;
  #control: Waiting<Control>[] = [];
  /** In the order in which they were queued. */
  #data: Waiting<Data>[] = [];
  readonly #count = { telemetry: 0, event: 0, log: 0, values: 0 };
  #droppedTelemetry = 0;
  #droppedLogs = 0;
  /** Metrics of the last birth, and the telemetry in the link's queue that belongs to them. */
  #metrics: readonly MetricInfo[] = [];
  #named = new WeakSet<NodeMessage>();
  /** Nothing is sent while a module declares its metrics. `#older` counts queued telemetry from before. */
  #held = false;
  #older = 0;
  /** The last birth wasn't given to the link. */
  #birthPending = false;

  /** `queued`: returns the bytes in the link's queue, which count towards a limit in bytes. */
  constructor(limits: OutboxLimits = OUTBOX_LIMITS, queued: () => QueuedBytes = () => ({ all: 0, data: 0 })) {
    this.#limits = { control: MAX_CONTROL, bytes: Number.POSITIVE_INFINITY, reserveBytes: 0, ...limits };
    this.#queued = queued;
  }

  counts(): OutboxCounts {
    return {
      waiting: this.#data.length,
      droppedTelemetry: this.#droppedTelemetry,
      droppedLogs: this.#droppedLogs,
    };
  }

  /** Returns whether an event would be accepted. */
  eventRoom(name: string, body: Uint8Array): boolean {
    // The longest sequence number, because the actual one is unknown.
    const cost = this.#cost({ type: 'event', name, tUs: 0, seq: 0xffff_ffff, body });
    return this.#count.event < this.#limits.events && this.#couldFit(cost, true);
  }

  /** Sends nothing until the next birth, because the module is declaring its metrics. */
  hold(): void {
    this.#older = this.#count.telemetry;
    this.#held = true;
  }

  /** Queues a birth, an answer or a status: sent before everything else, also while UTC is unknown. */
  control(message: Control): void {
    if (message.type === 'birth') this.#name(message);
    while (this.#control.length >= this.#limits.control) this.#dropControl();
    const cost = this.#cost(message);
    if (this.#makeRoomForControl(cost)) this.#control.push({ item: message, cost });
  }

  /** Sends a message ahead of all others; returns false if there is no room for it, or it is too long. */
  first(message: Control, send: (message: NodeMessage) => Sent): boolean {
    if (message.type === 'birth') this.#name(message);
    if (!this.#makeRoomForControl(this.#cost(message)) || send(message) !== 'sent') return false;
    if (message.type === 'birth') this.#birthPending = false;
    return true;
  }

  /** Queues telemetry, an event or a log line. An event that `eventRoom` rejected isn't accepted. */
  data(item: Timed): void {
    const cost = this.#cost(item);
    if (this.#couldFit(cost, true) && this.#trim(item)) {
      this.#makeRoom(cost, true);
      this.#account(item, 1);
      this.#data.push({ item, cost });
    } else this.#countDrop(item.type);
  }

  /**
   * Queues the messages that a peer never acknowledged again, in front. Births and time requests, in `pending` and in
   * the queue, are obsolete, as is telemetry from before the metrics changed.
   */
  restore(pending: NodeMessage[]): void {
    const data: Waiting<Data>[] = [];
    const control: Waiting<Control>[] = [];
    for (const item of pending) {
      if (item.type === 'telemetry' && !this.#named.has(item)) this.#droppedTelemetry++;
      else if (isAnswer(item)) control.push({ item, cost: this.#cost(item) });
      else if (isData(item)) data.push({ item, cost: this.#cost(item) });
    }
    for (const { item } of data) this.#account(item, 1);
    const answers = this.#control.filter(({ item }) => isAnswer(item));
    this.#control = [...control, ...answers].slice(-this.#limits.control);
    this.#data = [...data, ...this.#data];
    this.#trim();
  }

  /**
   * Passes messages to `send` until the link is full. Messages with a time are sent only if UTC is known; `utcMs`
   * converts a time of the clock. `sendBirth` sends the birth by `first` and returns whether it could.
   */
  flush(send: (message: NodeMessage) => Sent, sendBirth: () => boolean, utcMs: ((us: number) => number) | null): void {
    if (this.#held) return;
    while (this.#control.length > 0) {
      const { item } = this.#control[0]!;
      const became = send(item);
      if (became === 'full') return;
      this.#control.shift();
      if (item.type === 'birth') this.#birthPending = became !== 'sent';
    }
    // The birth didn't fit when it was queued: try again. Drop telemetry until it is sent.
    if (this.#birthPending && !sendBirth()) this.#dropTelemetry();
    if (utcMs === null) return;
    let gone = 0;
    for (; gone < this.#data.length; gone++) {
      const { item } = this.#data[gone]!;
      const message = dated(item, utcMs);
      const became = send(message);
      if (became === 'full') break;
      if (became === 'sent' && message.type === 'telemetry') this.#named.add(message);
      this.#account(item, -1);
    }
    this.#data.splice(0, gone);
  }

  /**
   * Records a birth. Queued or unacknowledged telemetry of other metrics is dropped, because it would follow this
   * birth.
   */
  #name({ metrics }: Birth): void {
    if (!sameMetrics(metrics, this.#metrics)) {
      this.#dropTelemetry();
      this.#named = new WeakSet();
    }
    this.#metrics = metrics;
    this.#held = false;
    this.#birthPending = true;
  }

  #dropTelemetry(): void {
    if (!this.#held) this.#older = this.#count.telemetry;
    while (this.#older > 0) this.#drop('telemetry');
  }

  #dropControl(): void {
    if (this.#control.shift()?.item.type === 'birth') this.#birthPending = true;
  }

  #account(item: Data, sign: 1 | -1): void {
    this.#count[item.type] += sign;
    if (item.type !== 'telemetry') return;
    this.#count.values += sign * item.values.length;
    if (sign < 0 && this.#older > 0) this.#older--;
  }

  #countDrop(type: Data['type']): void {
    if (type === 'telemetry') this.#droppedTelemetry++;
    if (type === 'log') this.#droppedLogs++;
  }

  /** Drops the oldest messages until `more` fits the limits on counts; returns false if `more` alone exceeds them. */
  #trim(more?: Timed): boolean {
    const { telemetryFrames, telemetryValues, logs } = this.#limits;
    const frames = more?.type === 'telemetry' ? 1 : 0;
    const values = more?.type === 'telemetry' ? more.values.length : 0;
    const lines = more?.type === 'log' ? 1 : 0;
    if (frames > telemetryFrames || values > telemetryValues || lines > logs) return false;
    while (this.#count.telemetry + frames > telemetryFrames || this.#count.values + values > telemetryValues) {
      this.#drop('telemetry');
    }
    while (this.#count.log + lines > logs) this.#drop('log');
    return true;
  }

  #drop(type: 'telemetry' | 'log'): void {
    const index = this.#data.findIndex(({ item }) => item.type === type);
    this.#account(this.#data[index]!.item, -1);
    this.#data.splice(index, 1);
    this.#countDrop(type);
  }

  // --- Room in bytes ---

  /** Returns the bytes that a message takes; 0 without a limit. */
  #cost(item: Data | Control): number {
    if (this.#limits.bytes === Number.POSITIVE_INFINITY) return 0;
    const message = dated(item, () => 0);
    return storedBytes(message, encodeMessage(message).length);
  }

  #used(): { all: number; data: number; droppable: number } {
    const queued = this.#queued();
    const sum = (waiting: Waiting<Data | Control>[]) => waiting.reduce((bytes, { cost }) => bytes + cost, 0);
    const data = queued.data + sum(this.#data);
    const control = queued.all - queued.data + sum(this.#control);
    return { all: data + control, data, droppable: sum(this.#data.filter(({ item }) => item.type !== 'event')) };
  }

  /** Returns whether a message fits if all queued telemetry and logs are dropped. Data leaves the reserve free. */
  #couldFit(cost: number, isData: boolean): boolean {
    if (this.#limits.bytes === Number.POSITIVE_INFINITY) return true;
    const { droppable } = this.#used();
    return this.#fits(cost - droppable, isData);
  }

  #fits(cost: number, isData: boolean): boolean {
    const { bytes, reserveBytes } = this.#limits;
    if (bytes === Number.POSITIVE_INFINITY) return true;
    const { all, data } = this.#used();
    return all + cost <= bytes && (!isData || data + cost <= bytes - reserveBytes);
  }

  /** Drops telemetry first, then logs. `#couldFit` has returned true. */
  #makeRoom(cost: number, isData: boolean): void {
    while (!this.#fits(cost, isData)) this.#drop(this.#count.telemetry > 0 ? 'telemetry' : 'log');
  }

  #makeRoomForControl(cost: number): boolean {
    while (!this.#couldFit(cost, false)) {
      if (this.#control.length === 0) return false;
      this.#dropControl();
    }
    this.#makeRoom(cost, false);
    return true;
  }
}

function isAnswer(message: NodeMessage): message is OtaStatus | CommandResult {
  return message.type === 'ota' || message.type === 'result';
}

function sameMetrics(a: readonly MetricInfo[], b: readonly MetricInfo[]): boolean {
  const same = (one: MetricInfo, other: MetricInfo) =>
    one.name === other.name && one.unit === other.unit && one.exponent === other.exponent;
  return a.length === b.length && a.every((one, i) => same(one, b[i]!));
}

function dated(item: NodeMessage | Timed, utcMs: (us: number) => number): NodeMessage {
  if ('t0Us' in item) {
    const { t0Us, ...rest } = item;
    return { ...rest, t0Ms: utcMs(t0Us) };
  }
  if ('tUs' in item) {
    const { tUs, ...rest } = item;
    return { ...rest, tMs: utcMs(tUs) };
  }
  return item;
}
