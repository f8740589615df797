/**
 * `node scripts/without.mjs [--keep FAMILY ...] -- COMMAND [ARG ...]` runs a command on a PATH that lacks the optional
 * tools, as on a machine that has only Node and a C compiler. `--keep` leaves one family of them there.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Names of the programs of each family. */
const FAMILIES = {
  arm: /^(arm-none-eabi-|qemu-system-(arm|aarch64)$)/,
  riscv: /^(riscv64-unknown-elf-|qemu-system-riscv)/,
  mosquitto: /^mosquitto/,
  chromium: /^(chromium|google-chrome|chrome)/,
  openssl: /^openssl$/,
  postgresql: /^(psql|postgres|initdb|pg_)/,
  prometheus: /^(prometheus|promtool)$/,
  ffmpeg: /^(ffmpeg|ffprobe)$/,
  python: /^(python|pip|uv$)/,
  clang: /^(clang|llvm|lld|ld\.lld)/,
  valgrind: /^(valgrind|callgrind)/,
  rust: /^(cargo|rust)/,
  shells: /^(zsh|fish)/,
};

const usage = `node scripts/without.mjs [--keep FAMILY ...] -- COMMAND [ARG ...]

Runs COMMAND on a PATH without optional tools: ${Object.keys(FAMILIES).join(', ')}.
  --keep FAMILY  leave the tools of this family on the PATH`;
const end = process.argv.indexOf('--');
const options = process.argv.slice(2, end < 0 ? undefined : end);
const command = end < 0 ? [] : process.argv.slice(end + 1);
const kept = options.filter((_, i) => options[i - 1] === '--keep');
const known = options.every((option, i) => option === '--keep' || options[i - 1] === '--keep');
if (options.includes('--help')) {
  console.log(usage);
  process.exit(0);
}
const stranger = kept.find((family) => !(family in FAMILIES));
if (command.length === 0 || !known || stranger !== undefined) {
  console.error(stranger === undefined ? usage : `There is no family ${stranger}.\n${usage}`);
  process.exit(2);
}

const hidden = Object.entries(FAMILIES).flatMap(([family, names]) => (kept.includes(family) ? [] : [names]));
const folder = mkdtempSync(join(tmpdir(), 'without-'));
try {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const taken = new Set();
  for (const from of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    for (const name of list(from)) {
      if (taken.has(name) || hidden.some((names) => names.test(name))) continue;
      taken.add(name);
      symlinkSync(join(from, name), join(bin, name));
    }
  }
  const [program, ...args] = command;
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, PATH: bin } });
  if (error) console.error(`${program} could not be started: ${error.message}`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A PATH may name folders that aren't there. */
function list(path) {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
