/**
 * One connection to a Modbus device, or to a gateway with several: its registers are polled, and what they hold becomes
 * messages with the topic `modbus/NAME`. Connections don't wait for each other; behind one connection, a unit that
 * doesn't answer is asked less and less often, so that it takes little time from the others.
 */
import { type Clock, MoteError } from '../../../base/index.ts';
import type { ModbusConnectionConfig } from '../../config/index.ts';
import { type Connection, connect, type FailureReason, RequestFailed } from './connect.ts';
import { Deadbands } from './deadband.ts';
import { type Poll, planPolls, splitPoll } from './plan.ts';

/** What a connection needs of its site. */
export interface SourceSeam {
  readonly clock: Clock;
  /** Resolves when the message is durable. */
  take(topic: string, payload: Uint8Array): Promise<void>;
  onProblem(error: MoteError): void;
  onOnline?(connection: string): void;
}

export interface SourceStatus {
  readonly name: string;
  /** HOST:PORT */
  readonly address: string;
  readonly online: boolean;
  /** Since the start: requests, places that were read and stored, and those that were dropped because the site could not store them. */
  readonly requests: number;
  readonly values: number;
  readonly dropped: number;
  /** Polls that were left out because the device was too slow for them. */
  readonly late: number;
  /** Requests without values, by reason. */
  readonly failed: { readonly [reason in FailureReason]?: number };
  /** Units that don't answer. */
  readonly away: readonly number[];
}

/** Messages that wait for the journal. */
const MAX_WAITING = 10_000;
const RETRY_MS = { first: 1000, last: 30_000 };
/** Registers that a device refuses, and units that don't answer, are asked for again after at most this time. */
const REFUSED_MS = 60_000;
/** A device that leaves as many requests in a row without an answer gets another connection. */
const MAX_SILENT = 3;

interface Scheduled {
  readonly poll: Poll;
  dueUs: number;
  /** The reason of its last failure, so that it is reported once. */
  failed: FailureReason | null;
}
interface Waiting {
  readonly payload: Uint8Array;
  readonly values: number;
}

export class ModbusSource {
  readonly #config: ModbusConnectionConfig;
  readonly #seam: SourceSeam;
  readonly #clock: Clock;
  readonly #deadbands: Deadbands;
  #schedule: Scheduled[];
  readonly #units = new Map<number, { retryMs: number; fromUs: number }>();
  readonly #waiting: Waiting[] = [];
  readonly #failed: { [reason in FailureReason]?: number } = {};
  #online = false;
  #requests = 0;
  #values = 0;
  #dropped = 0;
  #late = 0;
  #sending: Promise<void> | undefined;
  #closed = false;
  #connection: Connection | undefined;
  #retryMs = RETRY_MS.first;
  #wake: (() => void) | undefined;
  #problem = '';
  readonly #run: Promise<void>;

  constructor(config: ModbusConnectionConfig, seam: SourceSeam) {
    this.#config = config;
    this.#seam = seam;
    this.#clock = seam.clock;
    this.#deadbands = new Deadbands(config.refreshMs * 1000);
    this.#schedule = planPolls(config).map((poll) => ({ poll, dueUs: 0, failed: null }));
    this.#run = this.#loop();
  }

