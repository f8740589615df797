// A copy of the project in `build/`, whose sources may be changed.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../run.mjs';

/**
 * Copies committed and new files, without what .gitignore names, to `build/mutants/NAME`, and returns its path. The
 * dependencies are those of this clone, and what is built from third-party sources is copied.
 */
export function copyProject(name) {
  const copy = join(root, 'build', 'mutants', name);
  rmSync(copy, { recursive: true, force: true });
  const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const path of listed.stdout.split('\0').filter((path) => path !== '' && existsSync(join(root, path)))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const made of readdirSync(join(root, 'build')))
    if (/^(stamps|mbedtls|monocypher|wasm3.*)$/.test(made))
      cpSync(join(root, 'build', made), join(copy, 'build', made), { recursive: true });
  return copy;
}
