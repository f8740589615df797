/**
 * What waits to be sent: store and forward in memory, bounded. While the link is down telemetry drops its oldest frames and counts
 * them (their sequence numbers stay missing, so the other end sees the gap), log lines drop their oldest, events are never dropped:
 * when there is no room the module is told. Times are of the node's clock until the moment of sending, because UTC may not be
 * known earlier.
 */
import type {
  Birth,
  CommandResult,
  Event,
  Log,
  NodeMessage,
  OtaStatus,
  Telemetry,
  TimeRequest,
} from '../link/index.ts';

export interface OutboxLimits {
  telemetryFrames: number;
  /** Values of all waiting telemetry together. */
  telemetryValues: number;
  events: number;
  logs: number;
}

export const OUTBOX_LIMITS: OutboxLimits = { telemetryFrames: 1024, telemetryValues: 65_536, events: 64, logs: 64 };
/** Answers and statuses that wait; the oldest goes. */
const MAX_CONTROL = 64;

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

export class Outbox {
  readonly #limits: OutboxLimits;
  #control: Control[] = [];
  /** In order of making; messages handed back by a link already have their UTC. */
  #data: (Timed | Telemetry | Event | Log)[] = [];
  readonly #count = { telemetry: 0, event: 0, log: 0, values: 0 };
  #droppedTelemetry = 0;
  #droppedLogs = 0;

  constructor(limits: OutboxLimits = OUTBOX_LIMITS) {
    this.#limits = limits;
  }

  counts(): OutboxCounts {
    return {
      waiting: this.#data.length,
      droppedTelemetry: this.#droppedTelemetry,
      droppedLogs: this.#droppedLogs,
    };
  }

  get eventRoom(): boolean {
    return this.#count.event < this.#limits.events;
  }

  /** Identity, answers and statuses: sent before everything else, and without knowing UTC. */
  control(message: Control): void {
    if (this.#control.length >= MAX_CONTROL) this.#control.shift();
    this.#control.push(message);
  }

  data(item: Timed): void {
    this.#account(item, 1);
    this.#data.push(item);
    this.#trim();
  }

  /** What a peer never acknowledged goes out again, first; a birth or a question for the time has lost its meaning. */
  restore(pending: NodeMessage[]): void {
    const data: (Telemetry | Event | Log)[] = [];
    const control: Control[] = [];
    for (const message of pending) {
      if (message.type === 'ota' || message.type === 'result') control.push(message);
      else if (message.type === 'telemetry' || message.type === 'event' || message.type === 'log') data.push(message);
    }
    for (const item of data) this.#account(item, 1);
    this.#control = [...control, ...this.#control].slice(-MAX_CONTROL);
    this.#data = [...data, ...this.#data];
    this.#trim();
  }

  /** Hands messages to `send` until it says no. Timed ones only when UTC is known; `utcMs` gives it for a time of the clock. */
  flush(send: (message: NodeMessage) => boolean, utcMs: ((us: number) => number) | null): void {
    while (this.#control.length > 0) {
      if (!send(this.#control[0]!)) return;
      this.#control.shift();
    }
    if (utcMs === null) return;
    let sent = 0;
    while (sent < this.#data.length && send(dated(this.#data[sent]!, utcMs))) {
      this.#account(this.#data[sent]!, -1);
      sent++;
    }
    this.#data.splice(0, sent);
  }

  #account(item: Timed | Telemetry | Event | Log, sign: 1 | -1): void {
    this.#count[item.type] += sign;
    if (item.type === 'telemetry') this.#count.values += sign * item.values.length;
  }

  #trim(): void {
    const { telemetryFrames, telemetryValues, logs } = this.#limits;
    while (this.#count.telemetry > telemetryFrames || this.#count.values > telemetryValues) {
      this.#drop('telemetry');
      this.#droppedTelemetry++;
    }
    while (this.#count.log > logs) {
      this.#drop('log');
      this.#droppedLogs++;
    }
  }

  #drop(type: 'telemetry' | 'log'): void {
    const index = this.#data.findIndex((item) => item.type === type);
    this.#account(this.#data[index]!, -1);
    this.#data.splice(index, 1);
  }
}

function dated(item: Timed | Telemetry | Event | Log, utcMs: (us: number) => number): NodeMessage {
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
