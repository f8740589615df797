/**
 * A node under test and its environment in virtual time: a shim that answers, packages, flash that outlives the node.
 * The node is TypeScript's or a board's. Its actions are recorded, so that the two can be compared byte by byte.
 */
import { createHash } from 'node:crypto';
import { VirtualClock } from '../../host/base/index.ts';
import { flashRegion, KeyValueStore, MemoryFlash } from '../../host/device/flash/index.ts';
import {
  encodeMessage,
  type FaultPlan,
  type NodeMessage,
  type ShimMessage,
  type Transport,
  transportPair,
  Xorshift,
} from '../../host/device/link/index.ts';
import type { SensorOptions } from '../../host/device/node/index.ts';
import { DEFAULT_LAYOUT, provision, writeIdentity } from '../../host/device/node/storage.ts';
import { metadataOf, TestShim } from '../../host/device/node/testing.ts';
import { buildPackage, generateKeyPair, type Metadata } from '../../host/device/package/index.ts';
import { SlotStore } from '../../host/device/update/index.ts';
import { MEMORY_BYTES, probeWasm } from './probe.ts';

/** Delay of every byte; an uneven value, so that no arrival coincides with a deadline. */
const WAY_MS = 0.137;
export const NODE_ID = 'under-test';
/** Product class and group of the node, and product of its packages. */
export const PRODUCT = 'press';
export const GROUP = 'hall-2';
export const SEED = 77;
export const UTC_MS = 1_790_000_000_000;

export const trusted = generateKeyPair();
export const stranger = generateKeyPair();

export interface PackageText extends Partial<Metadata> {
  sequence?: number;
  rom?: Uint8Array;
  wasm?: Uint8Array;
  /** The signer's key; default `trusted`. */
  key?: typeof trusted;
  /** Changes a bit of the signature. */
  forged?: boolean;
}

/** Builds a package of the probe, or of other code. */
export function packageOf(text: PackageText = {}): Uint8Array {
  const { sequence = 1, rom, wasm, key = trusted, forged = false, ...metadata } = text;
  const bytes = buildPackage({
    wasm: wasm ?? probeWasm(),
    rom: rom ?? new Uint8Array(0),
    metadata: metadataOf({
      name: 'probe',
      version: `1.0.${sequence}`,
      memoryBytes: MEMORY_BYTES,
      sensors: [],
      commands: ['run'],
      trialMs: 3000,
      fuel: 100_000n,
      product: PRODUCT,
      ...metadata,
    }),
    sequence,
    privateKey: key.privateKey,
  });
  // The signature is the end of the first member.
  if (forged) bytes[5 + bytes[5]!]! ^= 1;
  return bytes;
}

export interface Setup {
  /** The package in the slot, confirmed; null for none. */
  module?: PackageText | null;
  /** Contents of the module's store. */
  kv?: Record<string, Uint8Array>;
  config?: Record<string, number>;
  sensors?: (SensorOptions & { ringSamples: number })[];
  /** Linear memory for a module in bytes; default 16,384. */
  memoryBytes?: number;
  /** Bytes for captures of raw samples; default none. */
  captureBytes?: number;
  /** Additional options of a board. */
  words?: string[];
  /** Seconds between vitals if the configuration doesn't set them; default 0. */
  vitalsS?: number;
}

export interface Geometry {
  sizeBytes: number;
  pageBytes: number;
  writeBytes: number;
}

/** Returns the flash of a newly provisioned node. */
export function makeFlash(geometry: Geometry, { module = {}, kv = {}, config }: Setup): Uint8Array {
  const flash = new MemoryFlash(geometry);
  writeIdentity(flash, { id: NODE_ID, publicKeys: [trusted.publicKey], product: PRODUCT, group: GROUP });
  if (module !== null) provision(flash, module.sequence ?? 1, packageOf(module));
  const { agentPages, kvPages } = DEFAULT_LAYOUT;
  const store = KeyValueStore.open(flashRegion(flash, agentPages, kvPages));
  for (const [key, value] of Object.entries(kv)) store.set(key, value);
  if (config !== undefined) {
    const agent = KeyValueStore.open(flashRegion(flash, 0, agentPages));
    agent.set('config', encodeMessage({ type: 'config', values: config }));
  }
  return flash.image();
}

/** What a node did. Times are microseconds of the whole scenario, over all starts. */
export interface Recording {
  /** Bytes on the link; those of one time are joined. */
  sent: { us: number; hex: string }[];
  taps: { us: number; name: string; hex: string }[];
  messages: NodeMessage[];
  /** Digest of the whole flash after each start. */
  flash: string[];
}

/** A running node. */
export interface Life {
  runUntil(us: number): Promise<void>;
  /** Sends a signal to the node's process, like a fault of the processor. */
  crash?(signal: NodeJS.Signals): void;
  /** Switches the power off and returns the contents of the flash. */
  stop(): Promise<Uint8Array>;
}

export interface Start {
  setup: Setup;
  /** Boot count of this start. */
  boot: number;
  flash: Uint8Array;
  clock: VirtualClock;
  /** The node's end of the link. */
  transport: ReturnType<typeof transportPair>['a'];
  onTap(name: string, data: Uint8Array): void;
  /** Durations of the swaps for a node that doesn't measure them itself, in order; used ones are removed. */
  swapsUs: number[];
}

/** A kind of node. */
export interface Subject {
  name: string;
  geometry: Geometry;
  start(options: Start): Promise<Life>;
}

