/**
 * Vitals: telemetry of the node itself, with metrics that follow those of the module in a birth. The setting
 * `agent.vitals_s` is the interval in seconds; 0 sends none. The C twin is agent/vitals.c.
 */
import { NodeConstant } from '../../base/abi/index.ts';
import type { Clock } from '../../base/index.ts';
import { MessageLimit, type MetricInfo } from '../link/index.ts';
import type { Running } from './supervisor.ts';

const metric = (name: string, unit: string): MetricInfo => ({ name, unit, exponent: 0 });
/** A process has neither a stack to measure nor a chip's reset reason: both are 0. */
const METRICS: readonly MetricInfo[] = [
  metric('agent.stack', 'By'),
  metric('agent.heap', 'By'),
  metric('agent.heap_peak', 'By'),
  metric('agent.slot', 'By'),
  metric('agent.asleep', 'us'),
  metric('agent.boot', '1'),
];
export const VITALS_SETTING = 'agent.vitals_s';
const MAX_S = NodeConstant.maxVitalsS;
const I32_MAX = 0x7fff_ffff;

export interface VitalsOptions {
  clock: Clock;
  /** Interval if the setting isn't set. */
  defaultS: number;
  setting(): number | undefined;
  running(): Running | null;
  /** Microseconds for which modules kept the processor busy since the start. */
  busyUs(): number;
  publish(
    frame: { metric: number; t0Us: number; dtUs: number; values: number[]; quality: number },
    of: MetricInfo,
  ): void;
}

export class Vitals {
  readonly #options: VitalsOptions;
  /** Number of the module's metrics in the last birth. */
  #own = 0;
  #periodS = 0;
  #cancel: (() => void) | null = null;
  #heapPeak = 0;
  #asleepUs = 0;

  constructor(options: VitalsOptions) {
    this.#options = options;
  }

  /** Applies the setting; returns true if it has changed. */
  configure(): boolean {
    const { setting, defaultS } = this.#options;
    const periodS = Math.min(Math.max(setting() ?? defaultS, 0), MAX_S);
    if (periodS === this.#periodS) return false;
    this.#periodS = periodS;
    this.#plan();
    return true;
  }

  /**
   * Returns the vitals for a birth that is sent now, behind `own` metrics of the module. Reports use these numbers
   * until the next birth. A module that declares the maximum number of metrics leaves no room for vitals.
   */
  follow(own: number): readonly MetricInfo[] {
    this.#own = own;
    return this.#metrics();
  }

  close(): void {
    this.#cancel?.();
  }

  #metrics(): readonly MetricInfo[] {
    return this.#periodS > 0 && this.#own + METRICS.length <= MessageLimit.metrics ? METRICS : [];
  }

  #plan(): void {
    this.#cancel?.();
    this.#cancel = this.#periodS > 0 ? this.#options.clock.after(this.#periodS * 1000, () => this.#report()) : null;
  }

  #report(): void {
    this.#plan();
    const { clock, running, busyUs, publish } = this.#options;
    const nowUs = clock.nowUs();
    const heap = running()?.runtime.metadata.memoryBytes ?? 0;
    this.#heapPeak = Math.max(this.#heapPeak, heap);
    const asleepUs = Math.max(nowUs - busyUs(), 0);
    const values = [0, heap, this.#heapPeak, running()?.info?.total ?? 0, asleepUs - this.#asleepUs, 0];
    for (const [i, of] of this.#metrics().entries()) {
      const value = Math.min(Math.max(values[i]!, 0), I32_MAX);
      publish({ metric: this.#own + i, t0Us: nowUs, dtUs: 0, values: [value], quality: 0 }, of);
    }
    this.#asleepUs = asleepUs;
  }
}
