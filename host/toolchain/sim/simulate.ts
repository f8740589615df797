/** Runs an app on a simulated node: in virtual time, or by the wall clock with a link to a gateway. */
import type { KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, MoteError, RealClock, VirtualClock } from '../../base/index.ts';
import { type EngineName, loadEngine } from '../../device/engine/index.ts';
import { FileFlash, type Flash } from '../../device/flash/index.ts';
import { connectTcp, keepOpen } from '../../device/link/index.ts';
import {
  joinHooks,
  Node,
  type NodeHooks,
  type NodeOptions,
  type NodeStatus,
  runSteps,
  runToEnd,
  type SensorSource,
  volatileFlash,
} from '../../device/node/index.ts';
import { loadPublicKey } from '../../device/package/index.ts';
import {
  type App,
  type BuildObserver,
  checkApp,
  checkSettings,
  findPrivateKey,
  isFolder,
  loadApp,
} from '../app/index.ts';
import { guardedEngine } from './guard.ts';
import { assignInputs, readInputs, sourcesOf } from './inputs.ts';
import { type StateObserver, settle } from './state.ts';
import { tapFiles } from './taps.ts';

/** Watches one run from inside the process. */
export interface SimulationObserver {
  /** Called in addition to the hooks of the options. */
  readonly hooks: NodeHooks;
  /** Called before the node starts. */
  begin(run: ObservedRun): void;
  /** Called once the run has ended, also by an exception, before the node is closed. */
  end(): void;
}

export interface ObservedRun {
  app: App;
  engine: EngineName;
  node: Node;
  nowUs(): number;
  sensors: readonly { name: string; source: SensorSource }[];
}

export interface SimulationOptions extends BuildObserver, StateObserver {
  /** An app's folder, or a package. */
  app: string;
  /** The node's id. */
  node: string;
  engine: EngineName;
  /** `[SENSOR=]SOURCE`, as the command line has them. */
  inputs: string[];
  /** Play inputs again and again. */
  loop: boolean;
  seed: number;
  settings: Record<string, number>;
  /** Stop after this time of the node; null: at the end of the input. */
  limitUs: number | null;
  /** Go by the wall clock; implied by `connect`. */
  realtime: boolean;
  /** The gateway to link to. */
  connect: { host: string; port: number } | null;
  /** File that keeps the node's flash. */
  stateFile?: string | undefined;
  /** Private key that signs the app, and public key that the node trusts in its place. */
  keyFile?: string | undefined;
  trustFile?: string | undefined;
  /** Commands and settings that reach the node while it runs. */
  stimuli?: readonly Stimulus[];
  /** Called after each of them, with the answer of the node. */
  onStimulus?(stimulus: Stimulus, answer: StimulusAnswer): void;
  /** Folder of the paths in `inputs`; default: the current one. */
  inputFolder?: string;
  /** Stop the app at a write outside a block of its memory. */
  guard?: boolean;
  /** Folder for recorded taps. */
  tapsFolder?: string | undefined;
  /** Makes the hooks that observe the node, given its clock. */
  hooks(nowUs: () => number): NodeHooks;
  /** Returns what watches the run. Called once the options are found to be right, before the app is built. */
  observe?: (() => Promise<SimulationObserver>) | undefined;
  /** Why the gateway can't be reached, once for each reason. */
  onLinkTrouble(text: string): void;
  /** Called when the node runs by the wall clock or with an observer; the run ends when it resolves. */
  stopped(): Promise<void>;
}

/** What reaches a node at a time of its own clock: a command with its CBOR body, or changed settings. */
export type Stimulus = { atUs: number } & (
  | { command: { name: string; body: Uint8Array } }
  | { config: Record<string, number> }
);

export interface StimulusAnswer {
  ok: boolean;
  text: string;
}

export interface SimulationResult {
  /** Stimuli whose time was after the end of the run. */
  undelivered: number;
  simUs: number;
  wallMs: number;
  status: NodeStatus;
}

const FLASH = { sizeBytes: 1 << 20, pageBytes: 4096, writeBytes: 4 };

/** In virtual time the fuel alone bounds a call, so that no result depends on this machine; this only ends a hang. */
const VIRTUAL_DEADLINE_MS = 60_000;

interface Keys {
  signer: ReturnType<typeof findPrivateKey>;
  /** The key that the node trusts. */
  trusted: KeyObject;
}

function keysOf({ app, keyFile, trustFile }: SimulationOptions): Keys {
  const signer = findPrivateKey(keyFile, app);
  const trusted = trustFile ?? signer?.path;
  if (trusted !== undefined) return { signer, trusted: loadPublicKey(trusted) };
  throw new MoteError(
    'KEY_MISSING',
    'A node that accepts updates must trust a key: create one with "mote key new", and name it with --key or --trust.',
  );
}

/** The parts of a node that takes updates: its flash with the package, the keys that it trusts, its app's target. */
function updatable(
  app: App,
  { signer, trusted }: Keys,
  flash: Flash,
  options: SimulationOptions,
): Partial<NodeOptions> {
  settle(flash, options.node, app, signer?.key ?? null, options);
  const { product, group } = app.metadata;
  return { flash, publicKeys: [trusted], product, group };
}

const isEndless = (sources: readonly SensorSource[]) => sources.every(({ length }) => length === null);

const neverEnds = () =>
  new MoteError('USAGE', 'The input never ends: limit the run with --seconds N, or watch it with --realtime.');

