/** One running module: loaded, bounded and asked; every fault comes out as a `MoteError` with a stable code. */

import { MoteError } from '../../base/index.ts';
import { ABI_EXPORTS, AbiError, type Engine, type Limits, Trap } from '../engine/index.ts';
import type { MetricInfo } from '../link/index.ts';
import type { Metadata } from '../package/index.ts';
import { type HostServices, hostImports, ModuleContext } from './host-imports.ts';

export interface ModuleImage {
  wasm: Uint8Array;
  rom: Uint8Array;
  metadata: Metadata;
}

/** What the node allows any module. */
export interface RuntimeLimits {
  /** Linear memory; a module whose metadata asks for more isn't loaded. */
  memoryBytes: number;
  stackBytes: number;
  /** Wall-clock watchdog of one call. */
  deadlineMs: number;
  /** Of a birth message, for what a module declares; default: what a message has. */
  declaredBytes?: number;
}

/** No deadline is nearer than this after a step, so that a module that always wants to run leaves time to others. */
export const MIN_STEP_US = 100;

export class ModuleRuntime {
  readonly metadata: Metadata;
  readonly #context: ModuleContext;
  readonly #engine: Engine;
  readonly #image: ModuleImage;
  readonly #limits: Limits;

  /** Compiles nothing and runs nothing yet. Throws `MODULE_MEMORY` when the node has too little. */
  constructor(engine: Engine, image: ModuleImage, services: HostServices, limits: RuntimeLimits) {
    const { metadata } = image;
    if (metadata.memoryBytes > limits.memoryBytes) {
      throw new MoteError(
        'MODULE_MEMORY',
        `The module needs ${metadata.memoryBytes} bytes of memory and this node gives ${limits.memoryBytes}; use a smaller model.`,
      );
    }
    this.metadata = metadata;
    this.#engine = engine;
    this.#image = image;
    this.#limits = { ...limits, memoryBytes: metadata.memoryBytes, fuel: metadata.fuel };
    this.#context = new ModuleContext(services, metadata.sensors, limits.declaredBytes);
  }

  get metrics(): readonly MetricInfo[] {
    return this.#context.metrics;
  }
  get commands(): readonly string[] {
    return this.#context.commands;
  }
  get droppedLogs(): number {
    return this.#context.droppedLogs;
  }

  /** Compiles. Throws `MODULE_EXPORT`, `Trap` or a `WASM_...` code of the engine. */
  load(): void {
    const imports = hostImports(this.#context);
    const { wasm, rom } = this.#image;
    const instance = this.#engine.load({ wasm, rom, imports, limits: this.#limits });
    this.#context.instance = instance;
    const missing = Object.keys(ABI_EXPORTS).find((name) => !instance.has(name));
    if (missing !== undefined) {
      throw new MoteError('MODULE_EXPORT', `The module exports no ${missing}; build it with 'mote build'.`);
    }
  }

  /** Throws `Trap`, or `MODULE_INIT` when the module refuses to start. */
  init(): void {
    this.#context.begin('init');
    const result = this.#call('init') as number;
    if (result < AbiError.OK) {
      throw new MoteError(
        'MODULE_INIT',
        `init returned ${result}: the module doesn't find what it needs on this node.`,
      );
    }
  }

  /** Returns the time of the next step in microseconds, null for never, and the fuel that this one took. Throws `Trap`. */
  step(nowUs: number): { nextUs: number | null; fuel: bigint } {
    this.#context.begin('step');
    const next = this.#call('step', BigInt(nowUs)) as bigint;
    const nextUs = next > BigInt(Number.MAX_SAFE_INTEGER) ? null : Math.max(Number(next), nowUs + MIN_STEP_US);
    return { nextUs, fuel: this.#context.instance!.fuelUsed() };
  }

  /** A command for subscription `id`, or -1 for a changed configuration. Throws `Trap`. */
  message(id: number, body: Uint8Array): void {
    this.#context.begin('message');
    this.#context.message = body;
    try {
      this.#call('on_message', id, body.length);
    } finally {
      this.#context.message = new Uint8Array(0);
    }
  }

  /** 1 healthy, 0 not known yet, negative: failing. Throws `Trap`. */
  health(): number {
    // Whatever it publishes or writes counts with the step before.
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
      // What broke in the host is the host's: a defect, or the power cut of a test.
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
