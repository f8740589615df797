/** For tests: small modules from WebAssembly text, packages of them, nodes and shims in virtual time. */
import { expect } from 'vitest';
import { type Clock, VirtualClock } from '../../base/index.ts';
import { ABI_IMPORTS, ABI_VERSION, ENGINE_NAMES, type Engine, type FunctionType, loadEngine } from '../engine/index.ts';
import { wat } from '../engine/testing.ts';
import { type Flash, MemoryFlash } from '../flash/index.ts';
import {
  type FaultPlan,
  type MetricInfo,
  type NodeMessage,
  type Pair,
  type ShimLink,
  type ShimMessage,
  shimLink,
  type Transport,
  transportPair,
} from '../link/index.ts';
import { buildPackage, generateKeyPair, type Metadata } from '../package/index.ts';
import { PackageSender } from '../update/index.ts';
import { generated, Node, type NodeOptions, type NodeState, type TelemetryRecord } from './index.ts';
import type { ModuleImage } from './runtime.ts';

/**
 * The engines. wasm3 is built by `cc` at its first use; without a compiler it is null here, and its own tests report
 * what is missing.
 */
export const ENGINES: [string, Engine | null][] = await Promise.all(
  ENGINE_NAMES.map(async (name): Promise<[string, Engine | null]> => [name, await loadEngine(name).catch(() => null)]),
);

const params = (type: FunctionType) => type.params.map((one) => ` (param ${one})`).join('');
const result = (type: FunctionType) => (type.result === null ? '' : ` (result ${type.result})`);
const IMPORTS = Object.entries(ABI_IMPORTS as Record<string, FunctionType>)
  .map(([name, type]) => `(import "mote" "${name}" (func $${name}${params(type)}${result(type)}))`)
  .join('\n');

/** A module with every import as an export of the same name, and 4 KiB of memory. */
export const PASS_THROUGH = wat(`(module ${IMPORTS} (memory $m 1) (export "memory" (memory $m))
  ${Object.entries(ABI_IMPORTS as Record<string, FunctionType>)
    .map(([name, type]) => {
      const locals = type.params.map((_, i) => `(local.get ${i})`).join(' ');
      return `(func (export "${name}")${params(type)}${result(type)} (call $${name} ${locals}))`;
    })
    .join('\n')})`);

export interface AppText {
  /**
   * Function bodies. `init` and `health` return an i32, `step` an i64 (`$now` is its parameter); `message` has `$id`
   * and `$length`.
   */
  init?: string;
  step?: string;
  message?: string;
  health?: string;
  /** Additional globals, data and functions. */
  more?: string;
  /** Linear memory in bytes. The bodies have no fuel counter; a loop that should end by fuel calls `$burn`. */
  memoryBytes?: number;
}

/** A module with all exports of the ABI. `$burn` spends one unit of fuel, as the build inserts it into every loop. */
export function appWasm(app: AppText): Uint8Array {
  const step = app.step ?? '(i64.add (local.get $now) (i64.const 10000))';
  return wat(`(module ${IMPORTS} (memory $m 1) (export "memory" (memory $m))
    (global $version i32 (i32.const ${ABI_VERSION})) (export "abi_version" (global $version))
    (global $bytes i32 (i32.const ${app.memoryBytes ?? 65_536})) (export "memory_bytes" (global $bytes))
    (global $fuel (mut i64) (i64.const 0)) (export "fuel" (global $fuel))
    (func $burn (global.set $fuel (i64.sub (global.get $fuel) (i64.const 1)))
      (if (i64.lt_s (global.get $fuel) (i64.const 0)) (then (unreachable))))
    ${app.more ?? ''}
    (func (export "init") (result i32) ${app.init ?? '(i32.const 0)'})
    (func (export "step") (param $now i64) (result i64) (local $n i32) (local $i i32) ${step})
    (func (export "on_message") (param $id i32) (param $length i32) ${app.message ?? ''})
    (func (export "health") (result i32) ${app.health ?? '(i32.const 1)'}))`);
}