export class World {
  readonly clock = new VirtualClock();
  shim = new TestShim(this.clock, UTC_MS);
  readonly recording: Recording = { sent: [], taps: [], messages: [], flash: [] };
  readonly #subject: Subject;
  readonly setup: Setup;
  flash: Uint8Array;
  #life: Life | null = null;
  #boots = 0;
  #connected = true;
  #cut: () => void = () => {};
  #toNode: Transport | null = null;
  readonly #got: NodeMessage[] = [];
  readonly #swapsUs: number[];

  constructor(subject: Subject, setup: Setup, swapsUs: readonly number[] = []) {
    this.#subject = subject;
    this.setup = setup;
    this.#swapsUs = [...swapsUs];
    this.flash = makeFlash(subject.geometry, setup);
  }

  /** Switches the power on. The shim's end is connected by default. */
  async start({ connected = true, faults = {} }: { connected?: boolean; faults?: FaultPlan } = {}): Promise<void> {
    // Each direction has its own random numbers, because simultaneous writes of both ends have no common order on all
    // nodes.
    const luck = { node: new Xorshift(SEED), shim: new Xorshift(SEED + 1) };
    let writing = luck.shim;
    const pair = transportPair(this.clock, { ...faults, delayMs: WAY_MS }, () => writing.unit());
    const toNode: Transport = {
      ...pair.a,
      write: (bytes) => {
        writing = luck.shim;
        pair.a.write(bytes);
      },
    };
    this.#cut = pair.cut;
    this.#connected = connected;
    this.#toNode = toNode;
    this.shim.attach({
      ...pair.a,
      close: () => {},
      write: (bytes) => {
        if (this.#connected) toNode.write(bytes);
      },
    });
    this.#life = await this.#subject.start({
      setup: this.setup,
      boot: ++this.#boots,
      flash: this.flash,
      clock: this.clock,
      transport: {
        ...pair.b,
        write: (bytes) =>
          this.#write(bytes, () => {
            writing = luck.node;
            pair.b.write(bytes);
          }),
      },
      onTap: (name, data) => {
        this.recording.taps.push({ us: this.clock.nowUs(), name, hex: Buffer.from(data).toString('hex') });
      },
      swapsUs: this.#swapsUs,
    });
  }

  /** Replaces the contents of the flash; its boot count is lost. */
  wipe(byteAt: (address: number) => number): void {
    this.flash = Uint8Array.from(this.flash, (_, i) => byteAt(i));
    this.#boots = 0;
  }

  /** Puts a completely received package into the flash before the first start. */
  receive(text: PackageText): void {
    const flash = new MemoryFlash({ ...this.#subject.geometry, image: this.flash });
    const first = DEFAULT_LAYOUT.agentPages + DEFAULT_LAYOUT.kvPages;
    const pages = flash.sizeBytes / flash.pageBytes;
    const slots = SlotStore.open(flashRegion(flash, first, pages - first));
    const bytes = packageOf(text);
    const sha256 = new Uint8Array(createHash('sha256').update(bytes).digest());
    slots.begin({ sha256, sequence: text.sequence ?? 1, total: bytes.length });
    slots.append(0, bytes);
    slots.finish();
    this.flash = flash.image();
  }

  /** Interrupts the stream. A serial driver of a board doesn't notice it: no more bytes arrive. */
  disconnect(): void {
    this.#connected = false;
  }

  /** Restores the stream for both ends. */
  connect(): void {
    this.#connected = true;
  }

  async run(ms: number): Promise<void> {
    await this.#life!.runUntil(this.clock.nowUs() + Math.round(ms * 1000));
  }

  /** Replaces the shim by a new one without state. */
  newShim(): void {
    this.#got.push(...this.shim.got);
    this.shim.detach();
    this.shim = new TestShim(this.clock, UTC_MS, 5000);
    const toNode = this.#toNode!;
    this.shim.attach({
      ...toNode,
      close: () => {},
      write: (bytes) => {
        if (this.#connected) toNode.write(bytes);
      },
    });
  }

  /** Writes bytes to the node that aren't frames of the shim. */
  noise(bytes: Uint8Array): void {
    this.#toNode!.write(bytes);
  }

  crash(signal: NodeJS.Signals): void {
    this.#life!.crash!(signal);
  }

  /** Switches the power off. */
  async stop(): Promise<void> {
    this.flash = await this.#life!.stop();
    this.#life = null;
    this.#cut();
    this.recording.flash.push(createHash('sha256').update(this.flash).digest('hex'));
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  send(...messages: ShimMessage[]): void {
    for (const message of messages) this.shim.send(message);
  }

  /** Sends the command `run` with a script. */
  command(id: number, body: Uint8Array, name = 'run'): void {
    this.send({ type: 'command', id, name, body });
  }

  push(text: PackageText): void {
    this.shim.push(packageOf(text), text.sequence ?? 1);
  }

  async end(): Promise<Recording> {
    if (this.#life !== null) await this.stop();
    this.recording.messages = [...this.#got, ...this.shim.got];
    return this.recording;
  }

  #write(bytes: Uint8Array, pass: () => void): void {
    const us = this.clock.nowUs();
    const hex = Buffer.from(bytes).toString('hex');
    const last = this.recording.sent.at(-1);
    if (last?.us === us) last.hex += hex;
    else this.recording.sent.push({ us, hex });
    if (this.#connected) pass();
  }
}
