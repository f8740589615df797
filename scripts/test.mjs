// Runs every test of the project: sets up, then runs all runners two at a time, and prints one line with the totals.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bold, dim, green, red, root, run, seconds } from './run.mjs';

const node = process.execPath;
if (process.argv.includes('--help')) {
  console.log(
    `npm test [-- --full | --sample] [--skipped TEXT] [--only NAME]
  --full          run all cases of tests that take long: sweeps, mutations, random cases; otherwise a tenth of them
  --sample        run a few cases only, also of tables that have few
  --skipped TEXT  run only the test files in which the last run skipped some but not all tests for a reason that contains
                  TEXT, such as the name of a tool; several alternatives are separated by commas
  --only NAME     run one runner: host, lint, types, page-types, imports, abi, assembly, cli, docs, asan, fuzz-link`,
  );
  process.exit(0);
}
const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const only = option('--only');
const form = ['full', 'sample'].find((name) => process.argv.includes(`--${name}`)) ?? 'short';
const full = form === 'full';
/** What vitest writes about its last run. */
const report = join(root, 'build', 'vitest.json');
const skippedFiles = process.argv.includes('--skipped') ? filesThatSkipped(option('--skipped') ?? '') : null;
const started = performance.now();
const setup = spawnSync(node, ['scripts/setup.mjs'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
if (setup.status !== 0) process.exit(1);

/** The names of the tests of a file that were skipped; a name contains the reason. */
function skipsOf({ assertionResults }) {
  return assertionResults
    .filter(({ status }) => ['skipped', 'pending'].includes(status))
    .map(({ fullName }) => fullName);
}

/**
 * Test files in which the last run skipped a test for a reason that contains one of the texts. A file that skipped all of
 * its tests for such a reason isn't among them: with the tool it runs as it does with all tools.
 */
function filesThatSkipped(texts) {
  const wanted = texts.split(',').filter(Boolean);
  const files = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
  const found = files.filter((file) => {
    const skips = skipsOf(file).filter((name) => wanted.some((text) => name.includes(text)));
    return skips.length > 0 && skips.length < file.assertionResults.length;
  });
  if (found.length > 0) return found.map(({ name }) => relative(root, name));
  console.error(
    `The last run skipped no test for ${wanted.join(' or ') || 'such a reason'}: run npm test without the tool first.`,
  );
  process.exit(2);
}

/** A check that passes or fails as a whole counts as one test. */
const whole = ({ code }) => ({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 });

function vitest({ code }) {
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const json = JSON.parse(readFileSync(report, 'utf8'));
  const skips = json.testResults.flatMap(skipsOf);
  // A file that doesn't load, or an error outside any test, fails no test but ends vitest with a code.
  const failed = json.numFailedTests || (code === 0 ? 0 : 1);
  return { passed: json.numPassedTests, failed, skipped: skips.length, skips };
}

/** as-pect ends with `[Tests]: passed / all`; a run without that line has failed. */
function asPect({ code, output }) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours are control characters
  const line = output.replace(/\x1b\[[0-9;]*m/g, '').match(/\[Tests\]: (\d+) \/ (\d+)/);
  if (!line) return { passed: 0, failed: 1, skipped: 0 };
  const passed = Number(line[1]);
  return { passed, failed: Math.max(Number(line[2]) - passed, code === 0 ? 0 : 1), skipped: 0 };
}

function counted({ code, output }) {
  const line = output.match(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/m);
  if (!line) return whole({ code });
  const failed = Number(line[2]);
  return {
    passed: Number(line[1]),
    failed: Math.max(failed, code === 0 ? 0 : 1),
    skipped: Number(line[3] ?? 0),
    skips: output.match(/^skipped: .*$/gm) ?? [],
  };
}

const runners = [
  {
    name: 'host',
    description: 'vitest: host, tests',
    args: [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...(skippedFiles ?? []),
      '--reporter=default',
      '--reporter=json',
      '--outputFile.json=build/vitest.json',
    ],
    count: vitest,
  },
  {
    name: 'lint',
    description: 'biome: lint and format',
    args: ['node_modules/@biomejs/biome/bin/biome', 'check'],
    count: whole,
  },
  {
    name: 'types',
    description: 'tsc: type check',
    args: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'],
    count: whole,
  },
  {
    name: 'page-types',
    description: 'tsc: type check of the page of mote sim',
    args: ['node_modules/typescript/bin/tsc', '-p', 'host/web/page/tsconfig.json'],
    count: whole,
  },
  { name: 'imports', description: 'imports follow the tables', args: ['scripts/check-imports.mjs'], count: whole },
  { name: 'abi', description: 'ABI bindings are up to date', args: ['abi/generate.mjs', '--check'], count: whole },
  {
    name: 'assembly',
    description: 'as-pect: AssemblyScript units',
    args: ['node_modules/@as-pect/cli/bin/asp.js', '--no-logo', '--as-config', 'asconfig.json'],
    count: asPect,
  },
  {
    name: 'cli',
    description: 'command reference is up to date',
    args: ['scripts/cli-docs.mjs', '--check'],
    count: whole,
  },
  {
    name: 'docs',
    description: 'documentation site: builds without dead links',
    args: ['docs/.vitepress/site.mjs'],
    count: whole,
    fullOnly: true,
  },
  {
    name: 'asan',
    description: 'wasm3 addon under AddressSanitizer',
    args: ['scripts/asan.mjs', '--modules', full ? '120000' : '12000'],
    count: counted,
  },
  {
    name: 'fuzz-link',
    description: `C link under sanitizers: ${full ? '500,000' : '50,000'} inputs`,
    args: ['scripts/fuzz-link.mjs', '--inputs', full ? '500000' : '50000'],
    count: counted,
  },
].filter((runner) => (!only || runner.name === only) && (skippedFiles === null || runner.name === 'host'));
if (runners.length === 0) {
  console.error(`There is no runner ${only}.`);
  process.exit(2);
}
rmSync(report, { force: true });

console.log(
  {
    full: 'Tests that take long run in their full form',
    short: 'Tests that take long run in their short form; npm test -- --full runs all of their cases',
    sample: 'Tests run a sample of their cases; npm test -- --full runs all of them',
  }[form],
);
const total = { passed: 0, failed: 0, skipped: 0 };
const queue = [...runners];
async function worker() {
  for (let runner = queue.shift(); runner; runner = queue.shift()) {
    const current = runner;
    if (current.fullOnly && !full && !only) {
      total.skipped++;
      console.log(`${dim('·')} ${current.description}: skipped; npm test -- --full runs it`);
      continue;
    }
    console.log(`${dim('·')} ${current.description} started`);
    const result = await run(node, current.args, { env: { FORCE_COLOR: '0', MOTE_TESTS: form } });
    const count = current.count(result);
    for (const key of Object.keys(total)) total[key] += count[key];
    const mark = count.failed > 0 ? red('✗') : green('✓');
    console.log(
      `${mark} ${current.description}: ${count.passed} passed, ${count.failed} failed${count.skipped ? `, ${count.skipped} skipped` : ''} ${dim(seconds(result.ms))}`,
    );
    for (const skip of count.skips ?? []) console.log(`    skipped ${skip}`);
    if (count.failed > 0) console.log(`\n${result.output.trimEnd()}\n`);
  }
}
await Promise.all([worker(), worker()]);
console.log(
  `\n${bold(total.failed ? red('Tests failed') : green('All tests passed'))} in ${seconds(performance.now() - started)}`,
);
console.log(`${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}`);
// Not exit: what was printed may wait in a pipe.
process.exitCode = total.failed ? 1 : 0;
