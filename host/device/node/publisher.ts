/**
 * Everything that a node sends, to its observers and over its link. Telemetry and events are numbered from the node's
 * start.
 */

import { type Clock, clip } from '../../base/index.ts';
import type { LogLevel } from '../engine/index.ts';
import { MessageLimit, type MetricInfo } from '../link/index.ts';
import type { Published } from './host-imports.ts';
import type { NodeHooks, NodeState } from './observe.ts';
import type { Fault } from './supervisor.ts';
import type { Uplink } from './uplink.ts';
import type { UtcClock } from './utc.ts';

export class Publisher {
  /** Set once it exists. */
  uplink: Uplink | null = null;
  readonly #clock: Clock;
  readonly #utc: UtcClock;
  readonly #hooks: NodeHooks;
  #frames = 0;
  #events = 0;

  constructor(clock: Clock, utc: UtcClock, hooks: NodeHooks) {
    this.#clock = clock;
    this.#utc = utc;
    this.#hooks = hooks;
  }

  /** Null without a listener, so that nothing is copied. */
  get tap(): ((name: string, data: Uint8Array) => void) | null {
    const { onTap } = this.#hooks;
    return onTap === undefined ? null : (name, data) => onTap({ name, data, tUs: this.#clock.nowUs() });
  }

  publish(frame: Published, metric: MetricInfo): void {
    const seq = this.#frames;
    this.#frames = (seq + 1) >>> 0;
    this.#hooks.onTelemetry?.({ ...frame, ...metric, seq, tMs: this.#utc.at(frame.t0Us) });
    this.uplink?.data({ type: 'telemetry', ...frame, exponent: metric.exponent, seq });
  }

  /** Number of the last event. */
  get lastEvent(): number {
    return (this.#events - 1) >>> 0;
  }

  /** Returns false if there is no room. */
  event(name: string, body: Uint8Array): boolean {
    if (this.uplink?.eventRoom(name, body) === false) return false;
    const seq = this.#events;
    this.#events = (seq + 1) >>> 0;
    const tUs = this.#clock.nowUs();
    this.#hooks.onEvent?.({ name, body, seq, tUs, tMs: this.#utc.at(tUs) });
    this.uplink?.data({ type: 'event', name, seq, tUs, body });
    return true;
  }

  log(level: LogLevel, line: string): void {
    const text = clip(line, MessageLimit.textBytes);
    const tUs = this.#clock.nowUs();
    this.#hooks.onLog?.({ level, text, tUs, tMs: this.#utc.at(tUs) });
    this.uplink?.data({ type: 'log', level, text, tUs });
  }

  report(state: NodeState): void {
    this.#hooks.onState?.(state);
  }

  fault(fault: Fault): void {
    const { code, text, during } = fault;
    this.report({ kind: 'fault', during, reason: { code, text } });
    this.log('error', `${code} ${text}`);
    this.#hooks.onFault?.(fault);
  }
}
