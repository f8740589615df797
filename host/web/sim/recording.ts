/** Records one run for the page: an observer of the simulation that answers questions about any range of time. */
import { decimal } from '../../base/index.ts';
import type { EventRecord, NodeHooks } from '../../device/node/index.ts';
import type { ObservedRun, SimulationObserver } from '../../toolchain/sim/index.ts';
import type {
  Counts,
  CursorData,
  Entry,
  LineData,
  MapData,
  RangeData,
  RunInfo,
  TapFormat,
  TrackInfo,
} from '../page/index.ts';
import { Series, Signal } from './lines.ts';
import { Memory, Tap } from './maps.ts';

/** Entries kept; beyond that the oldest half goes. */
const MAX_ENTRIES = 100_000;
/** Interval of the node's time in which the fill of the sensors' rings is recorded. */
const RING_S = 0.01;

export class Recording implements SimulationObserver {
  readonly id: number;
  readonly hooks: NodeHooks;
  info: RunInfo | null = null;
  ended = false;
  /** The app could not be built or started. */
  failed = false;
  /** Entries that are gone; `entries[0]` has this number. */
  dropped = 0;
  entries: Entry[] = [];
  readonly #bodyJson: (body: Uint8Array) => string;
  readonly #toJson: (value: unknown) => string;
  readonly #tracks = new Map<string, TrackInfo>();
  readonly #signals = new Map<string, Signal>();
  readonly #series = new Map<string, Series>();
  readonly #taps = new Map<string, Tap>();
  readonly #memory = new Memory();
  #run: ObservedRun | null = null;
  #endS = 0;
  #ringS = Number.NEGATIVE_INFINITY;
  #counts: Counts | null = null;

