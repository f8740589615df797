/**
 * A node: sensors, flash, clock, link and one running module. The same code is the simulator's node and a real node on
 * a Linux gateway; the parts that are passed in make the difference. With the same parts, seed and inputs its output is
 * identical.
 */

import { createHash, type KeyObject, randomInt } from 'node:crypto';
import { NodeConstant } from '../../base/abi/index.ts';
import { type Clock, clip, MoteError, packageVersion, sentence } from '../../base/index.ts';
import { AbiLimit, type Engine } from '../engine/index.ts';
import type { Flash } from '../flash/index.ts';
import {
  type Birth,
  type Chunk,
  type Command,
  type Config,
  MessageLimit,
  type Offer,
  type OtaStatus,
  type Transport,
  Xorshift,
} from '../link/index.ts';
import { birthOf, stateOf } from './birth.ts';
import { Captures, OWN_PREFIX } from './captures.ts';
import type { HostServices } from './host-imports.ts';
import type { NodeHooks, NodeStatus } from './observe.ts';
import { Publisher } from './publisher.ts';
import type { ModuleImage } from './runtime.ts';
import { Sensor, type SensorOptions } from './sensor.ts';
import { DEFAULT_LAYOUT, type NodeLayout, NodeStorage, volatileFlash } from './storage.ts';
import { type Fault, NODE_LIMITS, type NodeLimits, type Running, Supervisor } from './supervisor.ts';
import { Trial } from './trial.ts';
import { Updates } from './update.ts';
import { type LinkSettings, Uplink } from './uplink.ts';
import { UtcClock } from './utc.ts';
import { VITALS_SETTING, Vitals } from './vitals.ts';

export interface NodeOptions {
  /** 1 to 64 bytes. */
  id: string;
  engine: Engine;
  clock: Clock;
  /** Seed of the random numbers of the module; default 1. */
  seed?: number;
  sensors?: SensorOptions[];
  /** Default: memory that is lost when the process ends. */
  flash?: Flash;
  layout?: NodeLayout;
  /** Runs this module without package, signature and slots; updates aren't possible then. */
  module?: ModuleImage;
  /** Trusted signers of packages; without any, every package is refused. */
  publicKeys?: readonly KeyObject[];
  /** Product class and group of the node: it rejects packages for others. Default: none. */
  product?: string;
  group?: string;
  /** Settings until a configuration is stored. */
  config?: Record<string, number>;
  limits?: Partial<NodeLimits>;
  firmware?: { name: string; version: string };
  /** UTC at time 0 of the clock, if it is known without a link. */
  utcMs?: number;
  /**
   * Measures swaps: starts, and returns a function that returns the microseconds since. Default: the process's
   * monotonic clock.
   */
  stopwatch?: () => () => number;
  /** Speed of a simulated processor: a step keeps it busy for its fuel divided by this. Default: steps take no time. */
  fuelPerMs?: number;
  /** Bytes for captures of raw samples before events, for a replay; default 0, none. */
  captureBytes?: number;
  /** Seconds between vitals if the setting `agent.vitals_s` isn't set; default 0, none. */
  vitalsS?: number;
  hooks?: NodeHooks;
  /** A node without it has no link, queues nothing for one, and confirms trials without one. */
  link?: LinkSettings;
}

/** Delay between a fault and the restart of a confirmed module; doubled with each consecutive fault. */
const RESTART_MS = NodeConstant.restartUs / 1000;
const MAX_RESTART_MS = NodeConstant.maxRestartUs / 1000;

/** A stopwatch on the process's monotonic clock. */
function processStopwatch(): () => number {
  const startMs = performance.now();
  return () => (performance.now() - startMs) * 1000;
}

export class Node {
  readonly id: string;
  readonly boot: number;
  readonly #options: NodeOptions;
  readonly #clock: Clock;
  readonly #limits: NodeLimits;
  readonly #sensors: ReadonlyMap<string, Sensor>;
  readonly #storage: NodeStorage;
  /** Both are null for a node that runs a module without slots. */
  readonly #updates: Updates | null;
  readonly #trial: Trial | null;
  readonly #utc: UtcClock;
  readonly #publisher: Publisher;
  readonly #uplink: Uplink | null;
  readonly #supervisor: Supervisor;
  readonly #vitals: Vitals;
  readonly #captures: Captures;
  #config: Record<string, number>;
  #state: 'new' | 'on' | 'off' = 'new';
  #cancelRestart: (() => void) | null = null;
  #faults = 0;
  #faultsInRow = 0;
  #resets = 0;
  #fault: Fault | null = null;

