/** Reads `plant.yaml`: machines, their nodes, what goes wrong. Schema: docs/schemas/plant.schema.json. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { MoteError, packagePath, readInput } from '../../base/index.ts';
import { BEARINGS, type BearingGeometry, bearingFrequencies } from './bearing.ts';
import { type Fault, isSensorFault, MACHINE_FAULTS, SENSOR_FAULTS, SENSOR_NAMES, type SensorName } from './faults.ts';
import type { MachineKind } from './machine.ts';
import { hashText, unit } from './math.ts';

export interface MachinePlan {
  readonly name: string;
  readonly kind: MachineKind;
  readonly area: string;
  readonly bearing: BearingGeometry;
}

/** One node of each machine. */
export interface NodePlan {
  readonly name: string;
  /** Path of an app's folder or of a package. */
  readonly app: string;
  readonly sensors: Readonly<Partial<Record<SensorName, number>>>;
  readonly ring: number | null;
  readonly config: Readonly<Record<string, number>>;
  /** Share of these nodes that run in wasm3. */
  readonly wasm3: number;
}

/** How often a span without power or network comes, in spans a second, and its length. */
export interface OutagePlan {
  readonly perSecond: number;
  readonly lengthS: number;
}

export interface PlantPlan {
  /** Asset path of the plant. */
  readonly site: string;
  readonly seed: number;
  readonly startMs: number;
  readonly machines: readonly MachinePlan[];
  readonly nodes: readonly NodePlan[];
  /** Those that the file names. */
  readonly faults: readonly Fault[];
  readonly randomFaults: { readonly perSecond: number; readonly what: readonly Fault['what'][] } | null;
  readonly power: OutagePlan | null;
  readonly network: OutagePlan | null;
  /** A node that sleeps is connected for `awakeS` in each `everyS`; null: always. */
  readonly sleep: { readonly everyS: number; readonly awakeS: number } | null;
}

interface Raw {
  site?: string;
  seed?: number;
  start?: string;
  machines: { name: string; kind: MachineKind; count?: number; area?: string; bearing?: string | BearingGeometry }[];
  nodes: {
    name: string;
    app: string;
    sensors: Partial<Record<SensorName, number>>;
    ring?: number;
    config?: Record<string, number>;
    wasm3?: number;
  }[];
  faults?: { machine: string; what: Fault['what']; sensor?: SensorName; from: string; to: string; severity?: number }[];
  randomFaults?: { perMachineYear: number; what?: Fault['what'][] };
  power?: { perNodeMonth: number; off: string };
  network?: { perNodeDay?: number; lost?: string; every?: string; awake?: string };
}

const DAY_S = 86_400;
const MAX_BYTES = 8 * 1024 * 1024;
const MAX_MACHINES = 10_000;
const DEFAULT_START = '2026-01-05T00:00:00Z';
const DEFAULT_BEARING = 'SKF 6205-2RS';
/** Apps of moteware that a plant file names without a path. */
const OWN_APPS: readonly string[] = ['condition', 'motor', 'vibration'];

let compiled: ValidateFunction<Raw> | undefined;

function validator(): ValidateFunction<Raw> {
  compiled ??= new Ajv({ allErrors: false }).compile<Raw>(
    JSON.parse(readFileSync(packagePath('docs', 'schemas', 'plant.schema.json'), 'utf8')),
  );
  return compiled;
}

/** Reads a file. Throws `FILE`, and `PLANT` with line and column of the mistake. */
export function loadPlan(path: string): PlantPlan {
  return parsePlan(Buffer.from(readInput(path, 'The plant file')).toString('utf8'), path);
}

