// Applies the changes of tests/mutants/mutants.json one at a time to a copy of the project, and runs the tests that
// must fail with each. A change with which all of its tests pass has survived: a test is missing.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dim, green, red, root, run, seconds } from '../run.mjs';
import { copyProject } from './copy.mjs';

const original = (file) => readFileSync(join(root, file), 'utf8');

/**
 * Runs the changes whose file or description contains `only`. A line of progress goes to `say`.
 * @returns {Promise<{changes: number, killed: number, results: {file: string, breaks: string, killed: boolean, by: string | null}[]}>}
 * @throws {Error} if a change doesn't apply or doesn't build, or a test fails without a change
 */
export async function runPicked({ only, say }) {
  const all = JSON.parse(readFileSync(join(root, 'tests', 'mutants', 'mutants.json'), 'utf8'));
  const mutants = all.filter(({ file, breaks }) => file.includes(only) || breaks.includes(only));
  if (mutants.length === 0) return { changes: 0, killed: 0, results: [] };
  for (const { file, text } of mutants) {
    const count = original(file).split(text).length - 1;
    if (count !== 1) throw new Error(`${file} contains this text ${count} times; it must contain it once:\n${text}`);
  }
  const copy = copyProject('picked');
  const needed = [...new Set(mutants.flatMap(({ tests }) => tests))];
  say(`${mutants.length} hand-picked changes; first the tests without any: ${needed.join(', ')}`);
  const sound = await passes(copy, needed);
  if (!sound.passed) {
    const end = sound.output.split('\n').slice(-40).join('\n');
    throw new Error(`${end}\nA test fails without a change: ${sound.failed ?? 'see above'}`);
  }
  say(dim(`they pass, ${seconds(sound.ms)}`));

  const results = [];
  for (const { file, text, replacement, breaks, tests } of mutants) {
    writeFileSync(
      join(copy, file),
      original(file).replace(text, () => replacement),
    );
    const { passed, failed, errors, ms } = await passes(copy, tests);
    writeFileSync(join(copy, file), original(file));
    if (errors.length > 0) throw new Error(`${errors.join('\n')}\n${file} does not build with this change: ${breaks}`);
    results.push({ file, breaks, killed: !passed, by: failed });
    const by = dim(`${failed ?? 'a file of tests did not load'}, ${seconds(ms)}`);
    say(passed ? `${red('survived')} ${file}: ${breaks}` : `${green('killed  ')} ${file}: ${breaks} ${by}`);
  }
  return { changes: results.length, killed: results.filter(({ killed }) => killed).length, results };
}

async function passes(cwd, tests) {
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--bail', '1', '--reporter', 'json', ...tests];
  const { code, output, ms } = await run(process.execPath, vitest, { cwd, env: { FORCE_COLOR: '0' } });
  const failed = /"fullName":"([^"]*)","status":"failed"/.exec(output)?.[1] ?? null;
  const errors = output.split('\n').filter((line) => /: error: /.test(line));
  return { passed: code === 0, failed, errors: errors.slice(0, 5), output, ms };
}