  /** Opens the flash and counts a start; nothing runs yet. Throws `NODE_ID` and the errors of flash and sensors. */
  constructor(options: NodeOptions) {
    const { id, clock, seed = 1, module, hooks = {} } = options;
    if (id === '' || id !== clip(id, MessageLimit.nameBytes)) {
      throw new MoteError('NODE_ID', `A node's id has 1 to 64 bytes on one line; '${clip(id, 80)}' isn't one.`);
    }
    this.id = id;
    this.#options = options;
    this.#clock = clock;
    this.#limits = { ...NODE_LIMITS, ...options.limits };
    this.#sensors = new Map((options.sensors ?? []).map((one) => [one.name, new Sensor(one)]));
    this.#storage = new NodeStorage(options.flash ?? volatileFlash(), options.layout ?? DEFAULT_LAYOUT, !module);
    this.boot = this.#storage.boot;
    this.#config = this.#storage.loadConfig() ?? { ...options.config };
    const random = new Xorshift(seed + Math.imul(this.boot, 0x85eb_ca6b));
    this.#utc = new UtcClock(options.utcMs ?? null);
    this.#publisher = new Publisher(clock, this.#utc, hooks);
    this.#supervisor = new Supervisor({
      clock,
      engine: options.engine,
      services: this.#makeServices(random),
      limits: this.#limits,
      fuelPerMs: options.fuelPerMs,
      declare: (init) => this.#declare(init),
      onFault: (fault, who) => this.#onFault(fault, who),
      onHealth: (running, before) => this.#onHealth(running, before),
      ...(hooks.onStep !== undefined && { onStep: hooks.onStep }),
    });
    this.#captures = new Captures({
      clock,
      sensors: [...this.#sensors.values()],
      bytes: options.captureBytes ?? 0,
      event: (name, body) => this.#publisher.event(name, body),
    });
    this.#vitals = new Vitals({
      clock,
      defaultS: options.vitalsS ?? 0,
      setting: () => this.#setting(VITALS_SETTING),
      running: () => this.#supervisor.running,
      busyUs: () => this.#supervisor.busyUs,
      publish: (frame, metric) => this.#publisher.publish(frame, metric),
    });
    const { slots } = this.#storage;
    this.#updates =
      slots === null
        ? null
        : new Updates({
            slots,
            nowUs: () => clock.nowUs(),
            publicKeys: options.publicKeys ?? [],
            product: options.product ?? '',
            node: options.id,
            group: options.group ?? '',
            memoryBytes: this.#limits.memoryBytes,
            sensors: new Set(this.#sensors.keys()),
          });
    this.#trial = this.#updates && this.#makeTrial(this.#updates);
    this.#uplink = options.link === undefined ? null : this.#makeUplink(options.link);
    this.#publisher.uplink = this.#uplink;
  }

  /** Starts the module, if there is one, and the link. Throws `NODE_STATE` if the node was started before. */
  start(): void {
    if (this.#state !== 'new')
      throw new MoteError('NODE_STATE', 'This node was started before; create a new one on its flash.');
    this.#state = 'on';
    this.#publisher.report({ kind: 'boot', boot: this.boot });
    this.#vitals.configure();
    this.#startModule();
    const transport = this.#options.link?.transport;
    if (transport !== undefined) this.#uplink!.attach(transport);
    this.#trial?.prepare();
  }

  /** Switches the power off: everything outside the flash is lost. A new `Node` on the same flash is the next start. */
  close(): void {
    this.#state = 'off';
    this.#stopModule();
    this.#trial?.close();
    this.#vitals.close();
    this.#uplink?.close();
  }

  /** Continues the link on a new stream. Throws `NODE_LINK` on a node that was created without a link. */
  attach(transport: Transport): void {
    if (this.#uplink === null)
      throw new MoteError('NODE_LINK', 'This node has no link; create it with a `link` option.');
    this.#uplink.attach(transport);
  }
  detach(): void {
    this.#uplink?.detach();
  }

  /** Returns the sensor of that name, to push samples of a live one. */
  sensor(name: string): Sensor | undefined {
    return this.#sensors.get(name);
  }

  /** Replaces the configuration, stores it in flash and notifies the module. Throws `NODE_CONFIG` or `LINK_MESSAGE`. */
  setConfig(values: Record<string, number>): void {
    this.#storage.changeConfig(values, this.#clock.nowUs());
    this.#config = { ...values };
    this.#publisher.report({ kind: 'config', values: { ...values } });
    if (this.#vitals.configure()) this.#sendBirth();
    this.#supervisor.message(-1);
  }

  /** Delivers a command to the module, or to the node itself, like one from the link. */
  command(name: string, body: Uint8Array): { ok: boolean; code?: string; text: string } {
    if (name.startsWith(OWN_PREFIX)) return this.#captures.command(name, body);
    const { running } = this.#supervisor;
    if (running === null) return { ok: false, text: sentence('no_module') };
    const id = running.runtime.commands.indexOf(name);
    if (id < 0) return { ok: false, text: clip(sentence('no_command', name), 256) };
    if (body.length > AbiLimit.message) return { ok: false, text: `a command has up to ${AbiLimit.message} bytes` };
    if (this.#supervisor.message(id, body)) return { ok: true, text: '' };
    const { code, text } = this.#fault!;
    return { ok: false, code, text };
  }

  status(): NodeStatus {
    const nowUs = this.#clock.nowUs();
    const { running } = this.#supervisor;
    return {
      boot: this.boot,
      module: running && {
        ...running.runtime.metadata,
        slot: running.info?.slot ?? null,
        state: stateOf(running),
      },
      health: running?.health ?? null,
      fault: this.#fault,
      ...this.#supervisor.counts,
      faults: this.#faults,
      resets: this.#resets,
      droppedLogs: running?.runtime.droppedLogs ?? 0,
      sensors: Object.fromEntries([...this.#sensors].map(([name, sensor]) => [name, sensor.counts(nowUs)])),
      unread: running?.runtime.unread ?? [],
      outbox: this.#uplink?.counts ?? null,
      link: this.#uplink && { up: this.#uplink.up, queued: this.#uplink.queued, ...this.#uplink.stats },
      config: { ...this.#config },
    };
  }

  /** Time of the last sample of all opened sensors with an end, in microseconds; null if none has an end. */
  get inputEndUs(): number | null {
    const ends = [...this.#sensors.values()].map((sensor) => sensor.endUs).filter((end) => end !== null);
    return ends.length === 0 ? null : Math.max(...ends);
  }

  // --- The module ---

  #startModule(): void {
    this.#cancelRestart = null;
    let next: Running | null;
    try {
      next = this.#bootImage();
    } catch (error) {
      this.#supervisor.fail(error, 'load', null);
      return;
    }
    if (next !== null) this.#begin(next);
    else this.#sendBirth();
  }

  #bootImage(): Running | null {
    const { module } = this.#options;
    if (module !== undefined)
      return this.#supervisor.prepare(module, null, createHash('sha256').update(module.wasm).digest());
    const booted = this.#updates!.boot();
    return booted && this.#supervisor.prepare(booted.package, booted.info, booted.info.sha256);
  }

  #begin(next: Running): void {
    const { name, version } = next.runtime.metadata;
    this.#publisher.report({ kind: 'module', name, version, state: stateOf(next) });
    if (next.info?.state === 'trial') this.#trial!.watch(next);
    this.#supervisor.run(next);
  }

  /** Ends the module and cancels its planned restart. */
  #stopModule(): void {
    this.#cancelRestart?.();
    this.#cancelRestart = null;
    this.#trial?.unwatch();
    this.#supervisor.stop();
  }

  #onHealth(running: Running, before: number | null): void {
    const health = running.health!;
    const onTrial = running.info?.state === 'trial';
    if (health !== before) this.#publisher.report({ kind: 'health', health });
    if (health !== before && health < 0 && !onTrial) {
      this.#publisher.log('error', sentence('failing', health));
    }
    if (health === 1) this.#faultsInRow = 0;
    if (onTrial) this.#trial!.judge();
  }

  #onFault(fault: Fault, who: Running | null): void {
    const { code, text } = fault;
    this.#fault = fault;
    this.#faults++;
    this.#faultsInRow++;
    this.#stopModule();
    this.#publisher.fault(fault);
    const onTrial = who === null ? this.#updates?.onTrial : who.info?.state === 'trial';
    if (onTrial) this.#trial!.rollBack({ code, text });
    else {
      const delayMs = Math.min(RESTART_MS * 2 ** (this.#faultsInRow - 1), MAX_RESTART_MS);
      this.#cancelRestart = this.#clock.after(delayMs, () => this.#reset());
    }
  }

  #reset(): void {
    this.#resets++;
    this.#publisher.report({ kind: 'reset' });
    this.#startModule();
  }

  // --- Updates ---

  #receive(message: Command | Config | Offer | Chunk): void {
    switch (message.type) {
      case 'command': {
        const { ok, code = '', text } = this.command(message.name, message.body);
        this.#uplink!.control({ type: 'result', id: message.id, ok, ...(!ok && { reason: { code, text } }) });
        return;
      }
      case 'config':
        try {
          this.setConfig(message.values);
        } catch (error) {
          if (!(error instanceof MoteError)) throw error;
          this.#publisher.log('error', error.message);
        }
        return;
      default:
        this.#trial?.receive(message);
    }
  }

  #makeTrial(updates: Updates): Trial {
    return new Trial({
      updates,
      supervisor: this.#supervisor,
      clock: this.#clock,
      stopwatch: this.#options.stopwatch ?? processStopwatch,
      linkUp: () => this.#uplink?.up ?? null,
      lost: () => this.#lost(),
      report: (status) => this.#report(status),
      confirmed: () => this.#sendBirth(),
      begin: (next) => {
        this.#faultsInRow = 0;
        this.#begin(next);
      },
      stop: () => this.#stopModule(),
      reset: () => this.#reset(),
    });
  }

  #report(full: OtaStatus): void {
    const { reason } = full;
    const status = reason ? { ...full, reason: { code: clip(reason.code, 64), text: clip(reason.text, 256) } } : full;
    this.#publisher.report({ kind: 'ota', status });
    this.#uplink?.control(status);
  }

  #lost(): number {
    const nowUs = this.#clock.nowUs();
    return [...this.#sensors.values()].reduce((sum, sensor) => sum + sensor.lost(nowUs), 0);
  }

  /** Returns the birth to send now. */
  #birth(): Birth {
    const { firmware = { name: 'mote-node', version: packageVersion() } } = this.#options;
    const { running } = this.#supervisor;
    const own = this.#vitals.follow(running?.runtime.metrics.length ?? 0);
    return birthOf({ node: this.id, boot: this.boot, firmware }, running, own);
  }

  #sendBirth(): void {
    const birth = this.#birth();
    this.#uplink?.control(birth);
  }

  /** Runs init. Messages that the module sends in it wait for the birth, which names the metrics. */
  #declare(init: () => void): void {
    this.#uplink?.hold();
    try {
      init();
    } finally {
      this.#sendBirth();
    }
  }

  #makeUplink(settings: LinkSettings): Uplink {
    return new Uplink({
      clock: this.#clock,
      utc: this.#utc,
      settings,
      newSessionId: settings.newSessionId ?? (() => randomInt(1, 2 ** 32)),
      birth: () => this.#birth(),
      failure: () => this.#updates?.failure() ?? null,
      onMessage: (message) => this.#receive(message),
      onChange: (up, why) => {
        this.#publisher.report({ kind: 'link', up, ...(why && { why }) });
        if (up) this.#trial?.judge();
      },
    });
  }

  #setting(name: string): number | undefined {
    return Object.hasOwn(this.#config, name) ? this.#config[name] : undefined;
  }

  #makeServices(random: Xorshift): HostServices {
    const publisher = this.#publisher;
    return {
      nowUs: () => this.#clock.nowUs(),
      utcMs: () => this.#utc.at(this.#clock.nowUs()),
      random: () => random.next(),
      log: (level, text) => publisher.log(level, text),
      tap: publisher.tap,
      sensor: (name) => this.#sensors.get(name),
      publish: (frame) => publisher.publish(frame, this.#supervisor.running!.runtime.metrics[frame.metric]!),
      event: (name, body) => {
        const sent = publisher.event(name, body);
        if (sent) this.#captures.keep(publisher.lastEvent);
        return sent;
      },
      config: (name) => this.#setting(name),
      kv: this.#storage.kv,
    };
  }
}
