/** `mote build`: builds a folder with `mote.json` into a module, its rom and the metadata of its package. */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { ModuleConstant } from '../../base/abi/index.ts';
import { MoteError } from '../../base/index.ts';
import { loadEngine, type ModuleInfo, validateModule } from '../../device/engine/index.ts';
import type { Metadata } from '../../device/package/index.ts';
import { type Block, compileError, loadCompiler, readSource, type SourceTree, sourceTree } from '../assembly/index.ts';
import { compileModel } from '../compiler/index.ts';
import { type DebugInfo, makeDebugInfo } from '../debug/index.ts';
import { type CompiledModule, digestOf, type Inputs, ModuleCache } from './cache.ts';
import { explainSettings } from './explain-settings.ts';
import { extractDeclarations } from './extract-declarations.ts';
import { explainHabit } from './habits.ts';
import { rejectHeap } from './heap.ts';
import { type Manifest, type ManifestOverride, readManifest } from './manifest.ts';
import { misspeltSensors } from './sensor-names.ts';
import { configSource, entrySource } from './sources.ts';
import { toolchainDigest } from './toolchain-digest.ts';
import { rejectUnsupportedApis, warnOfFloats } from './unsupported-apis.ts';

export interface BuiltApp {
  wasm: Uint8Array;
  rom: Uint8Array;
  metadata: Metadata;
  /** Settings of mote.json with their defaults. */
  config: Record<string, number>;
  sequence: number;
  /** Sentences about code that builds but may be a mistake. */
  warnings: string[];
  sizes: { wasmBytes: number; romBytes: number; memoryBytes: number };
  /** The module was compiled by an earlier build. */
  cached: boolean;
  /** The blocks of memory by the numbers that a guarded module passes to the import `guard`; null for any other. */
  blocks: Block[] | null;
  /** Names of functions and lines of sources; null for a guarded module. */
  debug: DebugInfo | null;
}

export interface BuildOptions {
  /** Called as each part of the build begins. */
  onProgress?: (step: BuildStep) => void;
  /** Replaces fields of mote.json: version and sequence from a pipeline, other defaults of settings. */
  manifest?: ManifestOverride;
  /** Folder of modules that were compiled before; without one, each build compiles. */
  cacheFolder?: string;
  /**
   * Accepts a module from the cache that differs only in the settings' defaults, for a caller that gives the node all
   * settings of `config`.
   */
  anyDefaults?: boolean;
  /** Builds a module that checks its writes (`addGuard`). It runs on a host with the import `guard`, and on no node. */
  guard?: boolean;
}

export type BuildStep = { step: 'model'; name: string } | { step: 'compile' } | { step: 'check' };

/** Default fuel of one call: enough for an app's own loops, and for some runs of its models in one step. */
const BASE_FUEL = ModuleConstant.baseFuel;
const FUEL_PER_MAC = ModuleConstant.fuelPerMac;

/**
 * Builds the app in `dir`. The same sources give the same bytes wherever the folder is. Throws `MoteError`:
 * `BUILD_MANIFEST`, `BUILD_MODEL`, `BUILD_COMPILE` (asc's messages with file, line and column), `BUILD_HEAP`,
 * `BUILD_IMPORT`, `BUILD_INIT`, `COMPILER_MISSING`, and what the compiler (`MODEL_*`) and the static check (`WASM_*`)
 * throw.
 */
export async function buildApp(dir: string, options: BuildOptions = {}): Promise<BuiltApp> {
  const report = options.onProgress ?? (() => {});
  const manifest = readManifest(dir, options.manifest);
  if (!existsSync(resolve(dir, manifest.entry))) {
    const what = `mote.json has "entry": "${manifest.entry}", but there is no such file in ${resolve(dir)}`;
    throw new MoteError('BUILD_MANIFEST', what);
  }
  const sources = sourcesOf(dir, manifest);
  const { tree, generated, library, own, modelBytes } = sources;
  const { entry, config } = manifest;

  const guard = options.guard === true;
  const cache = options.cacheFolder === undefined ? null : new ModuleCache(options.cacheFolder);
  const key = JSON.stringify([
    cache && toolchainDigest(),
    guard,
    [tree.library, library, relative(tree.baseDir, generated), entry, Object.keys(config)],
    [...modelBytes].map(([name, bytes]) => [name, digestOf(bytes)]),
  ]);
  const read = (name: string) => readSource(tree.baseDir, name);
  const found = cache?.find({ key, config, anyDefaults: options.anyDefaults ?? false, read }) ?? null;
  if (found !== null) {
    writeGenerated(generated, new Map([...found.files, ...own]));
    return guarded(await describe(manifest, found, true));
  }

  const inputs: Inputs = new Map();
  const module = await compileApp({ ...sources, guard }, config, inputs, report);
  report({ step: 'check' });
  const built = await describe(manifest, module, false);
  cache?.keep({ key, config, inputs, module });
  return guarded(built);
}

