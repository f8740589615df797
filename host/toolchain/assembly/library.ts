/**
 * Where AssemblyScript sources come from: this package's own folder, or the app's with this package in its
 * `node_modules`.
 */
import { readFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { packageRoot } from '../../base/index.ts';

export interface SourceTree {
  /** Folder that all names are relative to, so that no path of a machine gets into a module. */
  baseDir: string;
  /** The library's `assembly` folder as asc names what is in it. */
  library: string;
}

const PACKAGE = 'node_modules/moteware/';

/**
 * The tree for an app: a folder of this repository sees the library by relative paths, any other as package `moteware`.
 */
export function sourceTree(appDir: string): SourceTree {
  const dir = resolve(appDir);
  return isInside(packageRoot, dir) && !relative(packageRoot, dir).split(sep).includes('node_modules')
    ? { baseDir: packageRoot, library: 'assembly' }
    : { baseDir: dir, library: '~lib/moteware/assembly' };
}

/**
 * A file by the name that asc gives it, relative to `baseDir`. The package `moteware` is always the running one: its
 * sources and this compiler belong together.
 */
export function readSource(baseDir: string, name: string): string | null {
  const at = name.indexOf(PACKAGE);
  // In diagnostics asc names a file from node_modules `~lib/moteware/...`.
  const inPackage = name.startsWith('~lib/moteware/')
    ? name.slice(14)
    : at >= 0
      ? name.slice(at + PACKAGE.length)
      : null;
  try {
    return readFileSync(inPackage === null ? resolve(baseDir, name) : join(packageRoot, inPackage), 'utf8');
  } catch {
    return null;
  }
}

function isInside(parent: string, child: string): boolean {
  const path = relative(parent, child);
  return !path.startsWith('..') && !isAbsolute(path);
}
