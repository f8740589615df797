/** An app as commands take it: a folder with `mote.json`, or a package (`.mote`) that was built before. */
import type { KeyObject } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MoteError } from '../base/index.ts';
import type { ModuleImage } from '../device/node/index.ts';
import { buildPackage, loadPrivateKey, parsePackage } from '../device/package/index.ts';
import type { ManifestOverride } from '../toolchain/build/index.ts';
import { readInput } from './package.ts';
import type { Terminal } from './terminal.ts';

export interface App extends ModuleImage {
  sequence: number;
  /** Settings of mote.json; empty for a package, which has them built in. */
  config: Record<string, number>;
  warnings: string[];
  /** The package's bytes, when it came as one. */
  package: Uint8Array | null;
}

/** The build brings two compilers along, which take longer to load than most commands to run: only who builds loads it. */
export const builder = () => import('../toolchain/build/index.ts');

/** Reads or builds it, with progress on a terminal. Trusts nothing yet: what runs it decides about signatures. */
export async function loadApp(path: string, terminal: Terminal, manifest: ManifestOverride = {}): Promise<App> {
  if (!existsSync(path)) {
    throw new MoteError(
      'FILE',
      `${path} isn't there: give an app's folder or a .mote file. "mote new" makes a folder.`,
    );
  }
  if (statSync(path).isDirectory()) {
    const { buildApp } = await builder();
    await checkSettings(path, Object.keys(manifest.config ?? {}));
    const started = performance.now();
    const built = await buildApp(path, {
      manifest,
      onProgress: (step) =>
        terminal.progress(
          step.step === 'model'
            ? `compiling model ${step.name} ...`
            : `${step.step === 'compile' ? 'compiling' : 'checking'} the module ...`,
        ),
    });
    for (const warning of built.warnings) terminal.line(`${terminal.paint('yellow', 'warning')} ${warning}`);
    terminal.progress('');
    terminal.line(
      terminal.paint(
        'dim',
        `built ${built.metadata.name} ${built.metadata.version} in ${((performance.now() - started) / 1000).toFixed(1)} s`,
      ),
    );
    return { ...built, package: null };
  }
  const bytes = readInput(path, 'The package');
  const pkg = parsePackage(bytes);
  return {
    wasm: pkg.wasm,
    rom: pkg.rom,
    metadata: pkg.metadata,
    sequence: pkg.sequence,
    config: {},
    warnings: [],
    package: bytes,
  };
}

/** A setting that the app in a folder doesn't have is a slip of the pen, not a new setting. */
export async function checkSettings(path: string, names: string[]): Promise<void> {
  if (names.length === 0 || !statSync(path).isDirectory()) return;
  const { readManifest } = await builder();
  const known = Object.keys(readManifest(path).config);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new MoteError('USAGE', `The app has no setting "${unknown}"; it has ${known.join(', ') || 'none'}.`);
}

/** The app as a signed package: the one that it came as, or one made now. */
export function packageOf(app: App, privateKey: KeyObject | null): Uint8Array {
  if (app.package !== null) return app.package;
  if (privateKey === null) {
    throw new MoteError(
      'KEY_MISSING',
      'A package must be signed: make a key with "mote key new" and pass it with --key release.pem.',
    );
  }
  const { wasm, rom, metadata, sequence } = app;
  return buildPackage({ wasm, rom, metadata, sequence, privateKey });
}

/** The private key of `--key`, or `release.pem` of the app's or the current folder when it is there. */
export function findPrivateKey(option: string | undefined, appPath: string): { key: KeyObject; path: string } | null {
  if (option !== undefined) return { key: loadPrivateKey(option), path: option };
  const path = [join(appPath, 'release.pem'), 'release.pem'].find((candidate) => existsSync(candidate));
  return path === undefined ? null : { key: loadPrivateKey(path), path };
}