/** Writes what `generated/` holds without compiling the app, so that an editor knows it. Throws as `buildApp`. */
export async function generateSources(dir: string): Promise<void> {
  const sources = sourcesOf(dir, readManifest(dir));
  writeGenerated(sources.generated, new Map([...compileModels(sources, () => {}).files, ...sources.own]));
}

interface Sources {
  tree: SourceTree;
  /** The folder of the generated files. */
  generated: string;
  /** The path by which generated files import the library. */
  library: string;
  /** Generated files that aren't models. */
  own: ReadonlyMap<string, string>;
  modelBytes: ReadonlyMap<string, Uint8Array>;
}

function sourcesOf(dir: string, { entry, models, config }: Manifest): Sources {
  const tree = sourceTree(dir);
  const generated = join(resolve(dir), 'generated');
  const library = libraryImport(tree, generated);
  const own = new Map([
    ['config.ts', configSource(config, `${library}/mote`)],
    ['entry.ts', entrySource(`../${entry.replace(/\.ts$/, '')}`, `${library}/mote`)],
  ]);
  const modelBytes = new Map(Object.entries(models).map(([name, path]) => [name, readModel(dir, name, path)]));
  return { tree, generated, library, own, modelBytes };
}

/** The models as AssemblyScript and as one rom. */
function compileModels({ library, modelBytes }: Sources, report: (step: BuildStep) => void) {
  const files = new Map<string, string>();
  const models: CompiledModule['models'] = [];
  const rom = new Rom();
  for (const [name, bytes] of modelBytes) {
    report({ step: 'model', name });
    const model = compileModel(bytes, { name, romBase: rom.size, kernelPath: `${library}/nn` });
    rom.append(model.rom);
    models.push({ name, digest: model.digest, macs: model.layers.reduce((sum, layer) => sum + layer.macs, 0) });
    files.set(`${name}.ts`, model.source);
  }
  return { files, models, rom: rom.bytes() };
}

/** Compiles the models, then the app with them. `inputs` receives each file that the compiler asks for. */
async function compileApp(
  sources: Sources & { guard: boolean },
  config: Manifest['config'],
  inputs: Inputs,
  report: (step: BuildStep) => void,
): Promise<CompiledModule> {
  const { tree, generated, own, guard } = sources;
  const { files, models, rom } = compileModels(sources, report);
  for (const [name, text] of own) files.set(name, text);
  writeGenerated(generated, files);
  report({ step: 'compile' });
  const compiled = compileEntry(tree, generated, files, inputs, guard);
  const { wasm, warnings, blocks, debug } = await compiled.catch((error: unknown) => {
    if (!(error instanceof MoteError) || error.places.length === 0) throw error;
    throw compileError(error.places, (place) => explainHabit(explainSettings(place.message, config), place), error);
  });
  return { wasm, rom, models, warnings, files, blocks, debug };
}

async function compileEntry(
  tree: SourceTree,
  generated: string,
  files: ReadonlyMap<string, string>,
  inputs: Inputs,
  guard: boolean,
) {
  const { compileModule } = await loadCompiler();
  const folder = relative(tree.baseDir, generated).split(sep).join('/');
  const floats: string[] = [];
  // Read generated files from memory, because another build of the same app may be writing them.
  const generatedFile = (name: string) =>
    name.startsWith(`${folder}/`) ? files.get(name.slice(folder.length + 1)) : undefined;
  const { wasm, warnings, blocks, debug } = await compileModule({
    target: 'release',
    guard,
    entry: `${folder}/entry.ts`,
    readFile(name) {
      const made = generatedFile(name);
      if (made !== undefined) return made;
      const text = readSource(tree.baseDir, name);
      inputs.set(name, digestOf(text));
      return text;
    },
    library: tree.library,
    inspect(calls) {
      rejectHeap(calls);
      rejectUnsupportedApis(calls);
      floats.push(...warnOfFloats(calls));
    },
  }).catch((error: unknown) => {
    throw explainExports(error, `${folder}/entry.ts`);
  });
  const read = (name: string) => generatedFile(name) ?? readSource(tree.baseDir, name);
  const info = debug === null || guard ? null : makeDebugInfo(wasm, debug, tree.library, read);
  return { wasm, warnings: [...warnings, ...floats], blocks, debug: info };
}

/** Adds the checks of a guarded build, last, so that all that is known of the module is known of the one without. */
async function guarded(built: BuiltApp): Promise<BuiltApp> {
  const { wasm, blocks } = built;
  if (blocks === null) return built;
  const { addGuard } = await loadCompiler();
  return { ...built, wasm: addGuard(wasm, blocks) };
}

