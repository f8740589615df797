/** Runs scenarios: an app on the simulated node, in virtual time, against what is expected of it. */

import { dirname } from 'node:path';
import { decodePlain } from '../../base/cbor/index.ts';
import { decimal, MoteError } from '../../base/index.ts';
import type { EngineName } from '../../device/engine/index.ts';
import { encodeBody } from '../../messaging/topics/index.ts';
import type { BuildObserver } from '../app/index.ts';
import { type Stimulus, simulate } from '../sim/index.ts';
import { compare, type Difference, type Seen } from './compare.ts';
import { appOf, type MetricFigures, type ScenarioFile, writeExpectations } from './scenario.ts';

export interface Outcome {
  file: string;
  name: string;
  /** `updated`: the file now expects what was seen. */
  state: 'passed' | 'failed' | 'updated';
  differences: Difference[];
  /** Seconds of the node, and of this machine. */
  simSeconds: number;
  seconds: number;
}

export interface RunOptions extends BuildObserver {
  engine: EngineName;
  /** Write what was seen into scenarios that differ. */
  update: boolean;
}

/** Rounded to what a telemetry value can carry, so that files have no noise of floats. */
const round = (value: number): number => Number(value.toPrecision(12));
const seconds = (us: number): number => us / 1e6;

/** Gathers the figures of a metric. */
class Figures {
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #last = 0;

  add(value: number): void {
    this.#count++;
    this.#sum += value;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    this.#last = value;
  }

  get(): MetricFigures {
    const mean = round(this.#sum / this.#count);
    return { count: this.#count, min: this.#min, max: this.#max, mean, last: this.#last };
  }
}

function stimuliOf({ path, scenario }: ScenarioFile): Stimulus[] {
  return (scenario.at ?? []).map((step) => {
    const atUs = Math.round(step.t * 1e6);
    if ('config' in step) return { atUs, config: step.config };
    try {
      return { atUs, command: { name: step.send, body: encodeBody(step.body) } };
    } catch (cause) {
      throw new MoteError('SCENARIO', `${path}: the body of ${step.send} is too long or too deep.`, { cause });
    }
  });
}

/** Runs one scenario. Throws `SCENARIO`, and what building and simulating the app throws. */
export async function runScenario(file: ScenarioFile, options: RunOptions): Promise<Outcome> {
  const { path, scenario } = file;
  const { tolerance = {}, expect } = scenario;
  const seen: Seen = { events: [], metrics: {}, fault: null };
  const figures = new Map<string, Figures>();
  const differences: Difference[] = [];
  const stimuli = stimuliOf(file);
  const started = performance.now();
  const { simUs, undelivered, status } = await simulate({
    ...options,
    app: appOf(path),
    node: 'test',
    inputs: scenario.inputs ?? [],
    inputFolder: dirname(path),
    loop: false,
    seed: scenario.seed ?? 1,
    settings: scenario.config ?? {},
    limitUs: scenario.seconds === undefined ? null : Math.round(scenario.seconds * 1e6),
    realtime: false,
    connect: null,
    stimuli,
    onStimulus(stimulus, { ok, text }) {
      const step = scenario.at![stimuli.indexOf(stimulus)]!;
      if (!('send' in step) || ok === (step.ok ?? true)) return;
      const expected = ok ? 'the node rejects it' : 'the node accepts it';
      differences.push({ what: `command ${step.send} at ${step.t} s`, expected, seen: ok ? 'accepted' : text });
    },
    hooks: () => ({
      onEvent: ({ name, body, tUs }) =>
        seen.events.push({ t: seconds(tUs), name, body: decodePlain(body, { bytes: body.length }) }),
      onTelemetry({ name, values, exponent }) {
        const of = figures.get(name) ?? new Figures();
        figures.set(name, of);
        for (const value of values) of.add(decimal(value, exponent));
      },
      onState(state) {
        if (state.kind === 'fault') seen.fault ??= state.reason.code;
      },
    }),
    onInstalled: () => {},
    onProblem: () => {},
    onLinkTrouble: () => {},
    stopped: () => new Promise(() => {}),
  });
  if (undelivered > 0) {
    differences.push({
      what: `${undelivered} of "at"`,
      expected: 'within the run',
      seen: `it ended at ${seconds(simUs)} s`,
    });
  }
  if (status.unread.length > 0) seen.fault ??= 'MODULE_UNREAD';
  seen.metrics = Object.fromEntries([...figures].map(([name, of]) => [name, of.get()]));
  // What reached the node differently can't be written as an expectation.
  const stuck = differences.length > 0;
  if (expect === undefined && !options.update) {
    differences.push({ what: 'the scenario expects nothing; "mote test --update" writes what was seen' });
  } else if (expect !== undefined) differences.push(...compare(expect, tolerance, seen));
  const update = options.update && !stuck && (expect === undefined || differences.length > 0);
  if (update) writeExpectations(path, expectationsOf(seen));
  const state = update ? 'updated' : differences.length > 0 ? 'failed' : 'passed';
  return {
    file: path,
    name: scenario.name,
    state,
    differences,
    simSeconds: seconds(simUs),
    seconds: (performance.now() - started) / 1000,
  };
}

function expectationsOf({ events, metrics, fault }: Seen) {
  return { events, metrics, ...(fault !== null && { fault }) };
}
