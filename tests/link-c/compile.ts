/** Builds the C programs of these tests for this machine, with the checks of address and undefined behaviour, and asks them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { packagePath } from '../../host/base/index.ts';

/** What is missing to build them; empty when nothing is. */
export const missingCompiler = spawnSync('gcc', ['--version']).status === 0 ? '' : 'gcc (apt install gcc)';
if (missingCompiler) process.stderr.write(`link-c: skipped: needs ${missingCompiler}\n`);

const WARNINGS = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-Wconversion'];
const CHECKS = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** The code under test. */
function linkSources(): string[] {
  const common = packagePath('boards', 'common');
  const link = readdirSync(join(common, 'link')).filter((file) => file.endsWith('.c'));
  return [
    ...link.map((file) => join(common, 'link', file)),
    ...['crc32.c', 'utf8.c', 'agent/utc.c'].map((file) => join(common, file)),
  ];
}

/** Gives the program's path; without a compiler none, for then what needs it is skipped. */
export function compileDriver(): string {
  if (missingCompiler) return '';
  const out = packagePath('build', 'link-c');
  mkdirSync(out, { recursive: true });
  const path = join(out, `driver-${process.pid}`);
  const source = packagePath('tests', 'link-c', 'driver.c');
  execFileSync('gcc', [...WARNINGS, ...CHECKS, source, ...linkSources(), '-o', path], { stdio: 'inherit' });
  return path;
}

/** The lines that it answers, one for each. */
export function ask(driver: string, lines: string[]): string[] {
  const { stdout, stderr, status } = spawnSync(driver, {
    input: `${lines.join('\n')}\n`,
    encoding: 'latin1',
    maxBuffer: 1 << 30,
  });
  expect([stderr, status]).toEqual(['', 0]);
  return stdout.split('\n').slice(0, -1);
}

/** Compares line by line; what is shown begins at the first difference. */
export function compare(driver: string, lines: string[], expected: string[]): void {
  const answers = ask(driver, lines);
  const wrong = lines.findIndex((_, i) => answers[i] !== expected[i]);
  if (wrong < 0) return;
  const before = lines.slice(Math.max(0, wrong - 6), wrong + 1).map((line) => line.slice(0, 300));
  expect.soft(answers[wrong], `line ${wrong}:\n${before.join('\n')}`).toBe(expected[wrong]);
  expect(wrong).toBe(-1);
}