/** Explains errors in the generated entry, which the user did not write: they are caused by the exports of the app. */
function explainExports(error: unknown, entry: string): unknown {
  if (!(error instanceof MoteError) || error.places.length === 0) return error;
  if (!error.places.every(({ file }) => file === entry)) return error;
  const own = /User-defined: '(.*)'/.exec(error.message)?.[1];
  const types = 'init(): void, step(now: i64): i64, health(): i32, onMessage(id: i32, length: i32): void';
  const what =
    own ?? `the app exports a function with other types than the node calls: it calls ${types}; ${error.message}`;
  return new MoteError('BUILD_COMPILE', what, { cause: error });
}

/**
 * Writes the generated files that have changed, each atomically, for editors and readers. The build itself uses the texts in memory, so it
 * also works if the folder isn't writable, as with the apps of an installed package.
 */
function writeGenerated(dir: string, files: ReadonlyMap<string, string>): void {
  try {
    mkdirSync(dir, { recursive: true });
    for (const [name, text] of files) {
      const path = join(dir, name);
      if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
      const draft = `${path}.${process.pid}.draft`;
      writeFileSync(draft, text);
      renameSync(draft, path);
    }
  } catch (error) {
    if (!READ_ONLY.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const READ_ONLY = ['EROFS', 'EACCES', 'EPERM'];

/** What a board's interpreter can always compile with 6 KiB of native stack and its tables (docs/LIMITS.md). */
const BOARD_LIMITS = { blocks: ModuleConstant.warnNesting, locals: ModuleConstant.warnLocals };

function tooComplex({ most }: ModuleInfo): string[] {
  const kinds = [
    ['blocks', 'blocks in one another'],
    ['locals', 'locals'],
  ] as const;
  return kinds
    .filter(([kind]) => most[kind] > BOARD_LIMITS[kind])
    .map(([kind, description]) => {
      const what = `a function has ${most[kind]} ${description}, a small board may take only ${BOARD_LIMITS[kind]}`;
      return `${what}: split it (a switch has a block for each case), or it traps there when it is called first`;
    });
}

async function describe(manifest: Manifest, module: CompiledModule, cached: boolean): Promise<BuiltApp> {
  const { wasm, rom, models, warnings } = module;
  const info = validateModule(wasm);
  const macs = models.reduce((sum, model) => sum + model.macs, 0);
  const fuel = BigInt(manifest.fuel ?? BASE_FUEL + macs * FUEL_PER_MAC);
  const declared = extractDeclarations(await loadEngine('v8'), wasm, rom, info.memoryBytes, fuel);
  const all = [...warnings, ...tooComplex(info), ...misspeltSensors(declared.sensors)];
  if (declared.result < 0) {
    all.push(
      `init refuses to start with error ${declared.result} even where every sensor is there: ${declared.log.join(' / ')}`,
    );
  }
  const metadata: Metadata = {
    name: manifest.name,
    version: manifest.version,
    abi: info.abi ?? 0,
    memoryBytes: info.memoryBytes,
    sensors: declared.sensors,
    metrics: declared.metrics,
    commands: declared.commands,
    models: models.map(({ name, digest }) => ({ name, sha256: new Uint8Array(Buffer.from(digest, 'hex')) })),
    fuel,
    trialMs: manifest.trialMs,
    product: manifest.product,
    node: manifest.node,
    group: manifest.group,
    maxStep: manifest.maxStep,
  };
  return {
    wasm,
    rom,
    metadata,
    config: manifest.config,
    sequence: manifest.sequence,
    warnings: all,
    sizes: { wasmBytes: wasm.length, romBytes: rom.length, memoryBytes: info.memoryBytes },
    cached,
    blocks: module.blocks ?? null,
    debug: module.debug,
  };
}

/** The path by which files in `generated/` import the library's `assembly` folder. */
function libraryImport(tree: SourceTree, generated: string): string {
  if (tree.library.startsWith('~lib/')) return tree.library.slice(5);
  return relative(generated, join(tree.baseDir, tree.library)).split(sep).join('/');
}

function readModel(dir: string, name: string, path: string): Uint8Array {
  const file = resolve(dir, path);
  try {
    return readFileSync(file);
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? "isn't there" : `can't be read: ${(cause as Error).message}`;
    const what = `model ${name} ${why}: mote.json says ${path}, which is ${file}`;
    throw new MoteError('BUILD_MODEL', what, { cause });
  }
}

/** The roms of several models, one after the other, each at a multiple of 4. */
class Rom {
  #parts: Uint8Array[] = [];
  size = 0;

  append(part: Uint8Array): void {
    this.#parts.push(part, new Uint8Array(-part.length & 3));
    this.size += (part.length + 3) & ~3;
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }
}
