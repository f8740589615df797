/** Builds the C programs of these tests for this machine. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath } from '../../host/base/index.ts';

/** What is missing to build them; empty when nothing is. */
export const missingCompiler = spawnSync('gcc', ['--version']).status === 0 ? '' : 'gcc (apt install gcc)';
if (missingCompiler) process.stderr.write(`flash-c: skipped: needs ${missingCompiler}\n`);

/** The code under test. */
function flashSources(): string[] {
  const folder = packagePath('boards', 'common');
  const flash = readdirSync(join(folder, 'flash')).filter((file) => file.endsWith('.c'));
  return [
    ...flash.map((file) => join(folder, 'flash', file)),
    ...['crc32.c', 'utf8.c', 'package/sha256.c'].map((file) => join(folder, file)),
  ];
}

const WARNINGS = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-Wconversion'];

const CHECKS = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** Gives the program's path. Unless told, it is built with the checks of address and undefined behaviour. */
export function compile(program: string, sources: string[], flags = CHECKS): string {
  const out = packagePath('build', 'flash-c');
  mkdirSync(out, { recursive: true });
  const path = join(out, program);
  const own = sources.map((file) => packagePath('tests', 'flash-c', file));
  execFileSync('gcc', [...WARNINGS, ...flags, ...own, ...flashSources(), '-o', path], { stdio: 'inherit' });
  return path;
}
