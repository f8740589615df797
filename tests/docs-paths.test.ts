/** Documents name files and folders of this repository; each must exist. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packagePath } from '../host/base/index.ts';

const git = ['-C', packagePath(), 'ls-files', '--cached', '--others', '--exclude-standard'];
const files = execFileSync('git', git, { encoding: 'utf8' }).trim().split('\n');
const paths = new Set(files);
for (const file of files) {
  for (let at = file.indexOf('/'); at >= 0; at = file.indexOf('/', at + 1)) paths.add(file.slice(0, at));
}
const documents = files.filter((file) => file.endsWith('.md') && file !== 'CHANGELOG.md');

/** A path with a part to fill in, such as `boards/targets/NAME` or `models/*`. */
const PATTERN = /\*|<|(^|\/)[A-Z_]+(\/|\.|$)/;

/** What stands in code marks and begins with a folder of this repository. */
function named(document: string): string[] {
  const text = readFileSync(packagePath(document), 'utf8');
  const words = [...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => code!.split(/[\s,:()]+/));
  return words
    .map((word) => word.replace(/\/$/, ''))
    .filter((word) => word.includes('/') && paths.has(word.slice(0, word.indexOf('/'))));
}

it.each(documents)('%s names files that exist', (document) => {
  expect(named(document).filter((path) => !paths.has(path) && !PATTERN.test(path))).toEqual([]);
});

it('docs/architecture.md names each file once', () => {
  const all = named('docs/architecture.md').filter((path) => /\.\w+$/.test(path));
  expect(all.length).toBeGreaterThan(50);
  expect(all.filter((path, i) => all.indexOf(path) !== i)).toEqual([]);
});