  constructor(
    id: number,
    { bodyJson, toJson }: { bodyJson(body: Uint8Array): string; toJson(value: unknown): string },
  ) {
    this.id = id;
    this.#bodyJson = bodyJson;
    this.#toJson = toJson;
    this.hooks = {
      onEvent: (record) => this.#event(record),
      onLog: ({ level, text, tUs }) => this.#entry({ t: tUs / 1e6, kind: 'log', name: level, text }),
      onState: ({ kind, ...rest }) => this.#entry({ t: this.now, kind: 'state', name: kind, text: this.#toJson(rest) }),
      onTelemetry: ({ name, unit, exponent, values, t0Us, dtUs }) => {
        const series = this.#track(`metric:${name}`, { name, unit, group: 'metric', lines: [name], steps: false });
        for (const [i, value] of values.entries()) series.add((t0Us + i * dtUs) / 1e6, decimal(value, exponent));
      },
      onTap: ({ name, data, tUs }) => {
        const id = `tap:${name}`;
        if (!this.#tracks.has(id)) this.#add(id, { name, unit: '', group: 'tap', lines: [], steps: false });
        const tap = this.#taps.get(name) ?? new Tap();
        this.#taps.set(name, tap);
        tap.add(tUs / 1e6, data);
      },
      onStep: ({ tUs, fuel, memory }) => this.#step(tUs, Number(fuel), memory),
    };
  }

  begin(run: ObservedRun): void {
    this.#run = run;
    const { app, engine, node, sensors } = run;
    this.info = {
      id: this.id,
      app: app.metadata.name,
      version: app.metadata.version,
      node: node.id,
      engine,
      memoryBytes: app.metadata.memoryBytes,
      romBytes: app.rom.length,
      codeBytes: app.wasm.length,
      sensors: sensors.map(({ name, source }) => ({
        name,
        rateHz: source.rateMilliHz / 1000,
        channels: source.channels,
      })),
    };
    for (const { name, source } of sensors) {
      const lines = Array.from({ length: source.channels }, (_, i) => (source.channels === 1 ? name : `${name} ${i}`));
      this.#add(`sensor:${name}`, { name, unit: '', group: 'sensor', lines, steps: false });
    }
  }

  /** Shows why there is no run. */
  fail(text: string): void {
    this.#entry({ t: this.now, kind: 'log', name: 'error', text });
    this.failed = true;
    this.ended = true;
  }

  end(): void {
    this.#refresh();
    this.ended = true;
    // The node is closed after this; everything that is shown from now on was recorded.
    this.#run = null;
  }

  /** Seconds on the node's clock. */
  get now(): number {
    return this.#run === null ? this.#endS : this.#run.nowUs() / 1e6;
  }
  get tracks(): TrackInfo[] {
    return [...this.#tracks.values()];
  }
  counts(): Counts | null {
    this.#refresh();
    return this.#counts;
  }

  range(from: number, to: number, points: number, formats: ReadonlyMap<string, TapFormat>): RangeData {
    this.#refresh();
    const lines: LineData[] = [];
    const maps: MapData[] = [];
    for (const { id, name } of this.#tracks.values()) {
      const line = this.#signals.get(id) ?? this.#series.get(id);
      const tap = id.startsWith('tap:') ? this.#taps.get(name) : undefined;
      if (line !== undefined) lines.push({ id, ...line.range(from, to, points) });
      else if (tap !== undefined) maps.push({ id, ...tap.picture(from, to, points, formats.get(name) ?? 'int8') });
      else if (id === 'memory') maps.push({ id, ...this.#memory.picture(from, to, points) });
    }
    return { from, to, lines, maps };
  }

  at(t: number): CursorData {
    const taps = [...this.#taps].flatMap(([name, tap]) => {
      const found = tap.at(t);
      return found === null ? [] : [{ name, ...found }];
    });
    return { taps, memory: this.#memory.at(t) };
  }

  #event({ name, body, seq, tUs }: EventRecord): void {
    this.#entry({ t: tUs / 1e6, kind: 'event', name, text: this.#bodyJson(body), seq });
  }

  #entry(entry: Entry): void {
    this.entries.push(entry);
    if (this.entries.length <= MAX_ENTRIES) return;
    const half = MAX_ENTRIES / 2;
    this.entries = this.entries.slice(half);
    this.dropped += half;
  }

  #step(tUs: number, fuel: number, memory: () => Uint8Array): void {
    const t = tUs / 1e6;
    const fuelSeries = this.#track('fuel', {
      name: 'fuel per step',
      unit: '',
      group: 'node',
      lines: ['fuel'],
      steps: true,
    });
    fuelSeries.add(t, fuel);
    if (this.#run === null) return;
    if (this.#memory.due(t)) {
      if (!this.#tracks.has('memory'))
        this.#add('memory', { name: 'memory writes', unit: '', group: 'node', lines: [], steps: false });
      this.#memory.add(t, memory());
    }
    if (t - this.#ringS < RING_S) return;
    this.#ringS = t;
    for (const { name } of this.#run.sensors) {
      const sensor = this.#run.node.sensor(name);
      if (sensor?.opened !== true) continue;
      this.#track(`ring:${name}`, {
        name: `${name} waiting`,
        unit: 'samples',
        group: 'node',
        lines: ['waiting'],
        steps: true,
      }).add(t, sensor.counts(tUs).waiting);
    }
  }

  /** Adds what is known only by asking the node. */
  #refresh(): void {
    if (this.#run === null) return;
    const { node, sensors } = this.#run;
    const nowUs = this.#run.nowUs();
    this.#endS = nowUs / 1e6;
    for (const { name, source } of sensors) {
      const startUs = node.sensor(name)?.startUs ?? null;
      if (startUs === null) continue;
      const id = `sensor:${name}`;
      const signal = this.#signals.get(id) ?? new Signal(source, startUs);
      this.#signals.set(id, signal);
      signal.advance(nowUs);
    }
    const { steps, faults, maxFuel, sensors: counts } = node.status();
    this.#counts = { steps, faults, maxFuel: Number(maxFuel), sensors: counts };
  }

  #track(id: string, info: Omit<TrackInfo, 'id'>): Series {
    const known = this.#series.get(id);
    if (known !== undefined) return known;
    const made = new Series();
    this.#series.set(id, made);
    this.#add(id, info);
    return made;
  }

  #add(id: string, info: Omit<TrackInfo, 'id'>): void {
    this.#tracks.set(id, { id, ...info });
  }
}
