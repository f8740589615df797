/** What `mote new` leaves in a folder: scripts, an editor's types, and what git ignores. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';
import { TEMPLATE_NAMES } from '../host/toolchain/app/index.ts';
import { blocksOf } from './markdown.ts';
import { mote, type Outcome, start } from './program.ts';

let dir: string;
/** The files of each project, as `mote new` listed them. */
const listed = new Map<string, string[]>();
const at = (...parts: string[]) => join(dir, ...parts);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moteware-project-'));
  for (const name of TEMPLATE_NAMES) {
    const { code, stdout } = await mote(['new', name, '--template', name, '--json'], dir);
    expect(code).toBe(0);
    listed.set(name, JSON.parse(stdout).files);
    mkdirSync(at(name, 'node_modules'));
    symlinkSync(packagePath(), at(name, 'node_modules', 'moteware'));
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it.each(TEMPLATE_NAMES)('%s: an editor finds no mistake before the first build', async (name) => {
  const tsc = packagePath('node_modules', 'typescript', 'bin', 'tsc');
  const check = (): Promise<Outcome> => start(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], at(name)).ended;
  // The library is AssemblyScript with decorators on functions, which an editor shows only in its own files.
  const own = ({ stdout }: Outcome) => stdout.split('\n').filter((line) => /^[^.\s].*error TS/.test(line));
  expect(existsSync(at(name, 'build'))).toBe(false);
  expect(own(await check())).toEqual([]);
  rmSync(at(name, 'generated'), { recursive: true });
  expect(own(await check())).not.toEqual([]);
});

it('ignores in git what commands write, and nothing of the project', () => {
  const project = at('vibration');
  const git = (...args: string[]) => execFileSync('git', args, { cwd: project, encoding: 'utf8' });
  git('init', '-q');
  const written = ['.mote/cache/x.module', 'press.flash', 'build/a.wasm', 'generated/config.ts', 'release.pem'];
  expect(
    git('check-ignore', ...written)
      .trim()
      .split('\n'),
  ).toEqual(written);
  git('add', '-A');
  expect(git('ls-files').trim().split('\n').sort()).toEqual(listed.get('vibration')!.toSorted());
});

it('watches with npm run watch', () => {
  const { scripts } = JSON.parse(readFileSync(at('vibration', 'package.json'), 'utf8'));
  expect(scripts.watch).toBe(`${scripts.sim} --watch`);
});

it.each(['vibration/inner', 'vibration/deep/inner'])('rejects %s, which lies in another project', async (folder) => {
  mkdirSync(at('vibration', 'deep'), { recursive: true });
  const { code, stderr } = await mote(['new', folder], dir);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/inner lies in the project .*vibration, .* \[EXISTS\]\n$/)]);
  expect(existsSync(at(folder))).toBe(false);
});

it('fails with errors that the documented task of Visual Studio Code finds', async () => {
  const block = blocksOf('docs/writing-an-app.md').find(({ text }) => text.includes('problemMatcher'))!;
  const { regexp, file, line, column, message } = JSON.parse(block.text).tasks[0].problemMatcher.pattern;
  writeFileSync(at('vibration', 'app.ts'), 'export function step(now: i64): i64 {\n  return one + two;\n}\n');
  const { stderr } = await mote(['build', '.'], at('vibration'));
  const found = [...stderr.matchAll(new RegExp(regexp, 'gm'))];
  expect(found.map((match) => [match[file], match[line], match[column], match[message]!.slice(0, 21)])).toEqual([
    ['app.ts', '2', '10', "Cannot find name 'one"],
    ['app.ts', '2', '16', "Cannot find name 'two"],
  ]);
});
