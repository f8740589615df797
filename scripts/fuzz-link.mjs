// Fuzzes the C link (boards/link) with libFuzzer under AddressSanitizer and UndefinedBehaviorSanitizer: frames,
// packets, messages, CBOR and whole sessions (tests/link-c/fuzz.c), starting from the examples of docs/spec/link.md.
// Then measures the coverage of the resulting corpus with clang.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bold, dim, root, run, seconds, step } from './run.mjs';

const usage = `node scripts/fuzz-link.mjs [--inputs N] [--seed S] [--keep]
  --inputs N   inputs to run (default 500000)
  --seed S     seed of libFuzzer's random numbers (default 1)
  --keep       continue with the inputs of the last run
Needs clang with libFuzzer (Debian: apt install clang libclang-rt-14-dev), and llvm-profdata and llvm-cov for the coverage (llvm).`;
if (process.argv.includes('--help')) {
  console.log(usage);
  process.exit(0);
}
function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error(`--${name} takes a number from 1 on\n\n${usage}`);
  process.exit(2);
}
const inputs = option('inputs', 500_000);
const seed = option('seed', 1);
/** Lines of the link that a run must cover at least, in percent. */
const MIN_LINES = 95;
const MAX_INPUT = 512;

const out = join(root, 'build', 'fuzz-link');
const corpus = join(out, 'corpus');
await step('Setting up', process.execPath, ['scripts/setup.mjs']);
const { componentSources } = await import(pathToFileURL(join(root, 'dist/host/toolchain/board/index.js')).href);
const own = ['fuzz.c', 'fuzz_parsers.c'].map((file) => join(root, 'tests', 'link-c', file));
const sources = [...componentSources(['link']), ...own];
const WARNINGS = ['-I', join(root, 'boards'), '-std=c11', '-Wall', '-Wextra', '-Werror', '-Wconversion'];
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
function end(passed, failed, skipped = 0) {
  console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
  process.exit(failed ? 1 : 0);
}

async function must(command, args, env = {}) {
  const result = await run(command, args, { env });
  if (result.code === 0) return result;
  console.log(result.output.trimEnd());
  console.log(`failed: ${command} ${args.join(' ')}`);
  return end(0, 1);
}

/** The first inputs. The first byte selects the target of the rest, see the end of fuzz.c. */
function seeds() {
  const spec = readFileSync(join(root, 'docs', 'spec', 'link.md'), 'utf8');
  const bytes = (hex) => Buffer.from(hex, 'hex');
  const found = [];
  const add = (target, ...parts) => found.push(Buffer.concat([Buffer.of(target), ...parts]));
  // A session that is up: large store, window 16, a hello that names it, the time.
  const up = Buffer.of(31, 0, 3, 2, 1);
  for (const [, , content, frame] of spec.matchAll(/^\| ([a-z?]+) \| `([0-9a-f]+)` \|(?: `([0-9a-f]+)` \|)?$/gm)) {
    const body = bytes(content);
    if (frame === undefined) {
      add(3, body);
      add(4, body);
      if (body.length < 256) add(5, up, Buffer.of(15, body.length), body);
    } else {
      add(0, Buffer.of(200, 255), bytes(frame));
      add(1, Buffer.of(15, 9), body);
      add(2, body);
      add(5, up, Buffer.of(3, bytes(frame).length), bytes(frame));
    }
  }
  add(1, Buffer.of(15, 69), Buffer.alloc(254, 7), Buffer.alloc(3), Buffer.alloc(260, 1));
  // An event, a log line, a status, a birth and telemetry: before and after the session is up, acknowledged, requested
  // again, and after silence.
  const send = [0, 1, 2, 3, 4].flatMap((what) => [8, what, 8, ...Array(8).fill(0x61)]);
  const event = [8, 0, 3, 0x62, 0x61, 0x62];
  for (const options of [31, 30, 0, 32, 64, 128, 255]) {
    add(
      5,
      Buffer.of(options, ...send, ...event, ...up.subarray(1), ...send, 1, 2, 65, 0, 5, 2, 5, 4, 0, 5, ...send, 5, 39),
    );
    add(5, Buffer.of(options, 7, 9, ...up.subarray(1), ...send, ...event, 71, 20, 1, 1, 7, 200, 5, 2, 71, 255, 0, 3));
  }
  return found;
}

