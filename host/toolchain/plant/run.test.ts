import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';
import { loadPlan, type PlantPlan, parsePlan } from './plan.ts';
import { type PlantResult, runPlant } from './run.ts';
import { sensorSource } from './sensors.ts';

const DAY = 86_400;
const START_MS = Date.UTC(2026, 0, 5);
const WINDOW = 1024;
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-plant-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const PLAN = `site: acme/north
seed: 3
machines:
  - { name: pump, kind: pump, count: 2 }
  - { name: press, kind: press }
nodes:
  - name: vibration
    app: condition
    sensors: { accelerometer: 6400 }
    ring: 1024
    config: { interval: 1800, learn: 36 }
  - name: motor
    app: motor
    sensors: { temperature: 0.1, current: 0.1 }
power: { perNodeMonth: 8, off: 30m }
faults:
  - { machine: pump-2, what: bearing.outer, from: 2d, to: 5d }
  - { machine: pump-1, what: sensor.stuck, sensor: temperature, from: 1d, to: 2d }
`;
const plan = (wasm3 = 0): PlantPlan => {
  const parsed = parsePlan(PLAN, 'plant.yaml');
  return { ...parsed, nodes: parsed.nodes.map((node) => ({ ...node, wasm3 })) };
};
const never = new Promise<void>(() => {});
const run = (of: PlantPlan, days: number, folder: string): Promise<PlantResult> =>
  runPlant({ plan: of, seconds: days * DAY, out: join(dir, folder), gateway: null, stopped: never });

