import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packagePath } from '../../host/base/index.ts';

/** One change of a source that a test must notice; `scripts/mutants.mjs` applies them. */
interface Mutant {
  file: string;
  text: string;
  replacement: string;
  breaks: string;
  tests: string[];
}
const mutants: Mutant[] = JSON.parse(readFileSync(packagePath('tests', 'mutants', 'mutants.json'), 'utf8'));

it.each(mutants)('the change of $file applies at one place: $breaks', ({ file, text, replacement }) => {
  expect(readFileSync(packagePath(file), 'utf8').split(text)).toHaveLength(2);
  expect(replacement).not.toBe(text);
});