  get status(): SourceStatus {
    const { name, host, port } = this.#config;
    return {
      name,
      address: `${host}:${port}`,
      online: this.#online,
      requests: this.#requests,
      values: this.#values,
      dropped: this.#dropped,
      late: this.#late,
      failed: { ...this.#failed },
      away: [...this.#units.keys()].sort((a, b) => a - b),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    this.#connection?.close();
    await this.#run;
    await this.#sending;
  }

  async #loop(): Promise<void> {
    const { host, port, timeoutMs } = this.#config;
    while (!this.#closed) {
      try {
        this.#connection = await connect(host, port, timeoutMs);
        this.#units.clear();
        for (const one of this.#schedule) one.dueUs = 0;
        await this.#poll(this.#connection);
      } catch (error) {
        if (!(error instanceof MoteError)) throw error;
        if (error instanceof RequestFailed && error.reason === 'connect') this.#count('connect');
        if (!this.#closed) this.#report(error);
      }
      this.#online = false;
      this.#connection?.close();
      this.#connection = undefined;
      if (!this.#closed) await this.#paused(this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS.last);
    }
  }

  /** Resolves after the time; at once when the connection is closed. */
  #paused(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
      if (this.#closed) this.#wake();
    });
  }

  /** Polls until the connection is closed or of no use. */
  async #poll(connection: Connection): Promise<void> {
    let silent = 0;
    while (!this.#closed) {
      const [next, dueUs] = this.#next();
      const waitUs = dueUs - this.#clock.nowUs();
      if (waitUs > 0) {
        await this.#paused(Math.ceil(waitUs / 1000));
        continue;
      }
      this.#requests++;
      try {
        await this.#read(connection, next);
        silent = 0;
      } catch (error) {
        if (this.#closed || !(error instanceof RequestFailed)) throw error;
        this.#fail(next, error);
        silent = error.reason === 'timeout' ? silent + 1 : 0;
        if (error.reason === 'closed' || error.reason === 'malformed' || silent >= MAX_SILENT) throw error;
      }
    }
  }

  /** The poll that is due first; that of a unit that doesn't answer is put off. */
  #next(): [Scheduled, number] {
    let [first, firstUs] = [this.#schedule[0]!, Number.POSITIVE_INFINITY];
    for (const one of this.#schedule) {
      const dueUs = Math.max(one.dueUs, this.#units.get(one.poll.unitId)?.fromUs ?? 0);
      if (dueUs < firstUs) [first, firstUs] = [one, dueUs];
    }
    return [first, firstUs];
  }

  async #read(connection: Connection, next: Scheduled): Promise<void> {
    const { unitId, table, address, count } = next.poll;
    this.#delay(next);
    const data = await connection.read(unitId, table, address, count);
    this.#setOnline();
    const nowUs = this.#clock.nowUs();
    // What was put off is no delay of the device.
    if (this.#units.delete(unitId))
      for (const one of this.#schedule) if (one.poll.unitId === unitId) one.dueUs = Math.max(one.dueUs, nowUs);
    next.failed = null;
    this.#take(next.poll, data);
  }

  /** The next time of a poll, in its rhythm. Those that are past already are left out. */
  #delay(one: Scheduled): void {
    const [nowUs, everyUs] = [this.#clock.nowUs(), one.poll.pollMs * 1000];
    if (one.dueUs === 0) one.dueUs = nowUs;
    const missed = Math.floor((nowUs - one.dueUs) / everyUs);
    if (!this.#units.has(one.poll.unitId)) this.#late += missed;
    one.dueUs += (missed + 1) * everyUs;
  }

  #fail(one: Scheduled, error: RequestFailed): void {
    const { poll } = one;
    const { reason } = error;
    this.#count(reason);
    const nowUs = this.#clock.nowUs();
    if (reason !== 'timeout' && reason !== 'closed' && reason !== 'malformed') {
      // The device answers; of a gateway only itself.
      this.#setOnline();
      if (reason !== 'gateway_path' && reason !== 'gateway_target') this.#units.delete(poll.unitId);
    }
    switch (reason) {
      case 'illegal_address':
      case 'illegal_value': {
        const parts = splitPoll(poll);
        if (parts !== null) {
          const scheduled = parts.map((part): Scheduled => ({ poll: part, dueUs: nowUs, failed: null }));
          this.#schedule = this.#schedule.flatMap((other) => (other === one ? scheduled : [other]));
          return;
        }
        one.dueUs = Math.max(one.dueUs, nowUs + REFUSED_MS * 1000);
        break;
      }
      case 'illegal_function':
        one.dueUs = Math.max(one.dueUs, nowUs + REFUSED_MS * 1000);
        break;
      case 'timeout':
      case 'gateway_path':
      case 'gateway_target': {
        const before = this.#units.get(poll.unitId)?.retryMs ?? 0;
        const retryMs = Math.min(Math.max(2 * before, RETRY_MS.first), REFUSED_MS);
        this.#units.set(poll.unitId, { retryMs, fromUs: nowUs + retryMs * 1000 });
        break;
      }
    }
    if (one.failed !== reason && reason !== 'closed' && reason !== 'malformed') this.#warn(error);
    one.failed = reason;
  }

  #count(reason: FailureReason): void {
    this.#failed[reason] = (this.#failed[reason] ?? 0) + 1;
  }

  /** Makes messages of what is new, with at most 1000 series each, as many as a decoder takes. */
  #take(poll: Poll, data: Uint8Array): void {
    const size = poll.table === 'coil' || poll.table === 'discrete' ? 1 : 2;
    const nowUs = this.#clock.nowUs();
    const time = new Date(this.#clock.utcMs()).toISOString();
    let values: { register: string; data: string }[] = [];
    let series = 0;
    const flush = () => {
      if (values.length > 0)
        this.#waiting.push({ payload: Buffer.from(JSON.stringify({ time, values })), values: values.length });
      values = [];
      series = 0;
    };
    for (const place of poll.places) {
      const from = size * (place.address - poll.address);
      const bytes = data.subarray(from, from + size * place.count);
      if (!this.#deadbands.passes(place, bytes, nowUs)) continue;
      if (series + place.registers.length > MAX_SERIES) flush();
      series += place.registers.length;
      values.push({ register: place.name, data: Buffer.from(bytes).toString('hex') });
      this.#values++;
    }
    flush();
    while (this.#waiting.length > MAX_WAITING) this.#dropped += this.#waiting.shift()!.values;
    if (this.#waiting.length > 0) this.#sending ??= this.#send();
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const next = this.#waiting.shift()!;
      try {
        await this.#seam.take(`modbus/${this.#config.name}`, next.payload);
      } catch (error) {
        this.#report(error as MoteError);
        this.#waiting.unshift(next);
        if (this.#closed) break;
        await new Promise<void>((resolve) => this.#clock.after(RETRY_MS.first, resolve));
      }
    }
    this.#sending = undefined;
  }

  #setOnline(): void {
    this.#retryMs = RETRY_MS.first;
    if (this.#online) return;
    this.#online = true;
    this.#problem = '';
    this.#seam.onOnline?.(this.#config.name);
  }

  /** A problem that lasts is reported once. */
  #report(error: MoteError): void {
    if (error.message === this.#problem) return;
    this.#problem = error.message;
    this.#warn(error);
  }

  #warn(error: MoteError): void {
    this.#seam.onProblem(new MoteError(error.code, `modbus ${this.#config.name}: ${error.message}`, { cause: error }));
  }
}

/** Of one message: host/site/decode/limits.ts. */
const MAX_SERIES = 1000;
