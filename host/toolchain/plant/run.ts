/** Runs a plant: in virtual time into files, or by the wall clock, faster than it by a factor, towards a gateway. */
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { MoteError, VirtualClock } from '../../base/index.ts';
import { type EngineName, loadEngine } from '../../device/engine/index.ts';
import type { NodeHooks } from '../../device/node/index.ts';
import { type App, type BuildObserver, loadApp } from '../app/index.ts';
import { Machine } from './machine.ts';
import { faultsOf, type PlantPlan } from './plan.ts';
import { PlantNode } from './plant-node.ts';
import { RunFiles, type TruthRow, truthOf } from './records.ts';

export interface PlantOptions extends BuildObserver {
  plan: PlantPlan;
  /** Length of the run in seconds of the plant. */
  seconds: number;
  /** Nodes start within so many seconds of the plant, so that they don't wake up together; default 600. */
  spreadS?: number;
  /** Folder of the files of the run; null: none are written. */
  out: string | null;
  /** Null: virtual time, as fast as possible. */
  gateway: { host: string; port: number; speed: number } | null;
  /** The run ends early when it resolves. */
  stopped: Promise<void>;
  /** Called a few times a second. */
  onProgress?(progress: PlantProgress): void;
  /** Why a gateway can't be reached. */
  onTrouble?(node: string, text: string): void;
}

export interface PlantProgress {
  /** Seconds since the plant's start. */
  plantS: number;
  wallS: number;
  telemetry: number;
  events: number;
}

export interface PlantResult extends PlantProgress {
  machines: number;
  nodes: Record<EngineName, number>;
  /** Steps of all modules; those before a loss of power aren't counted. */
  steps: number;
  faults: number;
  reboots: number;
  /** Messages that no gateway has acknowledged at the end. */
  unsent: number;
}

/** Other work gets its turn this often. */
const SLICE_MS = 12;
const PROGRESS_MS = 250;
/** After a run towards a gateway, nodes get this long to send what waits. */
const DRAIN_MS = 5000;

/** Throws `PLANT`, `FILE`, and what loading apps throws. */
export async function runPlant(options: PlantOptions): Promise<PlantResult> {
  const { plan, seconds, out, gateway } = options;
  const apps = new Map<string, App>();
  for (const { app, sensors, config, name } of plan.nodes) {
    if (!apps.has(app)) apps.set(app, await loadApp(app, options, { anyDefaults: true }));
    checkNode(name, apps.get(app)!, Object.keys(sensors), Object.keys(config));
  }
  const engines = {
    v8: await loadEngine('v8'),
    wasm3: await loadEngine(plan.nodes.some(({ wasm3 }) => wasm3 > 0) ? 'wasm3' : 'v8'),
  };
  const clock = new VirtualClock(plan.startMs);
  const counts = { telemetry: 0, events: 0, faults: 0, boots: 0 };
  let files: RunFiles | null = null;
  const hooks = (node: string): NodeHooks => ({
    onTelemetry(record) {
      counts.telemetry++;
      files?.telemetry(node, record);
    },
    onEvent(record) {
      counts.events++;
      files?.event(node, record);
    },
    onState(state) {
      if (state.kind === 'fault') counts.faults++;
      files?.state(node, clock.nowUs() / 1e6, state);
    },
  });
  const { nodes, truth } = makeNodes(options, {
    apps,
    engines,
    clock,
    hooks,
    counts,
    onOff: (node) => files?.state(node, clock.nowUs() / 1e6, { kind: 'off' }),
  });
  if (out !== null) files = new RunFiles(out, plan, truth);
  const started = performance.now();
  const progress = (): PlantProgress => ({
    plantS: clock.nowUs() / 1e6,
    wallS: (performance.now() - started) / 1000,
    telemetry: counts.telemetry,
    events: counts.events,
  });
  try {
    for (const node of nodes) node.begin();
    await run(clock, seconds, { speed: gateway?.speed ?? null, stopped: options.stopped }, () =>
      options.onProgress?.(progress()),
    );
    const end = progress();
    const unsent = gateway === null ? 0 : await drain(nodes);
    const of = (engine: EngineName) => nodes.filter((node) => node.engine === engine).length;
    return {
      ...end,
      unsent,
      machines: plan.machines.length,
      nodes: { wasm3: of('wasm3'), v8: of('v8') },
      steps: nodes.reduce((sum, node) => sum + (node.status()?.steps ?? 0), 0),
      faults: counts.faults,
      reboots: Math.max(0, counts.boots - nodes.length),
    };
  } finally {
    for (const node of nodes) node.close();
    files?.close();
  }
}

