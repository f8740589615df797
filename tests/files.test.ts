import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';

const MAX_LINES = 450;

it.runIf(isClone())(`no source file has more than ${MAX_LINES} lines, unless it is generated`, () => {
  const files = execFileSync('git', ['ls-files', '*.ts', '*.mjs', '*.c', '*.h'], {
    cwd: packagePath(),
    encoding: 'utf8',
  });
  const long = files
    .split('\n')
    .filter(Boolean)
    .map((file) => ({ file, text: readFileSync(packagePath(file), 'utf8') }))
    .filter(({ text }) => !text.slice(0, 80).includes('Generated from abi/'))
    .map(({ file, text }) => ({ file, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > MAX_LINES);
  expect(long).toEqual([]);
});

/** An archive of the sources has no list of files. */
function isClone(): boolean {
  try {
    execFileSync('git', ['rev-parse', '--git-dir'], { cwd: packagePath(), stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
