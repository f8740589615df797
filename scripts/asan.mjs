// Runs the wasm3 addon under AddressSanitizer, and our own part of it also under UndefinedBehaviorSanitizer. Damaged
// and random modules that pass the static check are loaded and called (host/device/engine/wasm3/asan.fuzz.ts). The last
// line is `N passed, M failed`. Options: --modules N, --seed S. wasm3 itself reads its stack slots as several types and
// shifts into signs by design, so only addresses are checked there.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, run } from './run.mjs';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : otherwise;
};
const modules = option('modules', '120000');
const seed = option('seed', '1');
const scratch = join(root, 'build', 'asan');
const compiled = join(scratch, 'js', 'host', 'device', 'engine', 'wasm3');

/** Path of a sanitizer's runtime, which must be loaded before node; null if the compiler has none. */
function runtime(name) {
  try {
    const path = execFileSync(process.env.CC ?? 'cc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
    return isAbsolute(path) && existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

async function must(command, args, options) {
  const { code, output } = await run(command, args, options);
  if (code === 0) return output.trim();
  console.log(output);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const sanitizers = ['libasan.so', 'libubsan.so'].map(runtime);
if (process.platform !== 'linux' || sanitizers.includes(null)) {
  console.log(
    "skipped: needs gcc's libasan and libubsan on Linux (Debian: apt install gcc; Fedora: dnf install libasan libubsan)",
  );
  console.log('0 passed, 0 failed, 1 skipped');
  process.exit(0);
}

await must(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'host/device/engine/tsconfig.fuzz.json']);
const { buildAddon, findSource } = await import(pathToFileURL(join(compiled, 'build.js')).href);
const addon = join(scratch, 'wasm3.node');
const flags = ['-O2', '-g', '-fno-omit-frame-pointer', '-fsanitize=address'];
await buildAddon({
  source: await findSource(),
  output: addon,
  ownFlags: [...flags, '-fsanitize=undefined', '-fno-sanitize-recover=all'],
  interpreterFlags: flags,
});
const env = {
  LD_PRELOAD: sanitizers.join(' '),
  // Node itself leaks at its exit, by design.
  ASAN_OPTIONS: 'detect_leaks=0:detect_stack_use_after_return=0',
  UBSAN_OPTIONS: 'print_stacktrace=1',
};
console.log(await must(process.execPath, [join(compiled, 'asan.fuzz.js'), addon, modules, seed], { env }));
console.log('1 passed, 0 failed');
