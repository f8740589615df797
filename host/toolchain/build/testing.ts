/** For tests: AssemblyScript from text, run in V8; a host that plays sound to an app. */
import { readFileSync } from 'node:fs';
import { decode } from 'cbor-x';
import { AbiError } from '../../base/abi/index.ts';
import { packageRoot } from '../../base/index.ts';
import type { Engine, HostFunction, Instance, Value } from '../../device/engine/engine.ts';
import { compileAssembly } from './asc.ts';
import type { BuiltApp } from './build.ts';
import { readSource } from './library.ts';

/** Compiles text as if it were a file in the root of this package. */
export async function assembleText(text: string): Promise<Uint8Array> {
  const { wasm } = await compileAssembly({
    entry: 'test.ts',
    readFile: (name) => (name === 'test.ts' ? text : readSource(packageRoot, name)),
    args: ['-O3', '--use', 'abort=assembly/mote/abort/abort'],
  });
  return wasm;
}

export interface Program {
  memory: Uint8Array;
  call(name: string, ...args: (number | bigint)[]): number;
  callBig(name: string, ...args: (number | bigint)[]): bigint;
}

/** Compiles and instantiates text; the node's functions answer 0. */
export async function runText(text: string): Promise<Program> {
  const module = new WebAssembly.Module((await assembleText(text)) as Uint8Array<ArrayBuffer>);
  const mote = new Proxy({}, { get: () => () => 0 });
  const { exports } = new WebAssembly.Instance(module, { mote });
  const call = (name: string, args: (number | bigint)[]) => (exports[name] as (...args: unknown[]) => unknown)(...args);
  return {
    memory: new Uint8Array((exports.memory as WebAssembly.Memory).buffer),
    call: (name, ...args) => Number(call(name, args)),
    callBig: (name, ...args) => call(name, args) as bigint,
  };
}

/** Samples of a mono 16-bit WAV with the usual 44-byte header. */
export function readWav(path: string): Int16Array {
  const bytes = readFileSync(path).subarray(44);
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

interface Published {
  metric: number;
  t0: number;
  dt: number;
  values: number[];
  quality: number;
}

/** A node with a microphone and a clock that stands on the end of what was heard. */
export class AudioHost {
  readonly events: { name: string; body: Record<string, unknown>; atUs: number }[] = [];
  readonly published: Published[] = [];
  readonly log: string[] = [];
  /** What `init` returned. */
  readonly started: number;
  readonly #taps = new Map<string, Uint8Array[]>();
  readonly #instance: Instance;
  #ring: number[] = [];
  #nowUs = 0;
  #lost = 0;
  #metrics = 0;

  constructor(engine: Engine, app: BuiltApp, config: Record<string, number>, { microphone = true } = {}) {
    const { wasm, rom, metadata } = app;
    const limits = { memoryBytes: metadata.memoryBytes, stackBytes: 16384, fuel: metadata.fuel, deadlineMs: 10_000 };
    this.#instance = engine.load({ wasm, rom, limits, imports: this.#imports(config, microphone) });
    this.started = Number(this.#instance.call('init'));
  }

  /** Samples arrive, and the module runs. */
  hear(samples: Int16Array): void {
    this.#ring.push(...samples);
    this.wait(samples.length * 62.5);
  }

  /** The ring overflows: samples go by that the module never sees. */
  lose(samples: number): void {
    this.#lost += samples;
    this.wait(samples * 62.5);
  }

  wait(us: number): void {
    this.#nowUs += us;
    this.#instance.call('step', BigInt(Math.round(this.#nowUs)));
  }

  health(): number {
    return Number(this.#instance.call('health'));
  }

  /** All that was shown under a name. */
  tapped(name: string): Uint8Array {
    return Buffer.concat(this.#taps.get(name) ?? []);
  }

  #imports(config: Record<string, number>, microphone: boolean): Record<string, HostFunction> {
    const bytes = (ptr: Value | undefined, length: Value | undefined) =>
      this.#instance.bytes(Number(ptr), Number(length));
    const text = (ptr: Value | undefined, length: Value | undefined) => new TextDecoder().decode(bytes(ptr, length));
    return {
      time_now: () => BigInt(Math.round(this.#nowUs)),
      log: (_level, ptr, length) => void this.log.push(text(ptr, length)),
      tap: (name, nameLength, data, length) => {
        const parts = this.#taps.get(text(name, nameLength)) ?? [];
        this.#taps.set(text(name, nameLength), parts);
        parts.push(bytes(data, length).slice());
        return undefined;
      },
      sensor_open: (ptr, length) => (microphone && text(ptr, length) === 'microphone' ? 0 : AbiError.NOT_FOUND),
      sensor_available: () => this.#ring.length,
      sensor_read: (_sensor, dst, count) => {
        const taken = Int16Array.from(this.#ring.splice(0, Number(count)));
        bytes(dst, taken.byteLength).set(new Uint8Array(taken.buffer));
        return taken.length;
      },
      sensor_time: () => BigInt(Math.round(this.#nowUs - this.#ring.length * 62.5)),
      sensor_lost: () => this.#lost,
      metric: () => this.#metrics++,
      publish: (metric, t0, dt, values, count, quality) => {
        const column = new Int32Array(bytes(values, Number(count) * 4).slice().buffer);
        const frame = {
          metric: Number(metric),
          t0: Number(t0),
          dt: Number(dt),
          values: [...column],
          quality: Number(quality),
        };
        this.published.push(frame);
        return AbiError.OK;
      },
      event: (name, nameLength, body, length) => {
        this.events.push({ name: text(name, nameLength), body: decode(bytes(body, length)), atUs: this.#nowUs });
        return AbiError.OK;
      },
      config: (name, length, otherwise) => config[text(name, length)] ?? otherwise,
    };
  }
}
