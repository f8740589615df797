/** Scenario files: what an app meets in a run, and what it shall do. Format: docs/schemas/scenario.schema.json. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { parseDocument } from 'yaml';
import { MoteError, packagePath, readInput } from '../../base/index.ts';
import { isOwnFolder } from '../app/index.ts';

export interface ExpectedEvent {
  /** Seconds; absent: any time. */
  t?: number;
  name: string;
  body?: unknown;
}

/** Figures of a metric in its unit. */
export interface MetricFigures {
  count: number;
  min: number;
  max: number;
  mean: number;
  last: number;
}

export interface Expectations {
  events?: ExpectedEvent[];
  metrics?: Record<string, Partial<MetricFigures>>;
  fault?: string;
}

export type Step =
  | { t: number; send: string; body?: unknown; ok?: boolean }
  | { t: number; config: Record<string, number> };

export interface Scenario {
  name: string;
  inputs?: string[];
  seconds?: number;
  seed?: number;
  config?: Record<string, number>;
  at?: Step[];
  tolerance?: { t?: number; value?: number };
  expect?: Expectations;
}

export interface ScenarioFile {
  path: string;
  scenario: Scenario;
}

const NAME = /\.test\.(ya?ml|json)$/;

/** The scenario files in a folder and the folders in it, in order of their paths. */
export function findScenarios(path: string): string[] {
  if (!existsSync(path)) throw new MoteError('FILE', `${path} doesn't exist: name a scenario file or a folder.`);
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) return isOwnFolder(entry.name) ? findScenarios(inner) : [];
      return NAME.test(entry.name) ? [inner] : [];
    });
}

/** The folder of the app that a scenario belongs to: the nearest one around it that has a `mote.json`. */
export function appOf(path: string): string {
  for (let folder = dirname(path); ; folder = join(folder, '..')) {
    if (existsSync(join(folder, 'mote.json'))) return folder;
    if (!existsSync(join(folder, '..')) || statSync(folder).ino === statSync(join(folder, '..')).ino) break;
  }
  throw new MoteError('SCENARIO', `${path} is in no app: there is no mote.json in its folder or a folder around it.`);
}

let compiled: ValidateFunction<Scenario> | undefined;

/** The check of the schema, compiled at the first scenario. */
function validator(): ValidateFunction<Scenario> {
  compiled ??= new Ajv({ allErrors: false, verbose: true }).compile<Scenario>(
    JSON.parse(readFileSync(packagePath('docs', 'schemas', 'scenario.schema.json'), 'utf8')),
  );
  return compiled;
}

/** Reads and checks a scenario. Throws `FILE`, and `SCENARIO` with the place and what is wrong there. */
export function readScenario(path: string): ScenarioFile {
  const document = parseDocument(Buffer.from(readInput(path, 'The scenario')).toString('utf8'));
  const [error] = document.errors;
  if (error !== undefined) throw new MoteError('SCENARIO', `${path}: ${error.message.split('\n')[0]}`);
  const value: unknown = document.toJS();
  const valid = validator();
  if (valid(value)) return { path, scenario: value };
  // The last error is that of the outermost rule, such as "oneOf"; the first is nearest to the mistake.
  const { instancePath, message, params } = valid.errors![0]!;
  const extra = 'additionalProperty' in params ? ` (${params.additionalProperty})` : '';
  const place = instancePath === '' ? basename(path) : instancePath.slice(1).replaceAll('/', '.');
  throw new MoteError('SCENARIO', `${path}: ${place} ${message}${extra}.`);
}

/** Replaces what a scenario file expects. The rest of the file stays as it is, with its comments. */
export function writeExpectations(path: string, expect: Expectations): void {
  const text = readFileSync(path, 'utf8');
  if (path.endsWith('.json')) {
    writeFileSync(path, `${JSON.stringify({ ...JSON.parse(text), expect }, null, 2)}\n`);
    return;
  }
  const document = parseDocument(text);
  document.set('expect', document.createNode(expect));
  writeFileSync(path, document.toString({ lineWidth: 100 }));
}