type Row = Record<string, unknown> & { t: string; node: string };
const rows = (folder: string, file: string) =>
  readFileSync(join(dir, folder, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
const digests = (folder: string) =>
  readdirSync(join(dir, folder)).map((file) => [
    file,
    createHash('sha256')
      .update(readFileSync(join(dir, folder, file)))
      .digest('hex'),
  ]);

describe('a plant of three machines for a week', () => {
  let result: PlantResult;
  beforeAll(async () => {
    result = await run(plan(), 7, 'week');
  });

  it('has its nodes, their starts after a loss of power, and no fault of a module', () => {
    expect(result).toMatchObject({ machines: 3, nodes: { v8: 6, wasm3: 0 }, faults: 0, plantS: 7 * DAY });
    expect(result.reboots).toBeGreaterThan(3);
    const power = rows('week', 'truth.ndjson').filter(({ what }) => what === 'power');
    const states = rows('week', 'states.ndjson');
    expect(states.filter(({ kind }) => kind === 'off')).toHaveLength(power.length);
    const starts = states.filter(({ kind }) => kind !== 'off');
    for (const { node, from, to } of power) {
      const sent = starts.filter((row) => row.node === node && row.t > from! && row.t < to!);
      expect(sent).toEqual([]);
    }
  });

  it('the node of the defective bearing raises an alarm while the defect grows, clears it after the repair, and no other does', () => {
    const events = rows('week', 'events.ndjson').filter(({ event }) => event === 'condition');
    expect(new Set(events.map(({ node }) => node))).toEqual(new Set(['pump-2-vibration']));
    const [first, last] = [events[0]!, events.at(-1)!];
    expect(first.body).toMatchObject({ alarm: true });
    expect(last.body).toMatchObject({ alarm: false });
    const truth = rows('week', 'truth.ndjson').filter(({ what }) => what === 'bearing.outer');
    const at = truth.find(({ from, to }) => first.t >= (from as string) && first.t < (to as string));
    expect(at?.severity).toBeLessThanOrEqual(0.4);
    expect(last.t > (truth.at(-1)!.to as string)).toBe(true);
  });

  it('an alarm carries the raw window, as the sensor measured it', () => {
    const events = rows('week', 'events.ndjson');
    const at = events.findIndex(({ event, body }) => event === 'condition' && (body as { alarm: boolean }).alarm);
    const parts = events.slice(at + 1, at + 4).map(({ body }) => body as Record<string, number | string>);
    expect(parts.map(({ first, of }) => [first, of])).toEqual([
      [0, WINDOW],
      [384, WINDOW],
      [768, WINDOW],
    ]);
    const bytes = Buffer.concat(parts.map(({ samples }) => Buffer.from(samples as string, 'base64')));
    const window = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    expect(window).toHaveLength(WINDOW);
    const { machines, seed, startMs, faults } = plan();
    const machine = new Machine({
      ...machines[1]!,
      seed,
      startMs,
      faults: faults.filter((one) => one.machine === 'pump-2'),
    });
    const measured = new Int16Array(WINDOW);
    sensorSource(machine, 'accelerometer', 6400, 0).read(Math.floor((parts[0]!.t0 as number) * 6400e-6) - 1, measured);
    expect([...window]).toEqual([...measured]);
  });

  it('the features are those of the window, computed in floats', () => {
    const telemetry = rows('week', 'telemetry.ndjson').filter(({ node }) => node === 'pump-1-vibration');
    const value = (metric: string) => (telemetry.find((row) => row.metric === metric)!.values as number[])[3]!;
    const level = telemetry.find(({ metric }) => metric === 'vibration.rms')!;
    const timeS = (Date.parse(level.t) - START_MS) / 1000 + 3 * 1800;
    const { machines, seed, startMs } = plan();
    const machine = new Machine({ ...machines[0]!, seed, startMs, faults: [] });
    const samples = new Int16Array(WINDOW);
    // Times in the file have milliseconds, which are 6.4 samples: a window nearby has nearly the same features.
    sensorSource(machine, 'accelerometer', 6400, 0).read(Math.round(timeS * 6400) - 1, samples);
    const wanted = features(samples);
    for (const [metric, number] of Object.entries(wanted)) {
      const exponent = metric === 'vibration.kurtosis' ? 100 : 10;
      expect([metric, Math.abs(value(metric) / exponent / number - 1) < 0.05]).toEqual([metric, true]);
    }
  });

  it('the motor node sends mean, range and deviation, and the stuck sensor shows', () => {
    const telemetry = rows('week', 'telemetry.ndjson').filter(({ node }) => node === 'pump-1-motor');
    const of = (metric: string) =>
      telemetry
        .filter((row) => row.metric === metric)
        .flatMap(({ t, values, dtUs }) =>
          (values as number[]).map((value, i) => ({
            day: (Date.parse(t) - START_MS + (i * (dtUs as number)) / 1000) / 86_400_000,
            value,
          })),
        );
    const sd = of('temperature.sd');
    const stuck = sd.filter(({ day }) => day > 1.02 && day < 1.97).map(({ value }) => value);
    expect(new Set(stuck)).toEqual(new Set([0]));
    expect(sd.filter(({ day }) => day > 2.1).every(({ value }) => value > 0)).toBe(true);
    const means = of('temperature.mean');
    expect(of('temperature.min').every(({ value }, i) => value <= means[i]!.value)).toBe(true);
    expect(of('temperature.max').every(({ value }, i) => value >= means[i]!.value)).toBe(true);
  });

  it('is the same in every byte the next time, and in wasm3', async () => {
    await run(plan(), 1, 'again');
    await run(plan(), 1, 'once-more');
    const wasm3 = await run(plan(1), 1, 'wasm3');
    expect(wasm3.nodes).toEqual({ v8: 0, wasm3: 6 });
    expect(digests('again')).toEqual(digests('once-more'));
    expect(digests('wasm3')).toEqual(digests('again'));
  });
});

it('a node without a sensor that its app reads, or with a setting that it has not, is reported before the run', async () => {
  const base = plan();
  const [vibration] = base.nodes;
  const wrong = (node: Partial<PlantPlan['nodes'][number]>) =>
    run({ ...base, nodes: [{ ...vibration!, ...node }] }, 1, 'wrong');
  await expect(wrong({ sensors: { current: 1 } })).rejects.toThrow(/condition reads the sensor "accelerometer"/);
  await expect(wrong({ config: { alrm: 3 } })).rejects.toThrow(/has no setting "alrm"; it has interval, learn/);
  expect(() => loadPlan(join(dir, 'none.yaml'))).toThrow(expect.objectContaining({ code: 'FILE' }));
});

/** Level, kurtosis and bands by the definitions, with a discrete Fourier transform. */
function features(samples: Int16Array): Record<string, number> {
  const n = samples.length;
  const mean = samples.reduce((a, b) => a + b, 0) / n;
  const x = [...samples].map((value) => value - mean);
  const moment = (power: number) => x.reduce((sum, value) => sum + value ** power, 0) / n;
  const power = Array.from({ length: n / 2 }, (_, k) => {
    let [re, im] = [0, 0];
    for (const [i, value] of x.entries()) {
      const weighted = value * 0.5 * (1 - Math.cos((2 * Math.PI * i) / n));
      re += weighted * Math.cos((2 * Math.PI * k * i) / n);
      im += weighted * Math.sin((2 * Math.PI * k * i) / n);
    }
    return (re * re + im * im) / n / n;
  });
  const edges = [10, 300, 1000, 2000, 3200].map((hz) => Math.max(1, Math.floor((hz * n) / 6400)));
  const band = (i: number) => Math.sqrt((16 / 3) * power.slice(edges[i], edges[i + 1]).reduce((a, b) => a + b, 0));
  return {
    'vibration.rms': Math.sqrt(moment(2)),
    'vibration.kurtosis': moment(4) / moment(2) ** 2,
    'vibration.band1': band(0),
    'vibration.band2': band(1),
    'vibration.band3': band(2),
    'vibration.band4': band(3),
  };
}
