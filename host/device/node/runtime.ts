/** One loaded module with its limits. Every fault is a `MoteError` with a stable code. */

import { NodeConstant } from '../../base/abi/index.ts';
import { MoteError, sentenceError } from '../../base/index.ts';
import { ABI_EXPORTS, AbiError, type Engine, type Limits, ModuleError, Trap } from '../engine/index.ts';
import type { MetricInfo } from '../link/index.ts';
import type { Metadata } from '../package/index.ts';
import { type HostServices, hostImports, Misuse, ModuleContext } from './host-imports.ts';

export interface ModuleImage {
  wasm: Uint8Array;
  rom: Uint8Array;
  metadata: Metadata;
}

/** Limits of a node for any module. */
export interface RuntimeLimits {
  /** Linear memory in bytes; a module whose metadata requires more isn't loaded. */
  memoryBytes: number;
  stackBytes: number;
  /** Wall-clock limit of one call. */
  deadlineMs: number;
  /** Bytes of a birth message for a module's declarations; default: what a message allows. */
  declaredBytes?: number;
}

/** Shortest time to the next step, so that a module that always wants to run leaves time for others. */
export const MIN_STEP_US: number = NodeConstant.minStepUs;

export class ModuleRuntime {
  /** Steps in a row that returned an earlier time, and by how much the last one did. */
  readonly #early = { steps: 0, us: 0 };
  readonly metadata: Metadata;
  readonly #context: ModuleContext;
  readonly #engine: Engine;
  readonly #image: ModuleImage;
  readonly #limits: Limits;

  /** Neither compiles nor runs anything yet. Throws `MODULE_MEMORY` if the node has too little memory. */
  constructor(engine: Engine, image: ModuleImage, services: HostServices, limits: RuntimeLimits) {
    const { metadata } = image;
    if (metadata.memoryBytes > limits.memoryBytes) {
      throw sentenceError('module_memory', metadata.memoryBytes, limits.memoryBytes);
    }
    this.metadata = metadata;
    this.#engine = engine;
    this.#image = image;
    this.#limits = { ...limits, memoryBytes: metadata.memoryBytes, fuel: metadata.fuel };
    this.#context = new ModuleContext(services, metadata.sensors, limits.declaredBytes);
  }

  get wasm(): Uint8Array {
    return this.#image.wasm;
  }
  get metrics(): readonly MetricInfo[] {
    return this.#context.metrics;
  }
  get commands(): readonly string[] {
    return this.#context.commands;
  }
  get unread(): readonly string[] {
    return this.#context.unread;
  }
  get droppedLogs(): number {
    return this.#context.droppedLogs;
  }

  /** Compiles the module. Throws `MODULE_EXPORT`, `Trap` or a `WASM_...` code of the engine. */
  load(): void {
    const imports = hostImports(this.#context);
    const { wasm, rom } = this.#image;
    const instance = this.#engine.load({ wasm, rom, imports, limits: this.#limits });
    this.#context.instance = instance;
    const missing = Object.keys(ABI_EXPORTS).find((name) => !instance.has(name));
    if (missing !== undefined) {
      throw sentenceError('module_export', missing);
    }
  }

  /** Calls init. Throws `Trap`, or `MODULE_INIT` if the module refuses to start. */
  init(): void {
    this.#context.begin('init');
    const result = this.#call('init') as number;
    if (result < AbiError.OK) {
      throw sentenceError('module_init', result);
    }
  }

  /**
   * Calls step. Returns the time of the next step in microseconds, null for never, and the fuel spent. Throws `Trap`, or
   * `MODULE_STEP` if the node would never sleep.
   */
  step(nowUs: number): { nextUs: number | null; fuel: bigint } {
    this.#context.begin('step');
    const next = this.#call('step', BigInt(nowUs)) as bigint;
    const fuel = this.#context.instance!.fuelUsed();
    if (next > BigInt(Number.MAX_SAFE_INTEGER)) return { nextUs: null, fuel };
    const wantedUs = Math.max(Number(next), 0);
    this.#countEarly(nowUs, wantedUs);
    return { nextUs: Math.max(wantedUs, nowUs + MIN_STEP_US), fuel };
  }

  /** A module that was held up catches up: each time that it returns is closer to the clock than the one before. */
  #countEarly(nowUs: number, wantedUs: number): void {
    const early = this.#early;
    const us = Math.max(nowUs + MIN_STEP_US - wantedUs, 0);
    if (us === 0) early.steps = 0;
    else early.steps = us < early.us ? 1 : early.steps + 1;
    early.us = us;
    if (early.steps >= NodeConstant.maxEarlySteps) throw sentenceError('module_step', wantedUs, nowUs, early.steps);
  }

  /** Delivers a command for subscription `id`, or -1 for a changed configuration. Throws `Trap`. */
  message(id: number, body: Uint8Array): void {
    this.#context.begin('message');
    this.#context.message = body;
    try {
      this.#call('on_message', id, body.length);
    } finally {
      this.#context.message = new Uint8Array(0);
    }
  }

  /** View of linear memory, valid until the module runs again. */
  memory(): Uint8Array {
    return this.#context.instance!.bytes(0, this.metadata.memoryBytes);
  }

  /** Calls health: 1 healthy, 0 unknown, negative failing. Throws `Trap`. */
  health(): number {
    // Its messages and writes count towards the limits of the previous step.
    this.#context.phase = 'step';
    return this.#call('health') as number;
  }

  close(): void {
    this.#context.instance?.close();
    this.#context.instance = null;
  }

  #call(name: 'init' | 'step' | 'on_message' | 'health', ...args: (number | bigint)[]): number | bigint | undefined {
    try {
      return this.#context.instance!.call(name, ...args);
    } catch (error) {
      if (error instanceof Trap && error.cause instanceof Misuse) {
        const { code, message } = error.cause.error;
        throw new ModuleError(code, message, { cause: error, offsets: error.offsets });
      }
      // A failure inside the host is not the module's: it is a defect, or the power cut of a test.
      if (
        error instanceof Trap &&
        error.kind === 'host' &&
        error.cause instanceof Error &&
        !(error.cause instanceof MoteError)
      )
        throw error.cause;
      throw error;
    } finally {
      this.#context.phase = 'idle';
    }
  }
}
