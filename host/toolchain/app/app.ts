/** An app as commands take it: a folder with `mote.json`, or a package (`.mote`) that was built before. */
import type { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MoteError, readInput } from '../../base/index.ts';
import type { ModuleImage } from '../../device/node/index.ts';
import { buildPackage, loadPrivateKey, parsePackage } from '../../device/package/index.ts';
import type { Block, BuildStep, ManifestOverride } from '../build/index.ts';
import { type DebugInfo, debugFolder, saveDebugInfo, savePackageDigest } from '../debug/index.ts';

export interface App extends ModuleImage {
  sequence: number;
  /** Settings of mote.json; empty for a package, which has them built in. */
  config: Record<string, number>;
  warnings: string[];
  /** Nothing was compiled for it. */
  cached: boolean;
  /** The blocks of memory of a guarded module; null for any other. */
  blocks: Block[] | null;
  /** Null for a package and a guarded module. */
  debug: DebugInfo | null;
  /** The package's bytes, when it came as one. */
  package: Uint8Array | null;
}

/** Receives the progress of a build. A package that was built before makes no calls. */
export interface BuildObserver {
  onBuildStep?(step: BuildStep): void;
  onBuilt?(app: App, seconds: number): void;
}

export interface LoadOptions {
  manifest?: ManifestOverride;
  /** The caller gives the node all settings of `config`, so the defaults in the module may be others. */
  anyDefaults?: boolean;
  /** A module that checks its writes. Only an app's folder can have one. */
  guard?: boolean;
}

/** Folder of what moteware keeps between two commands: in the app's folder, or the one that `MOTE_CACHE` names. */
const cacheFolder = (app: string): string => process.env.MOTE_CACHE ?? join(app, '.mote', 'cache');

/** The build loads two compilers, which takes longer than most commands run. Only who builds loads it. */
const builder = () => import('../build/index.ts');

/** Throws `FILE` unless there is a folder or a file: what doesn't exist is reported before anything is done for it. */
export function checkApp(path: string): void {
  if (existsSync(path)) return;
  throw new MoteError(
    'FILE',
    `${path} doesn't exist: name the folder of an app or a .mote file. "mote new" creates a project.`,
  );
}

/** Whether a folder in that of an app, by its name, may hold files of the user, and not only what commands write. */
export const isOwnFolder = (name: string): boolean => !/^(node_modules|build|generated|dist|\..*)$/.test(name);

/** Whether the app is to be built, rather than a package. */
export const isFolder = (path: string): boolean => statSync(path).isDirectory();

/**
 * Reads a package, or builds an app's folder. Verifies no signature: whoever runs the app decides which keys it trusts.
 * Throws `FILE`, and what building an app and reading a package throw.
 */
export async function loadApp(path: string, observer: BuildObserver = {}, options: LoadOptions = {}): Promise<App> {
  checkApp(path);
  if (isFolder(path)) {
    const { buildApp } = await builder();
    await checkSettings(path, Object.keys(options.manifest?.config ?? {}));
    const started = performance.now();
    const built = await buildApp(path, {
      ...options,
      cacheFolder: cacheFolder(path),
      onProgress: (step) => observer.onBuildStep?.(step),
    });
    const app = { ...built, package: null };
    if (built.debug !== null) saveDebugInfo(debugFolder(path), built.debug);
    observer.onBuilt?.(app, (performance.now() - started) / 1000);
    return app;
  }
  if (options.guard === true) {
    throw new MoteError('USAGE', `--guard builds the app: name its folder instead of the package ${path}.`);
  }
  const bytes = readInput(path, 'The package');
  const { wasm, rom, metadata, sequence } = parsePackage(bytes);
  return {
    wasm,
    rom,
    metadata,
    sequence,
    config: {},
    warnings: [],
    cached: true,
    blocks: null,
    debug: null,
    package: bytes,
  };
}

/** Throws `USAGE` for a setting that the app in a folder doesn't have: it is a typing mistake, not a new setting. */
export async function checkSettings(path: string, names: string[]): Promise<void> {
  if (names.length === 0 || !isFolder(path)) return;
  const { readManifest } = await builder();
  const known = Object.keys(readManifest(path).config);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new MoteError('USAGE', `The app has no setting "${unknown}"; it has ${known.join(', ') || 'none'}.`);
}

/** The app as a signed package: the one that was read, or one that is signed now. Throws `KEY_MISSING`. */
export function packageOf(app: App, privateKey: KeyObject | null): Uint8Array {
  if (app.package !== null) return app.package;
  if (privateKey === null) throw keyMissing();
  const { wasm, rom, metadata, sequence } = app;
  return buildPackage({ wasm, rom, metadata, sequence, privateKey });
}

const keyMissing = () =>
  new MoteError(
    'KEY_MISSING',
    'A package must be signed: create a key with "mote key new" and name it with --key release.pem.',
  );

/** The private key in `file`, else `release.pem` in the app's folder or the current one, else null. */
export function findPrivateKey(file: string | undefined, appPath: string): { key: KeyObject; path: string } | null {
  if (file !== undefined) return { key: loadPrivateKey(file), path: file };
  const path = [join(appPath, 'release.pem'), 'release.pem'].find((candidate) => existsSync(candidate));
  return path === undefined ? null : { key: loadPrivateKey(path), path };
}

/**
 * Finds the app and the private key that signs it, `keyFile` or one beside the app, and returns what then reads or
 * builds and signs the package. Throws `FILE` and `KEY_...`, before anything is built.
 */
export function packageMaker(
  path: string,
  keyFile: string | undefined,
): (observer?: BuildObserver) => Promise<{ app: App; bytes: Uint8Array }> {
  checkApp(path);
  const signer = findPrivateKey(keyFile, path);
  if (signer === null && isFolder(path)) throw keyMissing();
  return async (observer) => {
    const app = await loadApp(path, observer);
    const bytes = packageOf(app, signer?.key ?? null);
    savePackageDigest(debugFolder(path), bytes, app.wasm);
    return { app, bytes };
  };
}

export interface WrittenApp {
  app: App;
  files: { path: string; bytes: number }[];
  /** False when there was no key: then no package was written. */
  signed: boolean;
}

/** Builds an app into `folder` as NAME.wasm and NAME.rom, and with a key as the signed package NAME.mote. */
export async function writeApp(
  path: string,
  options: { keyFile: string | undefined; folder: string; manifest: ManifestOverride },
  observer: BuildObserver,
): Promise<WrittenApp> {
  const { keyFile, folder, manifest } = options;
  const signer = findPrivateKey(keyFile, path);
  const app = await loadApp(path, observer, { manifest });
  const { name } = app.metadata;
  const files: [name: string, bytes: Uint8Array][] = [
    [`${name}.wasm`, app.wasm],
    [`${name}.rom`, app.rom],
  ];
  if (signer !== null) {
    const bytes = packageOf(app, signer.key);
    savePackageDigest(debugFolder(path), bytes, app.wasm);
    files.push([`${name}.mote`, bytes]);
  }
  mkdirSync(folder, { recursive: true });
  for (const [file, bytes] of files) writeFileSync(join(folder, file), bytes);
  return {
    app,
    files: files.map(([file, bytes]) => ({ path: join(folder, file), bytes: bytes.length })),
    signed: signer !== null,
  };
}
