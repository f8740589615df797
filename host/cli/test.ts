/** `mote test`: the scenarios of an app, in virtual time. */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Command } from 'commander';
import { MoteError } from '../base/index.ts';
import { ENGINE_NAMES } from '../device/engine/index.ts';
import {
  differenceLines,
  findScenarios,
  junit,
  type Outcome,
  readScenario,
  runScenario,
} from '../toolchain/scenario/index.ts';
import { addCommand, choice } from './shared/command.ts';
import { showBuild } from './shared/progress.ts';
import { Exit, type Terminal } from './shared/terminal.ts';

interface TestOptions {
  filter?: string;
  update?: boolean;
  junit?: string;
  engine: string;
}

const MARKS = { passed: ['green', '✓'], updated: ['yellow', '↻'], failed: ['red', '✗'] } as const;

function show(terminal: Terminal, outcome: Outcome): void {
  const { file, name, state, differences, simSeconds, seconds } = outcome;
  terminal.data({ type: 'scenario', ...outcome });
  const [style, mark] = MARKS[state];
  const times = terminal.paint('dim', `(${simSeconds.toFixed(1)} s in ${seconds.toFixed(2)} s)`);
  terminal.line(`${terminal.paint(style, mark)} ${name}  ${terminal.paint('dim', relative('.', file))} ${times}`);
  for (const line of differences.flatMap(differenceLines)) {
    const sign = line.trimStart()[0];
    terminal.line(
      `    ${sign === '-' ? terminal.paint('red', line) : sign === '+' ? terminal.paint('green', line) : line}`,
    );
  }
}

async function test(paths: string[], options: TestOptions, terminal: Terminal): Promise<number> {
  const engine = choice(options.engine, 'engine', ENGINE_NAMES);
  // All files first: a mistake in the last one is reported before the first run.
  const all = [...new Set((paths.length === 0 ? ['.'] : paths).flatMap(findScenarios))].map(readScenario);
  const { filter = '' } = options;
  const chosen = all.filter(({ path, scenario }) => scenario.name.includes(filter) || path.includes(filter));
  if (chosen.length === 0) {
    const what =
      all.length === 0 ? 'There is no scenario (NAME.test.yaml or NAME.test.json)' : `No scenario has "${filter}"`;
    throw new MoteError('SCENARIO', `${what} in ${paths.join(', ') || 'this folder'}.`);
  }
  const outcomes: Outcome[] = [];
  const build = showBuild(terminal);
  const onBuilt: typeof build.onBuilt = (app, seconds) => {
    // Each scenario loads the app; only the first may have to build it.
    if (!app.cached) build.onBuilt(app, seconds);
  };
  for (const file of chosen) {
    const outcome = await runScenario(file, { ...build, onBuilt, engine, update: options.update === true });
    show(terminal, outcome);
    outcomes.push(outcome);
  }
  if (options.junit !== undefined) writeReport(options.junit, junit(outcomes));
  const count = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
  const [passed, failed, updated] = [count('passed'), count('failed'), count('updated')];
  const left = all.length - chosen.length;
  terminal.data({ type: 'result', passed, failed, updated, filtered: left });
  const counts = [`${passed} passed`, `${failed} failed`];
  if (updated > 0) counts.push(`${updated} updated`);
  if (left > 0) counts.push(`${left} left out by --filter`);
  terminal.line(terminal.paint(failed > 0 ? 'red' : 'green', `\n${counts.join(', ')}`));
  return failed > 0 ? Exit.failed : Exit.ok;
}

function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new MoteError('FILE', `--junit: ${path} can't be written: ${(cause as Error).message}.`, { cause });
  }
}

export function registerTest(program: Command): void {
  addCommand<[string[]], TestOptions>(program, {
    usage: 'test [paths...]',
    description:
      'Runs the scenarios of an app on the simulated node, in virtual time: files NAME.test.yaml or NAME.test.json with inputs, settings, commands, and the events and metrics that are expected. Paths are such files, or folders that are searched for them.',
    failure: 'A scenario failed.',
    options: [
      ['-f, --filter <text>', 'only scenarios that have this text in their name or path'],
      ['-u, --update', 'write what was seen into the scenarios that differ or expect nothing'],
      ['--junit <file>', 'also write the results as JUnit XML'],
      ['-e, --engine <name>', ENGINE_NAMES.join(' or '), 'wasm3'],
    ],
    examples: ['mote test', 'mote test alarm.test.yaml --update', 'mote test . --filter alarm --junit results.xml'],
    run: ({ terminal, options, args: [paths] }) => test(paths, options, terminal),
  });
}
