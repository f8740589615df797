/** The files of a run: what the nodes sent, what is true, and the assets for a site. One JSON object a line, or CSV. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { decodePlain } from '../../base/cbor/index.ts';
import { MoteError, makeFolder } from '../../base/index.ts';
import type { EventRecord, NodeState, TelemetryRecord } from '../../device/node/index.ts';
import { type Fault, isSensorFault, spans } from './faults.ts';
import type { MachinePlan, PlantPlan } from './plan.ts';

const BUFFER_CHARS = 1 << 18;

/** A file that is written line by line. */
class LineFile {
  readonly #fd: number;
  readonly #path: string;
  #waiting: string[] = [];
  #chars = 0;

  constructor(path: string) {
    this.#path = path;
    try {
      this.#fd = openSync(path, 'w');
    } catch (cause) {
      throw new MoteError('FILE', `${path} can't be written: ${(cause as Error).message}.`, { cause });
    }
  }
  write(line: string): void {
    this.#waiting.push(line, '\n');
    this.#chars += line.length + 1;
    if (this.#chars >= BUFFER_CHARS) this.#flush();
  }
  #flush(): void {
    try {
      const bytes = Buffer.from(this.#waiting.join(''));
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (cause) {
      throw new MoteError('FILE', `${this.#path} can't be written: ${(cause as Error).message}.`, { cause });
    }
    this.#waiting = [];
    this.#chars = 0;
  }
  close(): void {
    try {
      this.#flush();
    } finally {
      closeSync(this.#fd);
    }
  }
}

const time = (ms: number): string => new Date(ms).toISOString();

/** What is true from one time to another. */
export interface TruthRow {
  readonly machine: string;
  /** Null for what concerns the machine and not one of its nodes. */
  readonly node: string | null;
  readonly what: Fault['what'] | 'power' | 'network';
  readonly sensor?: string;
  readonly fromS: number;
  readonly toS: number;
  readonly severity: number;
}

/** The rows of a fault that begin before `endS`. */
export function truthOf(fault: Fault, endS: number): TruthRow[] {
  const { machine, what, sensor } = fault;
  return spans(fault)
    .filter(({ fromS }) => fromS < endS)
    .map((span) => ({ machine, node: null, what, ...(isSensorFault(what) && { sensor: sensor! }), ...span }));
}

/** Bytes of an event's strings become base64: JSON has none. */
const plain = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;

export class RunFiles {
  readonly #telemetry: LineFile;
  readonly #events: LineFile;
  readonly #states: LineFile;
  readonly #startMs: number;

  /** Makes the folder, and writes truth and assets at once. Throws `FILE`. */
  constructor(folder: string, plan: PlantPlan, truth: readonly TruthRow[]) {
    makeFolder(folder, 'The folder of the run');
    this.#startMs = plan.startMs;
    const file = (name: string) => new LineFile(join(folder, name));
    this.#write(
      file('truth.ndjson'),
      truth.map((row) => this.#truth(row)),
    );
    this.#write(file('assets.csv'), assetLines(plan));
    this.#write(file('placements.csv'), placementLines(plan));
    this.#telemetry = file('telemetry.ndjson');
    this.#events = file('events.ndjson');
    this.#states = file('states.ndjson');
  }

  telemetry(node: string, record: TelemetryRecord): void {
    const { name: metric, unit, exponent, dtUs, values, quality, seq, tMs } = record;
    this.#telemetry.write(JSON.stringify({ t: time(tMs!), node, metric, unit, exponent, dtUs, values, quality, seq }));
  }

  event(node: string, { name: event, body, seq, tMs }: EventRecord): void {
    const value = decodePlain(body, { bytes: body.length });
    this.#events.write(JSON.stringify({ t: time(tMs!), node, event, seq, body: value }, plain));
  }

  state(node: string, timeS: number, state: NodeState | { kind: 'off' }): void {
    this.#states.write(JSON.stringify({ t: time(this.#startMs + timeS * 1000), node, ...state }, plain));
  }

  close(): void {
    for (const file of [this.#telemetry, this.#events, this.#states]) file.close();
  }

  #truth({ fromS, toS, ...row }: TruthRow): string {
    const at = (s: number) => time(this.#startMs + Math.round(s * 1000));
    return JSON.stringify({ ...row, from: at(fromS), to: at(toS) });
  }

  #write(file: LineFile, lines: readonly string[]): void {
    for (const line of lines) file.write(line);
    file.close();
  }
}

const pathOf = ({ site }: PlantPlan, { area, name }: MachinePlan): string => `${site}/${area}/${name}`;

/** The assets from the top down, as `path,level`. */
export function assetLines(plan: PlantPlan): string[] {
  const assets = new Map<string, string>();
  const above = plan.site.includes('/') ? ['enterprise', 'site', 'area'] : ['site', 'area'];
  for (const machine of plan.machines) {
    const parts = pathOf(plan, machine).split('/');
    for (const [i, level] of [...above, 'machine'].entries()) assets.set(parts.slice(0, i + 1).join('/'), level);
  }
  return ['path,level', ...[...assets].map((row) => row.join(','))];
}

/** Where each node is, from the plant's start on, as `device,asset,from,to`. */
export function placementLines(plan: PlantPlan): string[] {
  const from = time(plan.startMs);
  const rows = plan.machines.flatMap((machine) =>
    plan.nodes.map(({ name }) => `${nodeId(machine.name, name)},${pathOf(plan, machine)},${from},`),
  );
  return ['device,asset,from,to', ...rows];
}

export const nodeId = (machine: string, node: string): string => `${machine}-${node}`;
