import { existsSync, readFileSync } from 'node:fs';
import { access, constants, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function findRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'abi', 'abi.json'))) dir = dirname(dir);
  return dir;
}

/** Root folder of the moteware package: a clone, or `node_modules/moteware` of a user's project. */
export const packageRoot: string = findRoot();

/** Absolute path of a file that ships in the package, such as `packagePath('assembly', 'nn')`. */
export function packagePath(...parts: string[]): string {
  return join(packageRoot, ...parts);
}

/** Folder for built files: `build/` of the package, or the user's cache if that isn't writable. */
export async function buildFolder(root: string = packageRoot): Promise<string> {
  const own = join(root, 'build');
  try {
    await mkdir(own, { recursive: true });
    await access(own, constants.W_OK);
    return own;
  } catch {
    const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'moteware');
    await mkdir(cache, { recursive: true });
    return cache;
  }
}

/** Version of this moteware, from package.json. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { version: string }).version;
}
