import { existsSync, readFileSync } from 'node:fs';
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

/** Version of this moteware, as package.json says. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { version: string }).version;
}
