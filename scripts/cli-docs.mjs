// Writes docs/cli.md from the program `mote`. `--check` fails if the page is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProgram, EXIT_CODES } from '../dist/host/cli/program.js';
import { root } from './run.mjs';

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '\\<');
const table = (header, rows) => [
  `| ${header.join(' | ')} |`,
  `|${'---|'.repeat(header.length)}`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
];

/** Commands without subcommands, in the order in which they are registered. */
const leaves = (command) => (command.commands.length > 0 ? command.commands.flatMap(leaves) : [command]);
const nameOf = (command) => (command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name());

/** The part of `--help` after the options: examples, and the meaning of exit code 1. */
function afterHelp(command) {
  let text = '';
  const write = (part) => {
    text += part;
  };
  command.emit('afterHelp', { error: false, command, write });
  return {
    examples: [...text.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line]) => line),
    failure: text.match(/^Exit code 1: (.*)$/m)?.[1],
  };
}

/** Puts each sentence on a line of its own, as in all Markdown here. */
const sentences = (text) => text.replace(/([.:]) (?=[A-Z"])/g, (match, end) => (end === '.' ? '.\n' : match));

function section(command) {
  const { examples, failure } = afterHelp(command);
  const help = command.createHelp();
  const own = help.visibleOptions(command).filter(({ long }) => !['--help', '--json'].includes(long));
  const options = own.map(({ flags, description, defaultValue }) => {
    const fallback = defaultValue === undefined || Array.isArray(defaultValue) ? '' : `\`${defaultValue}\``;
    return [`\`${flags.replaceAll('|', '\\|')}\``, cell(description), fallback];
  });
  return [
    `## ${nameOf(command)}`,
    '',
    sentences(command.description()),
    '',
    '```text',
    help.commandUsage(command),
    '```',
    '',
    ...(options.length > 0 ? [...table(['option', 'meaning', 'default'], options), ''] : []),
    '```sh',
    ...examples,
    '```',
    '',
    ...(failure ? [`**Exit code 1:** ${failure}`, ''] : []),
  ];
}

const program = await createProgram();
const commands = leaves(program);
const anchor = (name) => name.toLowerCase().replaceAll(' ', '-');
const page = [
  '<!-- Generated from host/cli by scripts/cli-docs.mjs. Do not edit. -->',
  '',
  '# Commands',
  '',
  'Every command has `--help`, and `--json` for output that a program reads.',
  '',
  ...table(
    ['command', 'purpose'],
    commands.map((command) => {
      const name = nameOf(command);
      return [`[\`${name}\`](#${anchor(name)})`, cell(sentences(command.description()).split('\n')[0])];
    }),
  ),
  '',
  '## Exit codes',
  '',
  ...table(
    ['code', 'meaning'],
    EXIT_CODES.map(([code, meaning]) => [code, meaning]),
  ),
  '',
  ...commands.flatMap(section),
]
  .join('\n')
  .trimEnd();

const path = join(root, 'docs', 'cli.md');
if (!process.argv.includes('--check')) writeFileSync(path, `${page}\n`);
else if (readFileSync(path, 'utf8') !== `${page}\n`) {
  console.error('docs/cli.md is stale: run node scripts/cli-docs.mjs');
  process.exit(1);
}
