/**
 * Runs a module on a node: starts it, calls its steps when they are due, asks for its health, and ends it at its first
 * fault. The callbacks decide what a fault or a value of `health` means.
 */

import { NodeConstant } from '../../base/abi/index.ts';
import { type Clock, clip, MoteError } from '../../base/index.ts';
import { type Engine, ModuleError } from '../engine/index.ts';
import { faultBegin } from '../link/index.ts';
import type { Reason, SlotInfo } from '../update/index.ts';
import type { HostServices } from './host-imports.ts';
import { type ModuleImage, ModuleRuntime, type RuntimeLimits } from './runtime.ts';

export interface NodeLimits extends RuntimeLimits {
  /** A step that ends this long after the time of the next one has missed its deadline. */
  lateMs: number;
}
export const NODE_LIMITS: NodeLimits = {
  memoryBytes: NodeConstant.memoryBytes,
  stackBytes: NodeConstant.stackBytes,
  deadlineMs: NodeConstant.deadlineUs / 1000,
  lateMs: NodeConstant.lateUs / 1000,
};

/** Interval between calls of `health`, after a step, for a module that isn't on trial. */
const HEALTH_US = NodeConstant.healthUs;
const NO_BYTES = new Uint8Array(0);

export interface Running {
  readonly runtime: ModuleRuntime;
  /** Null for a module without slots. */
  info: SlotInfo | null;
  readonly sha256: Uint8Array;
  /** Last value of `health`. */
  health: number | null;
  healthUs: number;
  /** Steps that ended too long after the time of the next one. */
  misses: number;
  /** True during a swap: the trial is judged only after it was reported. */
  starting: boolean;
}

export interface Fault extends Reason {
  /** load, init, step, on_message or health. */
  during: string;
  /** Offsets in `wasm` of the instruction that trapped and of the calls that led to it; empty if none is known. */
  offsets: readonly number[];
  /** The module; null if it isn't known. */
  wasm: Uint8Array | null;
}

/** One call of the module's `step` that ended without a fault. */
export interface StepRecord {
  tUs: number;
  fuel: bigint;
  /** View of linear memory, valid until the module runs again. */
  memory(): Uint8Array;
}

export interface SupervisorOptions {
  clock: Clock;
  engine: Engine;
  services: HostServices;
  limits: NodeLimits;
  fuelPerMs: number | undefined;
  /** Runs a module's init. Its declarations are known afterwards, also if it throws. */
  declare(init: () => void): void;
  /** Called after the module has ended with a fault. */
  onFault(fault: Fault, who: Running | null): void;
  /** Called with each value of `health`; `before` is the previous one. */
  onHealth(running: Running, before: number | null): void;
  onStep?(step: StepRecord): void;
}

export class Supervisor {
  readonly counts = { steps: 0, misses: 0, maxFuel: 0n };
  readonly #options: SupervisorOptions;
  #running: Running | null = null;
  #cancelStep: (() => void) | null = null;
  #busyUntilUs = 0;
  #busyUs = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get running(): Running | null {
    return this.#running;
  }

  /** Microseconds for which steps kept a simulated processor busy. */
  get busyUs(): number {
    return this.#busyUs;
  }

  /** Compiles a module while another one may still be running. Throws `MoteError`. */
  prepare(image: ModuleImage, info: SlotInfo | null, sha256: Uint8Array): Running {
    const { engine, services, limits } = this.#options;
    const runtime = new ModuleRuntime(engine, image, services, limits);
    runtime.load();
    return { runtime, info, sha256, health: null, healthUs: 0, misses: 0, starting: false };
  }

  /** Calls init and then the first step at once. */
  run(next: Running): void {
    this.#running = next;
    const { declare } = this.#options;
    if (this.#guard('init', () => declare(() => next.runtime.init()))) this.#step();
  }

  stop(): void {
    this.#cancelStep?.();
    this.#cancelStep = null;
    this.#running?.runtime.close();
    this.#running = null;
  }

  /**
   * Delivers a command for subscription `id`, or -1 for a changed configuration. Returns false if no module runs or it
   * faulted.
   */
  message(id: number, body: Uint8Array = NO_BYTES): boolean {
    const running = this.#running;
    return running !== null && this.#guard('on_message', () => running.runtime.message(id, body));
  }

  /** Calls `health` of the running module at once. The value, or a fault, may end the module before this returns. */
  askHealth(): void {
    if (this.#running !== null) this.#askHealth(this.#running, this.#options.clock.nowUs());
  }

  /**
   * Reports a fault outside the module's own code, such as one in loading. Rethrows anything but a `MoteError`, which
   * is a defect.
   */
  fail(error: unknown, during: string, who: Running | null = this.#running): void {
    if (!(error instanceof MoteError)) throw error;
    this.stop();
    const offsets = error instanceof ModuleError ? error.offsets : [];
    const text = clip(`${faultBegin(during, offsets[0])}${error.message}`, 160);
    this.#options.onFault({ code: error.code, text, during, offsets, wasm: who?.runtime.wasm ?? null }, who);
  }

  /** Runs module code. A fault ends the module and returns false. */
  #guard(during: string, run: () => void): boolean {
    const running = this.#running;
    try {
      run();
      return true;
    } catch (error) {
      this.fail(error, during, running);
      return false;
    }
  }

  #step(): void {
    const { clock, limits, fuelPerMs } = this.#options;
    const running = this.#running!;
    const nowUs = clock.nowUs();
    let nextUs: number | null = null;
    let fuel = 0n;
    const stepped = this.#guard('step', () => {
      ({ nextUs, fuel } = running.runtime.step(nowUs));
    });
    if (!stepped) return;
    this.counts.steps++;
    if (fuel > this.counts.maxFuel) this.counts.maxFuel = fuel;
    this.#options.onStep?.({ tUs: nowUs, fuel, memory: () => running.runtime.memory() });
    if (fuelPerMs !== undefined) {
      const busyUs = Math.ceil((Number(fuel) * 1000) / fuelPerMs);
      this.#busyUntilUs = nowUs + busyUs;
      this.#busyUs += busyUs;
    }
    if (nextUs !== null) {
      // Measured from the module's own work: a late call on a busy computer is no fault of the module.
      const endUs = Math.max(clock.nowUs(), this.#busyUntilUs);
      if (endUs - nextUs > limits.lateMs * 1000) {
        running.misses++;
        this.counts.misses++;
      }
      this.#plan(nextUs);
    }
    const onTrial = running.info?.state === 'trial';
    if (onTrial || running.health === null || nowUs - running.healthUs >= HEALTH_US) this.#askHealth(running, nowUs);
  }

  #plan(dueUs: number): void {
    this.#cancelStep = this.#options.clock.at(Math.max(dueUs, this.#busyUntilUs), () => this.#step());
  }

  #askHealth(running: Running, nowUs: number): void {
    const before = running.health;
    const asked = this.#guard('health', () => {
      running.health = running.runtime.health();
    });
    if (!asked) return;
    running.healthUs = nowUs;
    this.#options.onHealth(running, before);
  }
}