export function metadataOf(change: Partial<Metadata> = {}): Metadata {
  return {
    name: 'test',
    version: '1.0.0',
    abi: ABI_VERSION,
    memoryBytes: 65_536,
    sensors: ['mic'],
    metrics: [],
    commands: [],
    models: [],
    fuel: 100_000n,
    trialMs: 2000,
    product: '',
    node: '',
    group: '',
    maxStep: 1_000_000,
    ...change,
  };
}

export function app(text: AppText, change: Partial<Metadata> = {}): ModuleImage {
  return {
    wasm: appWasm(text),
    rom: new Uint8Array(0),
    metadata: metadataOf({ memoryBytes: text.memoryBytes ?? 65_536, ...change }),
  };
}

const SAMPLES: MetricInfo = { name: 'samples', unit: '1', exponent: 0 };

/** Publishes every sample of the sensor `mic` unchanged, up to 500 of them each `periodUs`. */
export function recorderText(periodUs = 10_000): AppText {
  return {
    more: `(global $sensor (mut i32) (i32.const 0)) (data (i32.const 0) "micsamples1")`,
    init: `(global.set $sensor (call $sensor_open (i32.const 0) (i32.const 3)))
      (drop (call $metric (i32.const 3) (i32.const 7) (i32.const 10) (i32.const 1) (i32.const 0)))
      (select (global.get $sensor) (i32.const 0) (i32.lt_s (global.get $sensor) (i32.const 0)))`,
    step: `(local.set $n (call $sensor_read (global.get $sensor) (i32.const 1024) (i32.const 500)))
      (if (i32.gt_s (local.get $n) (i32.const 0)) (then
        (loop $each
          (call $burn)
          (i32.store (i32.add (i32.const 4096) (i32.shl (local.get $i) (i32.const 2)))
            (i32.load16_s (i32.add (i32.const 1024) (i32.shl (local.get $i) (i32.const 1)))))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $each (i32.lt_s (local.get $i) (local.get $n))))
        (drop (call $publish (i32.const 0) (local.get $now) (i32.const 1000) (i32.const 4096) (local.get $n) (i32.const 0)))))
      (i64.add (local.get $now) (i64.const ${periodUs}))`,
  };
}

export function recorder(periodUs = 10_000, change: Partial<Metadata> = {}): ModuleImage {
  return app(recorderText(periodUs), { metrics: [SAMPLES], ...change });
}

/** A shim on any clock: answers time requests, pushes a package, records the node's messages. */
export class TestShim {
  readonly got: NodeMessage[] = [];
  readonly #clock: Clock;
  readonly #utcMs: number;
  readonly #link: ShimLink;
  #sender: PackageSender | null = null;

  /** `session`: the number of its first session. */
  constructor(clock: Clock, utcMs = 1_790_000_000_000, session = 1000) {
    this.#clock = clock;
    this.#utcMs = utcMs;
    this.#link = shimLink({
      clock,
      newSessionId: () => session++,
      onMessage: (message) => this.#receive(message),
      onUp: () => this.#offer(),
      onDrain: () => this.#feed(),
    });
  }

  get up(): boolean {
    return this.#link.up;
  }

  attach(transport: Transport): void {
    this.#link.attach(transport);
  }

  detach(): void {
    this.#link.detach();
  }

  send(message: ShimMessage): void {
    this.#link.send(message);
  }

  /** Offers the package now and whenever the link comes up. */
  push(bytes: Uint8Array, sequence: number): void {
    this.#sender = new PackageSender({ bytes, sequence, chunkBytes: 256 });
    this.#offer();
  }

  get<T extends NodeMessage['type']>(type: T): Extract<NodeMessage, { type: T }>[] {
    return this.got.filter((message): message is Extract<NodeMessage, { type: T }> => message.type === type);
  }

  #offer(): void {
    if (this.#sender !== null && this.#link.up) this.#link.send(this.#sender.offer());
  }

  #receive(message: NodeMessage): void {
    this.got.push(message);
    if (message.type === 'time?') {
      const utcMs = this.#utcMs + Math.floor(this.#clock.nowUs() / 1000);
      this.#link.send({ type: 'time', sentUs: message.sentUs, utcMs });
    }
    if (message.type === 'ota') this.#sender?.onStatus(message);
    this.#feed();
  }

  #feed(): void {
    while (this.#sender !== null && this.#link.room > 0) {
      const chunk = this.#sender.next();
      if (chunk === null) return;
      this.#link.send(chunk);
    }
  }
}