/** Plans the stimuli on the node's clock. Returns the number of those that wait. */
function plan(node: Node, clock: Clock, config: Record<string, number>, options: SimulationOptions): () => number {
  const { stimuli = [], onStimulus } = options;
  let settings = config;
  let waiting = stimuli.length;
  for (const stimulus of stimuli) {
    clock.at(stimulus.atUs, () => {
      waiting--;
      let answer: StimulusAnswer = { ok: true, text: '' };
      if ('command' in stimulus) answer = node.command(stimulus.command.name, stimulus.command.body);
      else {
        settings = { ...settings, ...stimulus.config };
        node.setConfig(settings);
      }
      onStimulus?.(stimulus, answer);
    });
  }
  return () => waiting;
}

const guardedAlone = () =>
  new MoteError('USAGE', '--guard runs a module that is in no package: leave out --connect and --state.');

/** Runs by the wall clock: to the end of the input, to the limit, or until stopped. */
async function runReal(node: Node, clock: Clock, limitUs: number, options: SimulationOptions): Promise<void> {
  const { connect, loop, onLinkTrouble } = options;
  node.start();
  const disconnect = connect === null ? () => {} : keepConnected(node, connect, onLinkTrouble);
  const endUs = () => Math.min(limitUs, loop ? limitUs : (node.inputEndUs ?? limitUs));
  let done = false;
  const stop = options.stopped().then(() => {
    done = true;
  });
  while (!done && clock.nowUs() < endUs()) {
    const leftMs = Math.min((endUs() - clock.nowUs()) / 1000 + 1, 1000);
    await Promise.race([stop, new Promise<void>((resolve) => clock.after(leftMs, resolve))]);
  }
  disconnect();
}

/** An observer gets its share of the processor this often. */
const SLICE_MS = 12;

/** Runs in virtual time; between slices of it the process does other work, such as serving what the observer saw. */
async function runVirtual(clock: VirtualClock, node: Node, limitUs: number, options: SimulationOptions): Promise<void> {
  node.start();
  const limits = { limitUs, drainMs: 0 };
  if (options.observe === undefined) {
    runToEnd(clock, [node], limits);
    return;
  }
  let done = false;
  void options.stopped().then(() => {
    done = true;
  });
  let sliceEnd = performance.now() + SLICE_MS;
  for (const _ of runSteps(clock, [node], limits)) {
    if (performance.now() < sliceEnd) continue;
    await nextTurn();
    if (done) return;
    sliceEnd = performance.now() + SLICE_MS;
  }
}

/** Keeps a node linked to its gateway. Returns a function that ends it. */
function keepConnected(
  node: Node,
  { host, port }: { host: string; port: number },
  onTrouble: (text: string) => void,
): () => void {
  const stop = keepOpen(
    () => connectTcp(port, host),
    (transport) => node.attach(transport),
    onTrouble,
  );
  return () => {
    stop();
    node.detach();
  };
}

/** Checks what needs no build, so that a mistake is reported at once. */
async function prepare(options: SimulationOptions) {
  const { app, inputs, seed, loop, settings, connect, stateFile, tapsFolder, limitUs, inputFolder } = options;
  checkApp(app);
  await checkSettings(app, Object.keys(settings));
  if (options.guard === true && (connect !== null || stateFile !== undefined)) throw guardedAlone();
  const real = options.realtime || connect !== null;
  const read = readInputs(inputs, { seed, loop, ...(inputFolder !== undefined && { folder: inputFolder }) });
  if (!real && limitUs === null && isFolder(app) && inputs.length > 0 && isEndless(sourcesOf(read))) throw neverEnds();
  return {
    real,
    inputs: read,
    engine: await loadEngine(options.engine),
    keys: connect !== null || stateFile !== undefined ? keysOf(options) : null,
    onTap: tapsFolder === undefined ? undefined : tapFiles(tapsFolder),
  };
}

/** Resolves when the run has ended. Throws what loading the app, its inputs, keys and flash throws. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, settings, connect, stateFile } = options;
  const limitUs = options.limitUs ?? Number.MAX_SAFE_INTEGER;
  const { real, inputs, engine, keys, onTap } = await prepare(options);
  const observer = await options.observe?.();
  const file = stateFile === undefined ? null : FileFlash.open(stateFile, FLASH);
  try {
    // Without slots the node takes the settings of mote.json from here, so that a changed one needs no compile.
    const app = await loadApp(options.app, options, {
      anyDefaults: keys === null,
      guard: options.guard === true,
    });
    const sensors = assignInputs(inputs, app.metadata.sensors, { exact: keys === null });
    if (!real && options.limitUs === null && isEndless(sensors.map(({ source }) => source))) throw neverEnds();
    const config = keys === null ? { ...app.config, ...settings } : settings;
    const slots = keys === null ? { module: app } : updatable(app, keys, file ?? volatileFlash(), options);
    const clock = real ? new RealClock() : new VirtualClock();
    const node = new Node({
      id: options.node,
      engine: app.blocks === null ? engine : guardedEngine(engine, app.blocks),
      clock,
      seed,
      sensors,
      config,
      ...slots,
      ...(connect !== null && { link: {} }),
      ...(real ? {} : { utcMs: 0, limits: { deadlineMs: VIRTUAL_DEADLINE_MS } }),
      hooks: joinHooks(
        options.hooks(() => clock.nowUs()),
        { ...(onTap && { onTap }) },
        observer?.hooks ?? {},
      ),
    });
    const undelivered = plan(node, clock, config, options);
    observer?.begin({ app, engine: options.engine, node, nowUs: () => clock.nowUs(), sensors });
    try {
      const started = performance.now();
      if (clock instanceof VirtualClock) await runVirtual(clock, node, limitUs, options);
      else await runReal(node, clock, limitUs, options);
      const wallMs = performance.now() - started;
      return { simUs: clock.nowUs(), wallMs, status: node.status(), undelivered: undelivered() };
    } finally {
      observer?.end();
      node.close();
    }
  } finally {
    file?.close();
  }
}