interface Parts {
  apps: ReadonlyMap<string, App>;
  engines: Record<EngineName, Awaited<ReturnType<typeof loadEngine>>>;
  clock: VirtualClock;
  hooks(node: string): NodeHooks;
  counts: { boots: number };
  onOff(node: string): void;
}

function makeNodes({ plan, seconds, spreadS = 600, gateway, onTrouble }: PlantOptions, parts: Parts) {
  const { apps, engines, clock, hooks, counts, onOff } = parts;
  const truth: TruthRow[] = [];
  const nodes: PlantNode[] = [];
  for (const { name, kind, bearing } of plan.machines) {
    const faults = faultsOf(plan, name, seconds);
    truth.push(...faults.flatMap((fault) => truthOf(fault, seconds)));
    const machine = new Machine({ name, kind, bearing, seed: plan.seed, startMs: plan.startMs, faults });
    for (const node of plan.nodes) {
      const app = apps.get(node.app)!;
      const one = new PlantNode({
        plan,
        node,
        machine,
        image: app,
        defaults: app.config,
        trusted: app.package === null,
        engines,
        clock,
        spreadS,
        endS: seconds,
        gateway,
        hooks,
        onPower(id, on) {
          if (on) counts.boots++;
          else onOff(id);
        },
        onTrouble: onTrouble ?? (() => {}),
      });
      truth.push(...one.truth);
      nodes.push(one);
    }
  }
  truth.sort((a, b) => a.fromS - b.fromS);
  return { nodes, truth };
}

/** A plan that doesn't fit its app is reported before anything runs. */
function checkNode(name: string, app: App, sensors: string[], config: string[]): void {
  const missing = app.metadata.sensors.find((sensor) => !sensors.includes(sensor));
  if (missing !== undefined)
    throw new MoteError(
      'PLANT',
      `nodes ${name}: ${app.metadata.name} reads the sensor "${missing}": add it to their sensors.`,
    );
  const unknown =
    app.package === null
      ? config.find((setting) => !Object.hasOwn(app.config, setting) && !setting.startsWith('agent.'))
      : undefined;
  if (unknown !== undefined)
    throw new MoteError(
      'PLANT',
      `nodes ${name}: ${app.metadata.name} has no setting "${unknown}"; it has ${Object.keys(app.config).join(', ') || 'none'}.`,
    );
}

/** Connects every node and waits until all is sent, or the time is over. Returns the number of messages that remain. */
async function drain(nodes: readonly PlantNode[]): Promise<number> {
  const unsent = () => nodes.reduce((sum, node) => sum + node.unsent, 0);
  for (const node of nodes) node.connect();
  const endMs = performance.now() + DRAIN_MS;
  while (unsent() > 0 && performance.now() < endMs) await delay(10);
  return unsent();
}

interface Pace {
  /** Times as fast as the wall clock; null: as fast as possible. */
  speed: number | null;
  stopped: Promise<void>;
}

/** Runs the clock to its end. With a speed, a machine that is too slow falls behind, and the run takes longer. */
async function run(clock: VirtualClock, seconds: number, { speed, stopped }: Pace, report: () => void): Promise<void> {
  const endUs = seconds * 1e6;
  let done = false;
  void stopped.then(() => {
    done = true;
  });
  const startMs = performance.now();
  let reportMs = startMs;
  while (!done && clock.nowUs() < endUs) {
    const sliceMs = performance.now();
    const dueUs = speed === null ? endUs : Math.min(endUs, (sliceMs - startMs) * 1000 * speed);
    while (performance.now() - sliceMs < SLICE_MS && clock.runNext(dueUs));
    const next = clock.nextUs();
    if (next === null || next > dueUs) clock.runUntil(dueUs);
    if (performance.now() - reportMs > PROGRESS_MS) {
      reportMs = performance.now();
      report();
    }
    if (speed === null || (next !== null && next <= dueUs)) await nextTurn();
    else await delay(2);
  }
}
