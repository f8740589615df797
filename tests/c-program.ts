/** Builds C programs for this machine from components of `boards/`, with address and undefined-behaviour sanitizers. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath, thirdPartyIncludes } from '../host/base/index.ts';
import { componentLibraries, componentSources } from '../host/toolchain/board/components.ts';
import { missingSources } from './sources.ts';

/** The missing tool to build them; empty if none is missing. */
export const missingCompiler = spawnSync('gcc', ['--version']).status === 0 ? '' : 'needs gcc (apt install gcc)';
/** What is missing to build those that contain boards/crypto. */
export const missingCrypto = missingCompiler || (await missingSources('crypto'));
if (missingCrypto) process.stderr.write(`C programs: skipped: ${missingCrypto}\n`);

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
 * Builds the program and returns its path, or '' if a tool is missing. Several tests may build the same program at once.
 */
export async function buildProgram(program: Program): Promise<string> {
  const { folder, name, sources, components, files = [], flags = ['-O1', ...CHECKS] } = program;
  if (missingCompiler || (await missingSources(...components))) return '';
  const out = packagePath('build', folder);
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(out, 'work-'));
  const own = sources.map((file) => packagePath('tests', folder, file));
  const ours = [...own, ...files.map((file) => packagePath('boards', file)), ...componentSources(components)];
  const headers = await Promise.all(componentLibraries(components).map(thirdPartyIncludes));
  const includes = ['-I', packagePath('boards'), ...headers.flat().flatMap((folder) => ['-isystem', folder])];
  const [made, path] = [join(work, name), join(out, name)];
  execFileSync('gcc', [...flags, ...WARNINGS, ...includes, ...ours, '-o', made], { stdio: 'inherit' });
  renameSync(made, path);
  rmSync(work, { recursive: true });
  return path;
}
