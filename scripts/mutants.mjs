// Changes sources in a copy of the project, one place at a time, and checks that a test fails with each change.
import { parseArgs } from 'node:util';
import { COMPONENTS, LEAST, runGenerated } from './mutants/generated.mjs';
import { runPicked } from './mutants/picked.mjs';
import { bold, red } from './run.mjs';

const usage = `npm run mutants [-- --picked | --generated] [--only TEXT] [--concurrency N] [--json]

Changes sources in a copy of the project, one place at a time, and checks that a test fails with each change.
  --picked         only the hand-picked changes of C and TypeScript, of tests/mutants/mutants.json
  --generated      only the generated changes of ${COMPONENTS.join(', ')} in host/device, by Stryker
  --only TEXT      only changes of files whose path contains TEXT, or hand-picked ones whose description contains it
  --concurrency N  tests of N generated changes run at a time (default: 2)
  --json           print the results as JSON
Exit code: 0 all hand-picked changes and ${LEAST} % of the generated ones of each component were noticed, 1 they were not,
2 the tests fail without a change, a change doesn't apply, or an option is wrong.`;

let options;
try {
  ({ values: options } = parseArgs({
    options: {
      picked: { type: 'boolean', default: false },
      generated: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      concurrency: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }));
  if (!/^[1-9]\d?$/.test(options.concurrency)) throw new Error('--concurrency needs a number from 1 to 99');
} catch (error) {
  console.error(`${error.message}\n\n${usage}`);
  process.exit(2);
}
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const { picked, generated, only, json } = options;
const say = (text) => (json ? console.error(text) : console.log(text));
const results = {};
try {
  if (picked || !generated) results.picked = await runPicked({ only, say });
  if (generated || !picked)
    results.generated = await runGenerated({ only, concurrency: Number(options.concurrency), say });
} catch (error) {
  console.error(red(error.message));
  process.exit(2);
}
const ran = (results.picked?.changes ?? 0) + (results.generated ?? []).reduce((sum, { changes }) => sum + changes, 0);
if (ran === 0) {
  console.error(red(`No change is of a file with '${only}' in its path`));
  process.exit(2);
}
if (json) console.log(JSON.stringify(results, null, 2));
if (results.picked) say(bold(`${results.picked.killed} of ${results.picked.changes} hand-picked changes were noticed`));
const low = (results.generated ?? []).filter(({ score }) => score < LEAST).map(({ component }) => component);
if (low.length > 0) say(bold(red(`Fewer than ${LEAST} % of the generated changes were noticed in ${low.join(', ')}`)));
process.exit(low.length > 0 || (results.picked && results.picked.killed < results.picked.changes) ? 1 : 0);
