/** Builds the wasm3 addon with the system's C compiler at first use, without node-gyp or prebuilt binaries. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { buildFolder, findThirdParty, MoteError, packagePath, withLock } from '../../../base/index.ts';

const run = promisify(execFile);

/** Folders of the C files. TypeScript sources ship beside the compiled ones, so both find the files here. */
const ADDON = packagePath('host', 'device', 'engine', 'wasm3');
const RUNTIME = packagePath('boards', 'runtime');

/** Files that are compiled with all warnings. interpreter.c includes wasm3 and is compiled without warnings. */
const OWN = [
  ...['addon.c', 'platform.c'].map((file) => join(ADDON, file)),
  ...['exports.c', 'guard.c', 'instance.c', 'trap.c'].map((file) => join(RUNTIME, file)),
];
const INTERPRETER = join(RUNTIME, 'interpreter.c');

export interface BuildOptions {
  /** Folder of wasm3's sources. */
  source: string;
  /** File to write. */
  output: string;
  /** C compiler; `cc` by default, or the environment's `CC`. */
  compiler?: string;
  /** Additional options for our own files and for the linker, such as sanitizers. */
  ownFlags?: readonly string[];
  /** Additional options for wasm3. */
  interpreterFlags?: readonly string[];
}

/**
 * wasm3 dispatches with a tail call for each operation. -O3 makes it a jump; a stack protector or a branch-target
 * instruction in each would only cost time. Its stack slots are read as several types, so type-based aliasing is off,
 * which costs nothing by measurement.
 */
const INTERPRETER_FLAGS = ['-std=gnu11', '-O3', '-w', '-fPIC', '-fno-stack-protector', '-fno-strict-aliasing'];
const OWN_FLAGS = ['-std=c11', '-O3', '-fPIC', '-Wall', '-Wextra', '-Werror', '-Wconversion'];

function includePath(): string {
  const headers = createRequire(import.meta.url)('node-api-headers') as { include_dir: string };
  return headers.include_dir;
}

async function cc(compiler: string, args: readonly string[]): Promise<void> {
  try {
    await run(compiler, args);
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException & { stderr?: string };
    if (error.code === 'ENOENT') {
      const install = 'install gcc or clang (Debian: apt install build-essential; macOS: xcode-select --install)';
      throw new MoteError(
        'ENGINE_BUILD',
        `wasm3 needs a C compiler, and ${compiler} is missing: ${install}, or use the engine v8`,
      );
    }
    throw new MoteError(
      'ENGINE_BUILD',
      `${compiler} could not build wasm3; correct the error or use the engine v8:\n${error.stderr ?? error.message}`,
      {
        cause,
      },
    );
  }
}

/** Compiles and links the addon. `output` appears only when it is complete. Throws `ENGINE_BUILD`. */
export async function buildAddon(options: BuildOptions): Promise<void> {
  const compiler = options.compiler ?? process.env.CC ?? 'cc';
  const work = `${options.output}.${process.pid}.tmp`;
  await mkdir(work, { recursive: true });
  try {
    const object = (file: string) => join(work, basename(file).replace(/\.c$/, '.o'));
    const own = (file: string) =>
      cc(compiler, [
        ...OWN_FLAGS,
        ...(options.ownFlags ?? []),
        ...['-I', packagePath('boards'), '-isystem', options.source, '-isystem', includePath()],
        ...['-c', file, '-o', object(file)],
      ]);
    const intel = process.arch === 'x64' ? ['-fcf-protection=none'] : [];
    const interpreter = cc(compiler, [
      ...INTERPRETER_FLAGS,
      ...intel,
      ...(options.interpreterFlags ?? []),
      ...['-I', options.source, '-c', INTERPRETER, '-o', object(INTERPRETER)],
    ]);
    await Promise.all([interpreter, ...OWN.map(own)]);
    const shared = process.platform === 'darwin' ? ['-dynamiclib', '-undefined', 'dynamic_lookup'] : ['-shared'];
    const linked = join(work, 'wasm3.node');
    await cc(compiler, [
      ...shared,
      ...(options.ownFlags ?? []),
      ...[...OWN, INTERPRETER].map(object),
      ...['-lm', '-lpthread', '-o', linked],
    ]);
    await rename(linked, options.output);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Returns the folder of wasm3's sources. Throws `ENGINE_SOURCE`. */
export const findSource = (): Promise<string> => findThirdParty('wasm3');

/**
 * A digest of everything that goes into the addon: an update of the package, of wasm3 or of an option causes a new
 * build.
 */
async function digest(source: string): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([OWN_FLAGS, INTERPRETER_FLAGS, process.env.CC ?? '']));
  for (const folder of [ADDON, RUNTIME, source]) {
    const files = (await readdir(folder)).filter((file) => /\.[ch]$/.test(file)).sort();
    for (const file of files) hash.update(file).update(await readFile(join(folder, file)));
  }
  return hash.digest('hex').slice(0, 12);
}

/**
 * Returns the path of the addon, and builds it if none exists for these sources. Concurrent processes build it once.
 * `root` is the folder whose `build/` receives it. Throws `ENGINE_SOURCE`, `ENGINE_BUILD` or `ENGINE_LOCK`.
 */
export async function ensureAddon(root: string = packagePath()): Promise<string> {
  const source = await findSource();
  const name = `wasm3-${process.platform}-${process.arch}-${await digest(source)}.node`;
  const output = join(await buildFolder(root), name);
  if (existsSync(output)) return output;
  await withLock(`${output}.lock`, async () => {
    if (!existsSync(output)) await buildAddon({ source, output });
  });
  return output;
}
