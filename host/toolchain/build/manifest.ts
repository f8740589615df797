/** `mote.json`: the description of an app. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AbiLimit } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';

export interface Manifest {
  /** Name of the package: lower case, digits, dashes. */
  name: string;
  /** Semantic version. */
  version: string;
  /** Entry file, relative to the app's folder. */
  entry: string;
  /** Model files by the name that the app imports them under, relative to the app's folder. */
  models: Record<string, string>;
  /** Increases with every release: a node rejects a package that isn't newer than its own. */
  sequence: number;
  /** Settings with their defaults; int32. */
  config: Record<string, number>;
  /** How long a new module may take to become healthy, milliseconds. */
  trialMs: number;
  /** Fuel that one call may spend; null: the build chooses by the models' size. */
  fuel: number | null;
  /** Product class of the nodes that may run the app; empty for nodes without one. */
  product: string;
  /** The only node, and the group of the nodes, that may run it; empty for all. */
  node: string;
  group: string;
  /** A node rejects a package whose sequence is further above its own. */
  maxStep: number;
}

const NAME = /^[a-z][a-z0-9-]{0,63}$/;
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
/** A name that becomes a function or a file that AssemblyScript imports. */
const IDENTIFIER = /^[a-z][A-Za-z0-9_]*$/;
const TARGET = /^[A-Za-z0-9_-]{1,64}$/;
const FIELDS = [
  'name',
  'version',
  'entry',
  'models',
  'sequence',
  'config',
  'trialMs',
  'fuel',
  'product',
  'node',
  'group',
  'maxStep',
  '$schema',
];
/** Files of `generated/` that aren't models. */
const TAKEN = ['config', 'entry'];
const DEFAULTS = {
  entry: 'app.ts',
  models: {},
  sequence: 1,
  config: {},
  trialMs: 10_000,
  fuel: null,
  maxStep: 1_000_000,
};

/** Fields that replace those of mote.json in a build; settings are merged. */
export type ManifestOverride = Partial<Pick<Manifest, 'version' | 'sequence' | 'config'>>;

/** Reads `mote.json` of a folder. Throws `MoteError('BUILD_MANIFEST')` with the field and what it should be. */
export function readManifest(dir: string, override: ManifestOverride = {}): Manifest {
  let text: string;
  try {
    text = readFileSync(join(dir, 'mote.json'), 'utf8');
  } catch (cause) {
    const what = `there is no mote.json in ${dir}: create an app with \`mote new\`, or name another folder`;
    throw new MoteError('BUILD_MANIFEST', what, { cause });
  }
  return parseManifest(text, override);
}

/** Parses the text of a `mote.json`; see `readManifest`. */
export function parseManifest(text: string, override: ManifestOverride = {}): Manifest {
  let json: unknown;
  try {
    // Editors on Windows may write a byte order mark.
    json = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw bad(`is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  const given = record(json, 'the file');
  for (const key of Object.keys(given)) {
    if (!FIELDS.includes(key))
      throw bad(`has an unknown field ${quote(key)}; it may have ${FIELDS.slice(0, -1).join(', ')}`);
  }
  const fields: Record<string, unknown> = { ...DEFAULTS, ...given, ...override };
  const name = string(
    fields.name,
    'name',
    NAME,
    'lower-case letters, digits and dashes, at most 64, such as "door-bell"',
  );
  const version = string(fields.version, 'version', VERSION, 'a semantic version, such as "1.0.0"');
  const entry = string(
    fields.entry,
    'entry',
    /^(?!\/)[^\\'"`$]+\.ts$/,
    'a path to a .ts file, relative to mote.json, with / between folders',
  );
  const models: Record<string, string> = {};
  for (const [key, path] of Object.entries(record(fields.models, 'models'))) {
    identifier(key, 'models');
    if (TAKEN.includes(key)) throw bad(`can't call a model ${quote(key)}: that file of generated/ is taken`);
    models[key] = string(
      path,
      `models.${key}`,
      /^(?!\/)[^\\]+\.tflite$/,
      'a path to a .tflite file, relative to mote.json, with / between folders',
    );
  }
  const config: Record<string, number> = {};
  for (const [key, value] of Object.entries({ ...record(given.config ?? {}, 'config'), ...override.config })) {
    identifier(key, 'config');
    config[key] = integer(value, `config.${key}`, -(2 ** 31), 2 ** 31 - 1);
  }
  return {
    name,
    version,
    entry,
    models,
    sequence: integer(fields.sequence, 'sequence', 1, 0xffff_ffff),
    config,
    trialMs: integer(fields.trialMs, 'trialMs', 100, 86_400_000),
    fuel: fields.fuel === null ? null : integer(fields.fuel, 'fuel', 1000, Number.MAX_SAFE_INTEGER),
    product: target(fields.product, 'product'),
    node: target(fields.node, 'node'),
    group: target(fields.group, 'group'),
    maxStep: integer(fields.maxStep, 'maxStep', 1, 0xffff_ffff),
  };
}

function bad(what: string, cause?: unknown): MoteError {
  return new MoteError('BUILD_MANIFEST', `mote.json ${what}`, { cause });
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw bad(`needs an object {...} for ${name}, found ${quote(value)}`);
}

function string(value: unknown, name: string, pattern: RegExp, description: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw bad(
    value === undefined
      ? `lacks "${name}": ${description}`
      : `has "${name}": ${quote(value)}, but it must be ${description}`,
  );
}

/** Empty if it is absent. */
function target(value: unknown, name: string): string {
  return value === undefined ? '' : string(value, name, TARGET, '1 to 64 letters, digits, "_" and "-"');
}

function integer(value: unknown, name: string, min: number, max: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw bad(`has "${name}": ${quote(value)}, but it must be an integer from ${min} to ${max}`);
}

function identifier(key: string, field: string): void {
  if (IDENTIFIER.test(key) && key.length <= AbiLimit.name && !RESERVED.has(key)) return;
  throw bad(
    `has ${quote(key)} in "${field}", but a name there must be a word such as "threshold": a lower-case letter first, no dashes, not a keyword`,
  );
}

const RESERVED = new Set(
  (
    'break case catch class const continue debugger declare default delete do else enum export extends false finally for function get if ' +
    'implements import in instanceof interface let namespace new null of package private protected public readonly return set static ' +
    'super switch this throw true try type typeof undefined var void while with yield bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 usize ' +
    'isize string abort config'
  ).split(' '),
);
