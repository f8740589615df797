/** Builds the C code that opens packages for this machine, with the checks of address and undefined behaviour, and asks it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findThirdParty, packagePath } from '../../host/base/index.ts';

/** What is missing to build it; empty when nothing is. */
export const missingCompiler = spawnSync('gcc', ['--version']).status === 0 ? '' : 'gcc (apt install gcc)';
if (missingCompiler) process.stderr.write(`package-c: skipped: needs ${missingCompiler}\n`);

const CHECKS = ['-O2', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const WARNINGS = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-Wconversion'];

/** The program's path. Tests that build it at the same time don't disturb each other. */
export async function buildDriver(): Promise<string> {
  const library = await findThirdParty('ed25519');
  const out = packagePath('build', 'package-c');
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(out, 'work-'));
  const common = packagePath('boards', 'common');
  const folder = (name: string) => readdirSync(join(common, name)).filter((file) => file.endsWith('.c'));
  const ours = [
    ...folder('package').map((file) => join(common, 'package', file)),
    ...['link/cbor.c', 'agent/text.c', 'flash/reason.c', 'utf8.c'].map((file) => join(common, file)),
    packagePath('tests', 'package-c', 'driver.c'),
  ];
  const theirs = readdirSync(library).filter((file) => file.endsWith('.c'));
  // ref10 shifts negative numbers to the left, which every compiler that builds it takes as a multiplication.
  for (const file of theirs)
    execFileSync('gcc', [
      ...CHECKS,
      '-fno-sanitize=shift',
      '-w',
      '-c',
      join(library, file),
      '-o',
      join(work, `${file}.o`),
    ]);
  const objects = theirs.map((file) => join(work, `${file}.o`));
  const [made, program] = [join(work, 'driver'), join(out, 'driver')];
  const include = ['-I', common, '-isystem', library];
  execFileSync('gcc', [...CHECKS, ...WARNINGS, ...include, ...ours, ...objects, '-o', made], { stdio: 'inherit' });
  renameSync(made, program);
  rmSync(work, { recursive: true });
  return program;
}

export type Request = [letter: string, ...parts: Uint8Array[]];

/** The lines that it answers, one a request. */
export function ask(program: string, requests: Request[]): string[] {
  const pieces: Uint8Array[] = [];
  for (const [letter, ...parts] of requests) {
    pieces.push(Buffer.from(letter));
    for (const part of parts) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(part.length);
      pieces.push(length, part);
    }
  }
  const { stdout, stderr, status } = spawnSync(program, {
    input: Buffer.concat(pieces),
    encoding: 'latin1',
    maxBuffer: 1 << 30,
  });
  if (status !== 0 || stderr !== '') throw new Error(`The driver ended with ${status}: ${stderr}`);
  return stdout.split('\n').slice(0, -1);
}
