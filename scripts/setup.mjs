// Prepares a clone: dependencies, ABI bindings, compiled TypeScript, the wasm3 addon. It does only what is missing or
// stale, so `npm run demo` and `npm test` can call it each time.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { red, root, step } from './run.mjs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(red(`moteware needs Node 20.19 or newer; this is ${process.version}. See https://nodejs.org`));
  process.exit(1);
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
    rmSync(join(root, 'dist'), { recursive: true, force: true });
    renameSync(join(root, fresh), join(root, 'dist'));
  },
);
const addon = pathToFileURL(join(root, 'dist/host/device/engine/wasm3/build.js')).href;
await step('Building the wasm3 engine', process.execPath, [
  '-e',
  `import(${JSON.stringify(addon)}).then((m) => m.ensureAddon())`,
]);