/** wasm3, as on nodes, where it can be built. */
const engine = ENGINES.find(([, one]) => one !== null)![1]!;
export const keys = generateKeyPair();
/** Keys that no node trusts. */
export const stranger = generateKeyPair();
export const pack = (image: ModuleImage, sequence: number, privateKey = keys.privateKey) =>
  buildPackage({ ...image, sequence, privateKey });

/** Sample i is i modulo 2^15, so that a lost or duplicated one is detected. */
export const mic = () => [{ name: 'mic', source: generated({ rateHz: 1000 }, (i) => i % 32_768), ringSamples: 500 }];

/** A node with slots, a shim, and streams between them that are replaced when they are cut. */
export class World {
  readonly clock = new VirtualClock();
  readonly shim = new TestShim(this.clock);
  readonly flash: Flash;
  readonly telemetry: TelemetryRecord[] = [];
  readonly states: NodeState[] = [];
  readonly #options: Partial<NodeOptions>;
  node: Node;
  pair: Pair | null = null;
  faults: FaultPlan = {};
  cuts = 0;
  random: () => number = () => 1;

  constructor(options: Partial<NodeOptions> = {}, flash: Flash = chip()) {
    this.#options = options;
    this.flash = flash;
    this.node = this.make();
  }

  make(): Node {
    return new Node({
      id: 'n1',
      engine,
      clock: this.clock,
      flash: this.flash,
      publicKeys: [keys.publicKey],
      sensors: mic(),
      link: {},
      hooks: {
        onTelemetry: (record) => this.telemetry.push(record),
        onState: (state) => {
          this.states.push(state);
          if (state.kind !== 'link' || state.up || state.why !== 'closed') return;
          this.cuts++;
          this.clock.after(50, () => this.connect());
        },
      },
      ...this.#options,
    });
  }

  connect(): void {
    const pair = transportPair(this.clock, this.faults, this.random);
    this.pair = pair;
    this.node.attach(pair.a);
    this.shim.attach(pair.b);
    // A stream may end before the two ends have met.
    this.clock.after(3000, () => this.node.status().link!.up || this.pair !== pair || this.connect());
  }

  /** Switches the power off and on again. */
  restart(): void {
    this.node.close();
    this.node = this.make();
    this.node.start();
    this.connect();
  }

  run(seconds: number): void {
    this.clock.runUntil(this.clock.nowUs() + seconds * 1e6);
  }

  /** States of the updates, in order, without repetitions. */
  get ota(): string[] {
    const all = this.states.flatMap((state) => (state.kind === 'ota' ? [state.status.state] : []));
    return all.filter((state, i) => state !== all[i - 1]);
  }
  get samples(): number[] {
    return this.telemetry.flatMap(({ values }) => values);
  }
  get running(): string | undefined {
    return this.node.status().module?.version;
  }
}

export function chip(kib = 128): MemoryFlash {
  return new MemoryFlash({ sizeBytes: kib * 1024, pageBytes: 4096, writeBytes: 4 });
}

/** A world in which version 1 runs, confirmed. */
export function settled(
  options: Partial<NodeOptions> = {},
  first: ModuleImage = recorder(),
  flash: Flash = chip(),
): World {
  const world = new World(options, flash);
  world.node.start();
  world.connect();
  world.shim.push(pack(first, 1), 1);
  world.run(1);
  expect(world.node.status().module).toMatchObject({ version: '1.0.0', state: 'confirmed' });
  world.states.length = 0;
  return world;
}
export const version2 = { version: '2.0.0' };
