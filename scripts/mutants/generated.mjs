// Generates all changes of the sources of a component with Stryker, and runs the tests that must notice each.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dim, green, red, root, run } from '../run.mjs';
import { copyProject } from './copy.mjs';

/** The components, in the order in which they are changed. */
export const COMPONENTS = ['flash', 'package', 'update', 'link'];

/** The least share of changes that the tests of a component must notice, in percent. */
export const LEAST = 90;

/** Installed into `build/` when it is needed, because no other command of a clone needs these 64 MB. */
const STRYKER = { '@stryker-mutator/core': '9.6.1', '@stryker-mutator/vitest-runner': '9.6.1' };
const home = join(root, 'build', 'stryker');
const module = (...path) => join(home, 'node_modules', ...path);

/** The vitest of this project stays the only one: a peer dependency would bring another. */
async function install(say) {
  const version = (name) => {
    const path = module(name, 'package.json');
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : null;
  };
  if (Object.entries(STRYKER).every(([name, wanted]) => version(name) === wanted)) return;
  mkdirSync(home, { recursive: true });
  const packages = Object.entries(STRYKER).map(([name, wanted]) => `${name}@${wanted}`);
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps'];
  say(`Installing ${packages.join(' and ')} into build/stryker`);
  const { code, output } = await run('npm', ['install', '--prefix', home, ...quiet, ...packages]);
  if (code !== 0) throw new Error(`${output}\nStryker can't be installed; see above`);
}

/** The sources of a component that are compiled, which test tools are not. Run after `npm run setup`. */
function sources(component, only) {
  const folder = `host/device/${component}`;
  return readdirSync(join(root, 'dist', folder))
    .filter((name) => name.endsWith('.js'))
    .map((name) => `${folder}/${name.replace(/\.js$/, '.ts')}`)
    .filter((file) => file.includes(only));
}

/**
 * Runs the changes of the files whose path contains `only`, one component after the other. Later runs repeat only what
 * a change of sources or tests affects.
 * @returns {Promise<{component: string, changes: number, killed: number, score: number, survivors: {file: string, line: number, column: number, text: string, replacement: string}[]}[]>}
 * @throws {Error} if a test fails without a change
 */
export async function runGenerated({ only, concurrency, say }) {
  const components = COMPONENTS.filter((component) => sources(component, only).length > 0);
  if (components.length > 0) await install(say);
  const results = [];
  for (const component of components) {
    const files = sources(component, only);
    say(`Changes of ${files.length} files of host/device/${component}`);
    const result = resultOf(component, await stryker(component, files, concurrency));
    results.push(result);
    for (const { file, line, column, text, replacement } of result.survivors)
      say(`${red('survived')} ${file}:${line}:${column} ${text} ${dim('→')} ${replacement}`);
    const { changes, killed, score } = result;
    const paint = score < LEAST ? red : green;
    say(`${component}: ${paint(`${score.toFixed(1)} %`)}, ${killed} of ${changes} changes were noticed`);
  }
  return results;
}

async function stryker(component, files, concurrency) {
  const copy = copyProject(component);
  const report = join(copy, 'build', 'report.json');
  rmSync(report, { force: true });
  const config = {
    mutate: files,
    testRunner: 'vitest',
    plugins: [module('@stryker-mutator', 'vitest-runner', 'dist', 'src', 'index.js')],
    vitest: { configFile: 'tests/mutants/vitest.config.ts', related: false },
    coverageAnalysis: 'perTest',
    checkers: [],
    inPlace: true,
    concurrency,
    incremental: true,
    incrementalFile: join(home, `${component}.json`),
    // A limit ends a loop without end, also on a machine that does ten other things.
    timeoutMS: 20_000,
    timeoutFactor: 4,
    tempDirName: '.stryker',
    reporters: ['progress-append-only', 'json'],
    jsonReporter: { fileName: report },
    logLevel: 'error',
    allowConsoleColors: false,
  };
  writeFileSync(join(copy, 'stryker.config.json'), JSON.stringify(config, null, 2));
  const program = module('@stryker-mutator', 'core', 'bin', 'stryker.js');
  const child = spawn(process.execPath, [program, 'run', 'stryker.config.json'], {
    cwd: copy,
    env: { ...process.env, MOTE_TESTS: 'sample', MUTANTS_TESTS: `host/device/${component}/*.test.ts` },
    // Progress and errors; the results are in the report.
    stdio: ['ignore', process.stderr, process.stderr],
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0 || !existsSync(report)) throw new Error(`Stryker ended with code ${code} for ${component}; see above`);
  return JSON.parse(readFileSync(report, 'utf8'));
}

/** A change that ends in a loop without end is noticed; one that doesn't compile is none. */
function resultOf(component, { files }) {
  const survivors = [];
  let killed = 0;
  for (const [file, { source, mutants }] of Object.entries(files))
    for (const { status, location, replacement } of mutants) {
      if (status === 'Killed' || status === 'Timeout') killed++;
      if (status !== 'Survived' && status !== 'NoCoverage') continue;
      const { line, column } = location.start;
      survivors.push({ file, line, column, text: textAt(source, location), replacement: oneLine(replacement) });
    }
  const changes = killed + survivors.length;
  return { component, changes, killed, score: changes > 0 ? (100 * killed) / changes : 100, survivors };
}

/** The changed text of a source; lines and columns count from 1. */
function textAt(source, { start, end }) {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return oneLine(lines.join(' '));
}

function oneLine(text) {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
