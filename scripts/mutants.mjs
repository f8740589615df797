// Applies the changes of tests/mutants/mutants.json one at a time to a copy of the project, and runs the tests that
// must fail with each. A change with which all of its tests pass has survived: a test is missing.

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bold, dim, green, red, root, run, seconds } from './run.mjs';

const usage = `npm run mutants [-- --only TEXT] [--json]

Applies hand-picked changes to C and TypeScript sources in a copy of the project, and runs the tests that must notice.
  --only TEXT  only changes whose file or description contains TEXT
  --json       print the results as JSON
Exit code: 0 all changes were noticed, 1 one was not, 2 the tests fail without a change, or a change doesn't apply.`;
const args = process.argv.slice(2);
const json = args.includes('--json');
const at = args.indexOf('--only');
const only = at < 0 ? '' : args[at + 1];
const known = args.every((arg, i) => ['--only', '--json'].includes(arg) || (at >= 0 && i === at + 1));
if (args.includes('--help') || !known || only === undefined) {
  (args.includes('--help') ? console.log : console.error)(usage);
  process.exit(args.includes('--help') ? 0 : 2);
}
const say = (text) => (json ? console.error(text) : console.log(text));

const all = JSON.parse(readFileSync(join(root, 'tests', 'mutants', 'mutants.json'), 'utf8'));
const mutants = all.filter(({ file, breaks }) => file.includes(only) || breaks.includes(only));
const original = (file) => readFileSync(join(root, file), 'utf8');
for (const { file, text } of mutants) {
  const count = original(file).split(text).length - 1;
  if (count === 1) continue;
  console.error(red(`${file} contains this text ${count} times; it must contain it once:\n${text}`));
  process.exit(2);
}

/** Committed and new files, without what .gitignore names; the dependencies are those of this clone. */
const copy = join(root, 'build', 'mutants');
rmSync(copy, { recursive: true, force: true });
const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  cwd: root,
  encoding: 'utf8',
});
for (const path of listed.stdout.split('\0').filter((path) => path !== '' && existsSync(join(root, path)))) {
  mkdirSync(dirname(join(copy, path)), { recursive: true });
  cpSync(join(root, path), join(copy, path));
}
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
for (const name of ['stamps', 'wasm3', 'mbedtls', 'monocypher'])
  if (existsSync(join(root, 'build', name)))
    cpSync(join(root, 'build', name), join(copy, 'build', name), { recursive: true });

async function passes(tests) {
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--bail', '1', '--reporter', 'json', ...tests];
  const { code, output, ms } = await run(process.execPath, vitest, { cwd: copy, env: { FORCE_COLOR: '0' } });
  const failed = /"fullName":"([^"]*)","status":"failed"/.exec(output)?.[1] ?? null;
  return { passed: code === 0, failed, builds: !/: error: /.test(output), output, ms };
}

const needed = [...new Set(mutants.flatMap(({ tests }) => tests))];
say(`${mutants.length} changes; first the tests without any: ${needed.join(', ')}`);
const sound = await passes(needed);
if (!sound.passed) {
  console.error(sound.output.split('\n').slice(-40).join('\n'));
  console.error(red(`A test fails without a change: ${sound.failed ?? 'see above'}`));
  process.exit(2);
}
say(dim(`they pass, ${seconds(sound.ms)}`));

const results = [];
for (const { file, text, replacement, breaks, tests } of mutants) {
  writeFileSync(
    join(copy, file),
    original(file).replace(text, () => replacement),
  );
  const { passed, failed, builds, output, ms } = await passes(tests);
  writeFileSync(join(copy, file), original(file));
  if (!builds) {
    console.error(
      output
        .split('\n')
        .filter((line) => /: error: /.test(line))
        .slice(0, 5)
        .join('\n'),
    );
    console.error(red(`${file} does not build with this change: ${breaks}`));
    process.exit(2);
  }
  results.push({ file, breaks, killed: !passed, by: failed });
  say(
    `${passed ? red('survived') : green('killed  ')} ${file}: ${breaks} ${dim(passed ? '' : `${failed ?? 'a file of tests did not load'}, ${seconds(ms)}`)}`,
  );
}
const killed = results.filter((result) => result.killed).length;
if (json) console.log(JSON.stringify({ changes: results.length, killed, results }, null, 2));
say(bold(`${killed} of ${results.length} changes were noticed`));
process.exit(killed === results.length ? 0 : 1);
