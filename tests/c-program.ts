/** Builds C programs for this machine from components of `boards/`, with address and undefined-behaviour sanitizers. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findThirdParty, packagePath } from '../host/base/index.ts';
import { componentLibraries, componentSources, sourcesIn } from '../host/toolchain/board/components.ts';

/** The missing tool to build them; empty if none is missing. */
export const missingCompiler = spawnSync('gcc', ['--version']).status === 0 ? '' : 'gcc (apt install gcc)';
if (missingCompiler) process.stderr.write(`C programs: skipped: needs ${missingCompiler}\n`);

const WARNINGS = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-Wconversion'];
const CHECKS = ['-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

export interface Program {
  /** Folder in `tests/` with its own sources. */
  folder: string;
  name: string;
  sources: readonly string[];
  components: readonly string[];
  /** Additional files of `boards/`. */
  files?: readonly string[];
  /** Optimization and sanitizers, instead of -O1 with all sanitizers. */
  flags?: readonly string[];
}

/**
 * Builds the program and returns its path, or '' without a compiler. Several tests may build the same program at once.
 */
export async function buildProgram(program: Program): Promise<string> {
  if (missingCompiler) return '';
  const { folder, name, sources, components, files = [], flags = ['-O1', ...CHECKS] } = program;
  const out = packagePath('build', folder);
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(out, 'work-'));
  const libraries = await Promise.all(componentLibraries(components).map(findThirdParty));
  const objects = libraries.flatMap(sourcesIn).map((source, i) => {
    const object = join(work, `${i}.o`);
    // ref10 shifts negative numbers to the left, which these compilers define as a multiplication.
    execFileSync('gcc', [...flags, '-fno-sanitize=shift', '-w', '-c', source, '-o', object]);
    return object;
  });
  const own = sources.map((file) => packagePath('tests', folder, file));
  const ours = [...own, ...files.map((file) => packagePath('boards', file)), ...componentSources(components)];
  const includes = ['-I', packagePath('boards'), ...libraries.flatMap((library) => ['-isystem', library])];
  const [made, path] = [join(work, name), join(out, name)];
  execFileSync('gcc', [...flags, ...WARNINGS, ...includes, ...ours, ...objects, '-o', made], { stdio: 'inherit' });
  renameSync(made, path);
  rmSync(work, { recursive: true });
  return path;
}
