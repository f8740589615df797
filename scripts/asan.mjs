// Runs the wasm3 addon under AddressSanitizer, and our part of it under UndefinedBehaviorSanitizer too: damaged modules that pass the
// static gate are loaded and called. Ends with `N passed, M failed`; --modules N, --seed S.
// wasm3 itself reads its stack slots as several types and shifts into signs, by design, so only addresses are checked there.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, run } from './run.mjs';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : otherwise;
};
const modules = Number(option('modules', 120_000));
const seed = Number(option('seed', 1));
const built = (path) => import(pathToFileURL(join(root, 'dist', 'host', 'engine', path)).href);

/** Path of a sanitizer's runtime, which must be loaded before node; null where the compiler has none. */
function runtime(name) {
  try {
    const path = execFileSync(process.env.CC ?? 'cc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
    return isAbsolute(path) && existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

function skip(why) {
  console.log(`skipped: ${why}\n0 passed, 0 failed, 1 skipped`);
}

/** Loads and calls damaged modules; the parent process sees how that ends. */
async function fuzz(addon) {
  const [{ loadWasm3 }, { validateModule }, { mutate, random }, { SEED_MODULES }] = await Promise.all(
    ['wasm3/index.js', 'validate.js', 'mutate.js', 'seeds.js'].map(built),
  );
  const engine = await loadWasm3(addon);
  const below = random(seed);
  const counts = { modules: 0, loaded: 0, calls: 0, trapped: 0 };
  const number = () => [0, 1, -1, 5, 65535, 0x7fffffff, below(2 ** 32)][below(7)];
  const argument = { i32: number, i64: () => BigInt(number()), f32: () => number() / 3, f64: () => number() / 7 };
  const gate = { profile: 'harness', hostNames: new Set(['time_now', 'log']) };
  const imports = {
    time_now: () => 5n,
    log: () => {
      if (below(4) === 0) throw new Error('host');
    },
  };
  for (; counts.modules < modules; counts.modules++) {
    const wasm = mutate(SEED_MODULES[counts.modules % SEED_MODULES.length], below);
    const limits = { memoryBytes: 1024 + below(70_000), stackBytes: 1024 + below(8192), fuel: 500n, deadlineMs: 1 };
    let instance;
    try {
      instance = engine.load({ wasm, rom: new Uint8Array(below(40)), imports, limits });
    } catch (error) {
      if (error.name !== 'MoteError' && error.name !== 'Trap') throw error;
      continue;
    }
    counts.loaded++;
    for (const [name, { type }] of validateModule(wasm, gate).functions) {
      counts.calls++;
      try {
        instance.call(name, ...type.params.map((one) => argument[one]()));
      } catch (error) {
        if (error.name !== 'Trap') throw error;
        counts.trapped++;
        break;
      }
    }
    instance.bytes(0, 0);
    if (below(4) > 0) instance.close();
  }
  console.log(JSON.stringify(counts));
}

async function main() {
  const asan = runtime('libasan.so');
  const ubsan = runtime('libubsan.so');
  if (process.platform !== 'linux' || asan === null || ubsan === null) {
    return skip(
      "needs gcc's libasan and libubsan on Linux (Debian: apt install gcc; Fedora: dnf install libasan libubsan)",
    );
  }
  const { buildAddon, findSource } = await built('wasm3/build.js');
  const output = join(root, 'build', 'asan', 'wasm3.node');
  const common = ['-O2', '-g', '-fno-omit-frame-pointer', '-fsanitize=address'];
  await buildAddon({
    source: await findSource(),
    output,
    ownFlags: [...common, '-fsanitize=undefined', '-fno-sanitize-recover=all'],
    interpreterFlags: common,
  });
  const env = {
    LD_PRELOAD: `${asan} ${ubsan}`,
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=77:detect_stack_use_after_return=0',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
  const args = [process.argv[1], '--fuzz', output, '--modules', String(modules), '--seed', String(seed)];
  const { code, output: said } = await run(process.execPath, args, { env });
  if (code !== 0) {
    console.log(said);
    console.log('0 passed, 1 failed');
    process.exitCode = 1;
    return;
  }
  console.log(said.trim());
  console.log('1 passed, 0 failed');
}

const fuzzing = option('fuzz', null);
await (fuzzing === null ? main() : fuzz(fuzzing));
