/** `--input [SENSOR=]SOURCE`: what a simulated sensor measures. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MoteError, nearest } from '../../base/index.ts';
import {
  constant,
  csvSource,
  noise,
  repeat,
  type Sensor,
  type SensorSource,
  sine,
  wavSource,
} from '../../device/node/index.ts';

export const INPUT_HELP =
  'samples of a sensor: [sensor=]FILE.wav | FILE.csv:rate=HZ[,columns=A+B][,scale=N] | sine:rate=HZ,freq=HZ,amplitude=N[,offset=N] | noise:rate=HZ,amplitude=N | constant:rate=HZ,value=N; generators accept seconds=N';

class Parameters {
  readonly #values = new Map<string, string>();
  readonly #text: string;

  constructor(text: string, parameters: string) {
    this.#text = text;
    for (const pair of parameters.split(',').filter(Boolean)) {
      const at = pair.indexOf('=');
      if (at < 1) throw this.#wrong(`"${pair}" isn't name=value`);
      this.#values.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    this.#values.delete(name);
    return value;
  }
  number(name: string, fallback?: number): number {
    const text = this.text(name);
    if (text === undefined && fallback !== undefined) return fallback;
    const value = Number(text);
    if (text !== undefined && text !== '' && Number.isFinite(value)) return value;
    throw this.#wrong(text === undefined ? `it needs ${name}=NUMBER` : `${name}=${text} isn't a number`);
  }
  /** In Hz, within the bounds of a sensor, so that no board has to reject it. */
  rate(): number {
    const rateHz = this.number('rate');
    if (rateHz >= 0.001 && rateHz <= 1_000_000) return rateHz;
    throw this.#wrong(`rate=${rateHz} is out of range: use 0.001 to 1000000 samples a second`);
  }
  /** Rejects parameters that the source doesn't have: they are a mistake of the user. */
  end(): void {
    const [unknown] = this.#values.keys();
    if (unknown !== undefined) throw this.#wrong(`it has an unknown parameter "${unknown}"`);
  }
  #wrong(why: string): MoteError {
    return new MoteError('INPUT', `--input ${this.#text}: ${why}. See mote sim --help.`);
  }
}

const GENERATORS: Record<string, (p: Parameters, seed: number) => SensorSource> = {
  sine: (p) =>
    sine({
      ...shape(p),
      frequencyHz: p.number('freq'),
      amplitude: p.number('amplitude'),
      offset: p.number('offset', 0),
    }),
  noise: (p, seed) => noise({ ...shape(p), amplitude: p.number('amplitude'), seed }),
  constant: (p) => constant(shape(p), p.number('value')),
};

function shape(p: Parameters): { rateHz: number; samples?: number } {
  const rateHz = p.rate();
  const seconds = p.number('seconds', 0);
  return seconds > 0 ? { rateHz, samples: Math.round(seconds * rateHz) } : { rateHz };
}

function file(path: string, text: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new MoteError('INPUT', `--input ${text}: ${path} can't be read: ${(cause as Error).message}.`, { cause });
  }
}

function source(text: string, seed: number, folder: string): SensorSource {
  const colon = text.search(/:[a-z]+=/);
  const kind = colon < 0 ? text : text.slice(0, colon);
  const p = new Parameters(text, colon < 0 ? '' : text.slice(colon + 1));
  const generator = Object.hasOwn(GENERATORS, kind) ? GENERATORS[kind] : undefined;
  let made: SensorSource;
  if (generator) made = generator(p, seed);
  else if (/\.wav$/i.test(kind)) made = wavSource(file(resolve(folder, kind), text));
  else if (/\.csv$/i.test(kind)) {
    const columns = p.text('columns')?.split('+');
    const options = { rateHz: p.rate(), scale: p.number('scale', 1), ...(columns && { columns }) };
    made = csvSource(Buffer.from(file(resolve(folder, kind), text)).toString('utf8'), options);
  } else
    throw new MoteError(
      'INPUT',
      `--input ${text}: use a .wav or .csv file, or one of ${Object.keys(GENERATORS).join(', ')}.`,
    );
  p.end();
  return made;
}

/** What `--input` names, read: by sensor, and the rest in order. */
export interface ReadInputs {
  named: Map<Sensor['name'], SensorSource>;
  unnamed: { text: string; source: SensorSource }[];
}

/** Reads the files of inputs, before the app that needs them is built. Throws `INPUT`. */
export function readInputs(list: string[], { seed = 1, loop = false, folder = '.' } = {}): ReadInputs {
  const inputs: ReadInputs = { named: new Map(), unnamed: [] };
  const read = (text: string) => {
    const made = source(text, seed, folder);
    return loop ? repeat(made) : made;
  };
  for (const text of list) {
    const match = /^([A-Za-z][\w.-]*)=(.+)$/.exec(text);
    if (match) inputs.named.set(match[1]!, read(match[2]!));
    else inputs.unnamed.push({ text, source: read(text) });
  }
  return inputs;
}

/**
 * Sensors of a node. An input without a name feeds the first of `names` that has none. `exact`: no module with other
 * sensors will replace this one, so an input for another sensor is a mistake. Throws `INPUT`.
 */
export function assignInputs(
  { named, unnamed }: ReadInputs,
  names: readonly string[],
  { exact = false } = {},
): { name: string; source: SensorSource }[] {
  const sensors = new Map(named);
  for (const { text, source } of unnamed) {
    const name = names.find((candidate) => !sensors.has(candidate));
    if (name === undefined)
      throw new MoteError(
        'INPUT',
        `--input ${text}: the app opens no further sensor (it opens ${names.join(', ') || 'none'}).`,
      );
    sensors.set(name, source);
  }
  const missing = names.filter((name) => !sensors.has(name));
  const unused = [...named.keys()].filter((name) => !names.includes(name));
  for (const name of unused) {
    const meant = nearest(name, exact ? names : missing);
    const opens = `the app opens no sensor of that name; it opens ${names.join(', ') || 'none'}`;
    const question = meant === null ? '' : `. Do you mean ${meant}?`;
    if (exact || meant !== null) throw new MoteError('INPUT', `--input ${name}=...: ${opens}${question}`);
  }
  if (missing.length > 0) {
    throw new MoteError(
      'INPUT',
      `The app opens ${missing.join(', ')}: give it samples, as in --input ${missing[0]}=FILE.wav. See mote sim --help.`,
    );
  }
  return [...sensors].map(([name, source]) => ({ name, source }));
}

/** The sources of all inputs. */
export function sourcesOf({ named, unnamed }: ReadInputs): SensorSource[] {
  return [...named.values(), ...unnamed.map(({ source }) => source)];
}

/** Files that `--input` options name, for whoever watches them. */
export function inputFiles(list: string[]): string[] {
  const texts = list.map((text) => text.replace(/^[A-Za-z][\w.-]*=/, '').replace(/:[a-z]+=.*$/, ''));
  return texts.filter((text) => /\.(wav|csv)$/i.test(text));
}