/** Prints executions and coverage as libFuzzer counts them; returns the executions. */
function report(output, ms) {
  const cover = output.match(/DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)\/(\S+)/);
  const units = Number(output.match(/number_of_executed_units: (\d+)/)?.[1] ?? 0);
  const rate = Math.round(units / (ms / 1000));
  console.log(`${units.toLocaleString('en')} inputs in ${seconds(ms)}, ${rate.toLocaleString('en')} a second`);
  if (cover) console.log(`libFuzzer: ${cover[1]} edges, ${cover[2]} features; ${cover[3]} inputs kept (${cover[4]})`);
  return units;
}

/** Prints the coverage and returns the percentage of lines; null without the tools. */
async function coverage() {
  const tool = (name) => ['', '-14', '-15', '-16', '-17', '-18', '-19'].map((version) => name + version).find(runs);
  const [profdata, cov] = [tool('llvm-profdata'), tool('llvm-cov')];
  if (profdata === undefined || cov === undefined) return null;
  const program = join(out, 'covered');
  const [raw, merged] = [join(out, 'covered.profraw'), join(out, 'covered.profdata')];
  const flags = [
    '-I',
    join(root, 'boards'),
    '-std=c11',
    '-O1',
    '-g',
    '-fsanitize=fuzzer',
    '-fprofile-instr-generate',
    '-fcoverage-mapping',
  ];
  await must('clang', [...flags, ...sources, '-o', program]);
  await must(program, ['-runs=0', corpus], { LLVM_PROFILE_FILE: raw });
  await must(profdata, ['merge', '-sparse', raw, '-o', merged]);
  const link = sources.filter((file) => /boards.(link|cbor)./.test(file));
  const { output } = await must(cov, ['export', '-summary-only', `-instr-profile=${merged}`, program, ...link]);
  const { files, totals } = JSON.parse(output).data[0];
  const percent = ({ lines, branches, functions }) =>
    [functions, lines, branches].map(({ percent }) => `${percent.toFixed(1)} %`.padStart(8)).join('  ');
  console.log(`${'coverage'.padEnd(16)}${['functions', 'lines', 'branches'].map((one) => one.padStart(9)).join(' ')}`);
  for (const { filename, summary } of files) console.log(`${basename(filename).padEnd(17)}${percent(summary)}`);
  console.log(`${'all'.padEnd(17)}${percent(totals)}`);
  return totals.lines.percent;
}

function runs(program) {
  return spawnSync(program, ['--help']).status === 0;
}

mkdirSync(out, { recursive: true });
const probe = join(out, 'probe.c');
writeFileSync(probe, 'int LLVMFuzzerTestOneInput(const void *bytes, long count) { return bytes && count < 0; }\n');
if (spawnSync('clang', ['-fsanitize=fuzzer,address', probe, '-o', join(out, 'probe')]).status !== 0) {
  console.log('skipped: needs clang with libFuzzer (Debian: apt install clang libclang-rt-14-dev)');
  end(0, 0, 1);
}
if (!process.argv.includes('--keep')) rmSync(corpus, { recursive: true, force: true });
mkdirSync(corpus, { recursive: true });
seeds().forEach((bytes, i) => {
  writeFileSync(join(corpus, `seed-${i}`), bytes);
});

const fuzzer = join(out, 'fuzz');
// With the examples as seeds, tracing comparisons finds nothing more and costs two thirds of the speed.
const fuzzing = ['-O2', '-g', '-fsanitize=fuzzer', '-fno-sanitize-coverage=trace-cmp'];
await must('clang', [...WARNINGS, ...SANITIZERS, ...fuzzing, ...sources, '-o', fuzzer]);
console.log(
  bold(`${inputs.toLocaleString('en')} inputs for frames, packets, messages, CBOR and sessions of the C link`),
);
const args = [`-runs=${inputs}`, `-seed=${seed}`, `-max_len=${MAX_INPUT}`, '-print_final_stats=1', '-entropic=0'];
const fuzzed = await run(fuzzer, [...args, '-timeout=20', `-artifact_prefix=${out}/`, corpus]);
if (fuzzed.code !== 0) {
  console.log(fuzzed.output.split('\n').slice(-60).join('\n').trimEnd());
  console.log(`To reproduce: ${fuzzer} and the file named above`);
  end(0, 1);
}
const done = report(fuzzed.output, fuzzed.ms);
const lines = await coverage();
if (lines === null) {
  console.log('skipped: coverage needs llvm-profdata and llvm-cov (Debian: apt install llvm)');
  end(done >= inputs ? 1 : 0, done >= inputs ? 0 : 1, 1);
}
const reached = lines >= MIN_LINES;
console.log(dim(`at least ${MIN_LINES} % of all lines must be covered`));
end([done >= inputs, reached].filter(Boolean).length, [done >= inputs, reached].filter((good) => !good).length);