/** `path` is for errors, and its folder is that of relative paths of apps. Throws `PLANT`. */
export function parsePlan(text: string, path: string): PlantPlan {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw new MoteError('PLANT', `${path} has more than ${MAX_BYTES} bytes; it is no plant file.`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const wrong = (keys: readonly (string | number)[], what: string) => {
    const node = keys.length === 0 ? document.contents : document.getIn(keys, true);
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    const { line, col } = lines.linePos(offset);
    return new MoteError('PLANT', `${path}:${line}:${col}: ${keys.length === 0 ? 'it' : keys.join('.')} ${what}`);
  };
  const [error] = document.errors;
  if (error !== undefined) throw new MoteError('PLANT', `${path}: ${error.message.split('\n')[0]}`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    throw new MoteError('PLANT', `${path}: ${(cause as Error).message}`, { cause });
  }
  const valid = validator();
  if (!valid(value)) {
    const { instancePath, message = '', params } = valid.errors![0]!;
    const keys = instancePath.split('/').slice(1);
    const named = params as { additionalProperty?: string; allowedValues?: unknown[] };
    const more = named.additionalProperty ?? named.allowedValues?.join(', ');
    throw wrong(
      keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
      `${message}${more === undefined ? '' : `: ${more}`}`,
    );
  }
  return checked(value, dirname(resolve(path)), wrong);
}

type Wrong = (keys: readonly (string | number)[], what: string) => MoteError;

/** What the schema can't check: names that must be there, and values that must fit one another. */
function checked(raw: Raw, folder: string, wrong: Wrong): PlantPlan {
  const { site = 'plant', seed = 1, start = DEFAULT_START } = raw;
  const startMs = Date.parse(start);
  if (Number.isNaN(startMs)) throw wrong(['start'], 'is no date');
  const machines = machinesOf(raw, wrong);
  const names = new Set(machines.map(({ name }) => name));
  const nodeNames = new Set<string>();
  const nodes = raw.nodes.map((node, i): NodePlan => {
    if (nodeNames.has(node.name)) throw wrong(['nodes', i, 'name'], 'is there twice');
    nodeNames.add(node.name);
    const { name, sensors, ring = null, config = {}, wasm3 = 0 } = node;
    return {
      name,
      app: appPath(node.app, folder, () => wrong(['nodes', i, 'app'], 'is no app')),
      sensors,
      ring,
      config,
      wasm3,
    };
  });
  const faults = (raw.faults ?? []).map((fault, i): Fault => {
    const { machine, what, sensor, severity = 1 } = fault;
    if (!names.has(machine)) throw wrong(['faults', i, 'machine'], `names no machine of this plant: ${machine}`);
    if (isSensorFault(what) !== (sensor !== undefined))
      throw wrong(['faults', i], isSensorFault(what) ? 'needs a sensor' : 'is about the machine, and takes no sensor');
    const [fromS, toS] = [seconds(fault.from), seconds(fault.to)];
    if (toS <= fromS) throw wrong(['faults', i, 'to'], 'must be later than from');
    return { machine, what, fromS, toS, severity, ...(sensor !== undefined && { sensor }) };
  });
  const { randomFaults, power, network } = raw;
  const lost = network?.perNodeDay ?? 0;
  const [everyS, awakeS] = [seconds(network?.every ?? '0s'), seconds(network?.awake ?? '20s')];
  if (network?.every !== undefined && everyS <= awakeS) throw wrong(['network', 'every'], 'must be longer than awake');
  return {
    site,
    seed,
    startMs,
    machines,
    nodes,
    faults,
    randomFaults: randomFaults
      ? {
          perSecond: randomFaults.perMachineYear / (365 * DAY_S),
          what: randomFaults.what ?? [...MACHINE_FAULTS, ...SENSOR_FAULTS],
        }
      : null,
    power: power ? { perSecond: power.perNodeMonth / (30 * DAY_S), lengthS: seconds(power.off) } : null,
    network: lost > 0 ? { perSecond: lost / DAY_S, lengthS: seconds(network?.lost ?? '20m') } : null,
    sleep: everyS > 0 ? { everyS, awakeS } : null,
  };
}

function machinesOf(raw: Raw, wrong: Wrong): MachinePlan[] {
  const machines: MachinePlan[] = [];
  const names = new Set<string>();
  for (const [i, { name, kind, count, area = 'hall', bearing = DEFAULT_BEARING }] of raw.machines.entries()) {
    const geometry = typeof bearing === 'string' ? BEARINGS[bearing]! : bearing;
    try {
      bearingFrequencies(geometry);
    } catch (error) {
      throw wrong(['machines', i, 'bearing'], (error as Error).message);
    }
    for (let n = 1; n <= (count ?? 1); n++) {
      const one = count === undefined ? name : `${name}-${n}`;
      if (names.has(one)) throw wrong(['machines', i, 'name'], `is there twice: ${one}`);
      if (machines.length === MAX_MACHINES) throw wrong(['machines', i], `is beyond ${MAX_MACHINES} machines`);
      names.add(one);
      machines.push({ name: one, kind, area, bearing: geometry });
    }
  }
  return machines;
}

function appPath(app: string, folder: string, missing: () => MoteError): string {
  if (OWN_APPS.includes(app)) return packagePath('assembly', 'apps', app);
  const path = isAbsolute(app) ? app : resolve(folder, app);
  if (!existsSync(path)) throw missing();
  return path;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: DAY_S };

/** A duration of the schema, in seconds. */
export function seconds(text: string): number {
  return Number(text.slice(0, -1)) * UNITS[text.at(-1)!]!;
}

/**
 * All faults of a machine until `endS`: those of the file, and those that chance adds to them. A span of 30 days has at
 * most one random fault.
 */
export function faultsOf(plan: PlantPlan, machine: string, endS: number): Fault[] {
  const named = plan.faults.filter((fault) => fault.machine === machine);
  if (plan.randomFaults === null) return named;
  const { perSecond, what: kinds } = plan.randomFaults;
  const seed = hashText(plan.seed ^ 0x0fa1, machine);
  const random: Fault[] = [];
  for (let month = 0; month * 30 * DAY_S < endS; month++) {
    if (unit(seed, month) >= perSecond * 30 * DAY_S) continue;
    const what = kinds[Math.floor(unit(seed, month, 1) * kinds.length)]!;
    const fromS = Math.round((month + unit(seed, month, 2)) * 30 * DAY_S);
    const toS = fromS + Math.round((isSensorFault(what) ? 2 : 15 + 45 * unit(seed, month, 3)) * DAY_S);
    const severity = Math.round((0.5 + 0.5 * unit(seed, month, 4)) * 1000) / 1000;
    const sensor = SENSOR_NAMES[Math.floor(unit(seed, month, 5) * SENSOR_NAMES.length)]!;
    random.push({ machine, what, fromS, toS, severity, ...(isSensorFault(what) && { sensor }) });
  }
  return [...named, ...random].sort((a, b) => a.fromS - b.fromS);
}

/** Spans in seconds, such as those without power, until `endS`. A day has at most 24 and they don't overlap. */
export function outages(plan: OutagePlan | null, seed: number, endS: number): { fromS: number; toS: number }[] {
  if (plan === null) return [];
  const { perSecond, lengthS } = plan;
  const found: { fromS: number; toS: number }[] = [];
  let free = 0;
  for (let hour = 0; hour * 3600 < endS; hour++) {
    if (unit(seed, hour) >= perSecond * 3600) continue;
    // Whole milliseconds, at least one after the last span and after the start.
    const fromS = Math.max(free + 0.001, Math.round((hour + unit(seed, hour, 1)) * 3_600_000) / 1000);
    if (fromS >= endS) break;
    free = Math.round((fromS + lengthS) * 1000) / 1000;
    found.push({ fromS, toS: free });
  }
  return found;
}
