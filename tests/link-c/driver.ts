/** The C end of the link as a program of this machine that answers line by line. */
import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { buildProgram } from '../c-program.ts';

/** Builds the program and returns its path. */
export const buildDriver = (): Promise<string> =>
  buildProgram({ folder: 'link-c', name: 'driver', sources: ['driver.c', 'driver_codec.c'], components: ['link'] });

/** Returns the answers of the program, one for each line. */
export function ask(driver: string, lines: string[]): string[] {
  const { stdout, stderr, status } = spawnSync(driver, {
    input: `${lines.join('\n')}\n`,
    encoding: 'latin1',
    maxBuffer: 1 << 30,
  });
  expect([stderr, status]).toEqual(['', 0]);
  return stdout.split('\n').slice(0, -1);
}

/** Compares line by line; the failure shows the lines before the first difference. */
export function compare(driver: string, lines: string[], expected: string[]): void {
  const answers = ask(driver, lines);
  const wrong = lines.findIndex((_, i) => answers[i] !== expected[i]);
  if (wrong < 0) return;
  const before = lines.slice(Math.max(0, wrong - 6), wrong + 1).map((line) => line.slice(0, 300));
  expect.soft(answers[wrong], `line ${wrong}:\n${before.join('\n')}`).toBe(expected[wrong]);
  expect(wrong).toBe(-1);
}
