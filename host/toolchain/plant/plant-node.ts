/** A node on a machine: it runs a real module, loses its power and its network, and sleeps. */
import { type Clock, systemClock } from '../../base/index.ts';
import type { Engine, EngineName } from '../../device/engine/index.ts';
import { MemoryFlash } from '../../device/flash/index.ts';
import { connectTcp, keepOpen } from '../../device/link/index.ts';
import {
  type ModuleImage,
  Node,
  type NodeHooks,
  type NodeStatus,
  type SensorOptions,
} from '../../device/node/index.ts';
import type { SensorName } from './faults.ts';
import type { Machine } from './machine.ts';
import { hashText, unit } from './math.ts';
import { type NodePlan, outages, type PlantPlan } from './plan.ts';
import { nodeId, type TruthRow } from './records.ts';
import { sensorSource } from './sensors.ts';

/** The stores of a node without slots: six pages. */
const FLASH = { sizeBytes: 6 * 4096, pageBytes: 4096, writeBytes: 4 };
/** A module that this process built is bounded by its fuel alone: a clock would make results depend on the machine. */
const HANG_MS = 60_000;

export interface PlantNodeOptions {
  plan: PlantPlan;
  node: NodePlan;
  machine: Machine;
  image: ModuleImage;
  /** Settings of mote.json under those of the plan. */
  defaults: Readonly<Record<string, number>>;
  /** It was built here, so that its fuel can be trusted. */
  trusted: boolean;
  engines: Readonly<Record<EngineName, Engine>>;
  /** Its time 0 is the plant's start. */
  clock: Clock;
  /** Nodes start within this time, so that they don't wake up together. */
  spreadS: number;
  /** End of the run, in seconds since the plant's start. */
  endS: number;
  gateway: { host: string; port: number } | null;
  hooks(node: string): NodeHooks;
  onPower(node: string, on: boolean): void;
  onTrouble(node: string, text: string): void;
}

const us = (seconds: number): number => Math.round(seconds * 1e6);

export class PlantNode {
  readonly id: string;
  readonly engine: EngineName;
  readonly truth: readonly TruthRow[];
  readonly #options: PlantNodeOptions;
  readonly #seed: number;
  readonly #flash = new MemoryFlash(FLASH);
  readonly #noPower: readonly { fromS: number; toS: number }[];
  readonly #noNetwork: readonly { fromS: number; toS: number }[];
  #node: Node | null = null;
  #disconnect: (() => void) | null = null;
  #networkLost = false;
  #asleep = false;
  #closed = false;

  constructor(options: PlantNodeOptions) {
    const { plan, node, machine, endS, gateway } = options;
    this.#options = options;
    this.id = nodeId(machine.name, node.name);
    this.#seed = hashText(plan.seed, this.id);
    this.engine = unit(this.#seed, 1) < node.wasm3 ? 'wasm3' : 'v8';
    this.#noPower = outages(plan.power, this.#seed ^ 0x90e3, endS);
    this.#noNetwork = gateway === null ? [] : outages(plan.network, this.#seed ^ 0x2e70, endS);
    const row = (what: 'power' | 'network') => (span: { fromS: number; toS: number }) => ({
      machine: machine.name,
      node: this.id,
      what,
      ...span,
      severity: 1,
    });
    this.truth = [...this.#noPower.map(row('power')), ...this.#noNetwork.map(row('network'))];
  }

  /** Plans the node's life on the clock. */
  begin(): void {
    const { clock, plan, gateway, spreadS } = this.#options;
    const startS = Math.floor(unit(this.#seed, 2) * spreadS * 1000) / 1000;
    const at = (s: number, run: () => void) => void clock.at(us(s), () => this.#closed || run());
    at(startS, () => this.#powerOn());
    for (const { fromS, toS } of this.#noPower) {
      if (fromS <= startS) continue;
      at(fromS, () => this.#powerOff());
      at(toS, () => this.#powerOn());
    }
    if (gateway === null) return;
    for (const { fromS, toS } of this.#noNetwork) {
      at(fromS, () => this.#network(false));
      at(toS, () => this.#network(true));
    }
    if (plan.sleep !== null) at(startS, () => this.#wake());
  }

  status(): NodeStatus | null {
    return this.#node?.status() ?? null;
  }

  /** Messages that the gateway hasn't acknowledged. */
  get unsent(): number {
    const status = this.status();
    return (status?.outbox?.waiting ?? 0) + (status?.link?.queued ?? 0);
  }

  /** Connects a node that is asleep or without a network. */
  connect(): void {
    this.#networkLost = false;
    this.#asleep = false;
    this.#link();
  }

  close(): void {
    this.#closed = true;
    this.#unlink();
    this.#node?.close();
    this.#node = null;
  }

  #powerOn(): void {
    if (this.#node !== null) return;
    const { plan, node, machine, image, defaults, trusted, engines, clock, gateway, hooks } = this.#options;
    const startS = clock.nowUs() / 1e6;
    const sensors = Object.entries(node.sensors).map(
      ([name, rateHz]): SensorOptions => ({
        name,
        source: sensorSource(machine, name as SensorName, rateHz, startS),
        ...(node.ring !== null && { ringSamples: node.ring }),
      }),
    );
    this.#node = new Node({
      id: this.id,
      engine: engines[this.engine],
      clock,
      seed: this.#seed,
      sensors,
      flash: this.#flash,
      module: image,
      config: { ...defaults, ...node.config },
      utcMs: plan.startMs,
      limits: { deadlineMs: trusted && this.engine === 'v8' ? Number.POSITIVE_INFINITY : HANG_MS },
      hooks: hooks(this.id),
      // The gateway's timers go by the wall clock, so the link does too.
      ...(gateway !== null && { link: { clock: systemClock } }),
    });
    this.#options.onPower(this.id, true);
    this.#node.start();
    this.#link();
  }

  #powerOff(): void {
    this.#unlink();
    this.#node?.close();
    this.#node = null;
    this.#options.onPower(this.id, false);
  }

  #network(up: boolean): void {
    this.#networkLost = !up;
    if (up) this.#link();
    else this.#unlink();
  }

  /** The radio of a node that sleeps is on for a while, and off until the next time. */
  #wake(): void {
    const { clock, plan } = this.#options;
    const { everyS, awakeS } = plan.sleep!;
    this.#asleep = false;
    this.#link();
    clock.after(awakeS * 1000, () => {
      this.#asleep = true;
      this.#unlink();
    });
    clock.after(everyS * 1000, () => this.#closed || this.#wake());
  }

  #link(): void {
    const { gateway, onTrouble } = this.#options;
    const node = this.#node;
    if (gateway === null || node === null || this.#networkLost || this.#asleep || this.#disconnect !== null) return;
    const stop = keepOpen(
      () => connectTcp(gateway.port, gateway.host),
      (transport) => node.attach(transport),
      (text) => onTrouble(this.id, text),
    );
    this.#disconnect = () => {
      stop();
      node.detach();
    };
  }

  #unlink(): void {
    this.#disconnect?.();
    this.#disconnect = null;
  }
}
