/** The scripts of `mote completion` in the shells that read them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacking, titled } from '../host/base/needs.ts';
import { COMMANDS, GROUPS } from '../host/cli/program.ts';
import { mote, start } from './program.ts';

let dir: string;
const script = (shell: string) => join(dir, `mote.${shell}`);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-completion-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout, stderr } = await mote(['completion', shell], dir);
    expect([code, stderr]).toEqual([0, '']);
    writeFileSync(script(shell), stdout);
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What the user typed, the last word unfinished, and all words that complete it. */
const CASES: [typed: string[], completions: string[]][] = [
  [['mo'], ['model', 'monitor']],
  [['key', ''], ['new']],
  [['package', 'in'], ['inspect']],
  [
    ['build', '--se'],
    ['--sequence', '--set'],
  ],
  [['sim', '--engine', 'v8', '--wa'], ['--watch']],
  [['sim', 'build', '--wa'], ['--watch']],
  [['--v'], ['--version']],
];
const NAMES = COMMANDS.map(({ usage }) => usage.split(' ')[0]!).sort();

/** Runs a shell's own code after the script, with what the user typed as arguments. */
async function ask(shell: string, args: string[], code: string, typed: string[]): Promise<string[]> {
  const { stdout, stderr } = await start(shell, [...args, code, ...typed], dir).ended;
  expect(stderr).toBe('');
  return stdout.split('\n').filter(Boolean).sort();
}

const SHELLS: [shell: 'bash' | 'zsh' | 'fish', ask: (typed: string[]) => Promise<string[]>][] = [
  [
    'bash',
    (typed) => {
      const code = `COMP_WORDS=(mote "$@"); COMP_CWORD=$#; _mote; printf "%s\\n" "\${COMPREPLY[@]}"`;
      return ask('bash', ['--norc', '-c'], `source ${script('bash')}; ${code}`, ['bash', ...typed]);
    },
  ],
  [
    'zsh',
    async (typed) => {
      // The completion system itself needs a terminal; it matches the words that the function hands over.
      const stubs = `compdef() { }; _files() { }; _describe() { print -l -- \${(P)@[-1]}; }`;
      const code = `source ${script('zsh')}; words=(mote "$@"); CURRENT=$(( $# + 1 )); _mote`;
      const all = await ask('zsh', ['-f', '-c'], `${stubs}; ${code}`, ['zsh', ...typed]);
      const matching = all.map((line) => line.split(':')[0]!).filter((word) => word.startsWith(typed.at(-1)!));
      return matching;
    },
  ],
  [
    'fish',
    async (typed) => {
      const code = `source ${script('fish')}; complete -C "mote $argv"`;
      const all = await ask('fish', ['--no-config', '-c'], code, ['--', typed.join(' ')]);
      return all.map((line) => line.split('\t')[0]!);
    },
  ],
];

describe.each(SHELLS)('%s', (shell, complete) => {
  const reason = lacking(shell);
  it.skipIf(reason !== null)(titled('completes every command', reason), async () => {
    expect(await complete([''])).toEqual(NAMES);
  });
  it.skipIf(reason !== null).each(CASES)(titled('completes %j', reason), async (typed, completions) => {
    expect(await complete(typed)).toEqual(completions);
  });
});

it('rejects another shell', async () => {
  const { code, stderr } = await mote(['completion', 'csh'], dir);
  expect([code, stderr]).toEqual([2, 'mote: There is completion for bash, zsh, fish; got "csh". [USAGE]\n']);
});

it('lists every command of the help under a heading, also in 50 columns', async () => {
  expect(NAMES).toEqual(expect.arrayContaining(GROUPS.flatMap(([, names]) => names)));
  const { stdout } = await mote(['--help'], dir, { COLUMNS: '50' });
  for (const [heading] of GROUPS) expect(stdout).toContain(`\n${heading}\n`);
  expect(stdout).not.toContain('\nCommands:\n');
});
