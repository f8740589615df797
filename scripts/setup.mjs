// Prepares a clone: dependencies, ABI bindings, compiled TypeScript, the wasm3 addon. It does only what is missing or
// stale, so `npm run demo` and `npm test` can call it each time. Of two that run at once, one waits for the other.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { red, root, step } from './run.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(red(`moteware needs Node 20.19 or newer; this is ${process.version}. See https://nodejs.org`));
  process.exit(1);
}

/**
 * Takes the lock of this clone. Each process that wants it creates a file with its id in the name, then looks for files
 * of other live processes. If two see each other, both withdraw and try again after a random time. host/base/lock.ts has
 * the same method; it can't be loaded here, because nothing is compiled yet.
 */
async function lock() {
  const folder = join(root, 'build', 'setup-lock');
  const own = join(folder, `${process.pid}`);
  mkdirSync(folder, { recursive: true });
  process.on('exit', () => rmSync(own, { force: true }));
  for (let waiting = false; ; waiting = true) {
    writeFileSync(own, '');
    const others = readdirSync(folder).filter((name) => name !== `${process.pid}`);
    const live = others.filter((name) => isAlive(Number(name)));
    for (const name of others) if (!live.includes(name)) rmSync(join(folder, name), { force: true });
    if (live.length === 0) return;
    rmSync(own);
    if (!waiting) console.log(`Waiting for process ${live[0]}, which sets up this clone`);
    await delay(50 + 100 * Math.random());
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function digest(paths) {
  const hash = createHash('sha256');
  const add = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) if (name !== 'node_modules') add(join(path, name));
    } else if (!path.endsWith('.test.ts'))
      hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0');
  };
  for (const path of paths) add(join(root, path));
  return hash.digest('hex');
}

/** Runs `make` unless the stamp of an earlier run has the same digest. */
async function unlessFresh(name, digestNow, made, make) {
  const stamp = join(root, 'build', 'stamps', name);
  if (existsSync(join(root, made)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digestNow) return;
  await make();
  mkdirSync(join(root, 'build', 'stamps'), { recursive: true });
  writeFileSync(stamp, digestNow);
}

await lock();
await unlessFresh('dependencies', digest(['package-lock.json']), 'docs/node_modules/typedoc', () =>
  // Not `npm ci`: it rejects a lock file without an optional package of another platform, which some registries don't
  // have.
  step('Installing dependencies', 'npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund']),
);
await unlessFresh(
  'abi',
  digest(['abi', 'host/base/abi/module.ts', 'assembly/abi/module.ts', 'docs/ABI.md']),
  'host/base/abi/module.ts',
  () => step('Generating ABI bindings', process.execPath, ['abi/generate.mjs']),
);
await unlessFresh(
  'dist',
  digest(['host', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']),
  'dist/host/cli/main.js',
  async () => {
    // Compile beside it first: other processes may be using `dist`, and outputs of deleted sources must not stay.
    const fresh = join('build', 'dist');
    rmSync(join(root, fresh), { recursive: true, force: true });
    const tsc = 'node_modules/typescript/bin/tsc';
    await step('Compiling TypeScript', process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh]);
    const page = 'host/web/page/tsconfig.json';
    await step('Compiling the page of mote sim', process.execPath, [
      tsc,
      '-p',
      page,
      '--noEmit',
      'false',
      '--outDir',
      fresh,
    ]);
    // Two renames: there is no moment in which files of `dist` are partly deleted.
    const old = join(root, 'build', 'dist-old');
    rmSync(old, { recursive: true, force: true });
    if (existsSync(join(root, 'dist'))) renameSync(join(root, 'dist'), old);
    renameSync(join(root, fresh), join(root, 'dist'));
    rmSync(old, { recursive: true, force: true });
  },
);
const addon = pathToFileURL(join(root, 'dist/host/device/engine/wasm3/build.js')).href;
await step('Building the wasm3 engine', process.execPath, [
  '-e',
  `import(${JSON.stringify(addon)}).then((m) => m.ensureAddon())`,
]);
