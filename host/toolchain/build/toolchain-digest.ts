/** Identifies all that turns sources into a module: moteware's own compiler, and the packages that it calls. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagePath } from '../../base/index.ts';

/** Components of the host whose code decides about the bytes of a module. */
const COMPONENTS = ['base', 'base/abi', 'device/engine', 'toolchain/assembly', 'toolchain/build', 'toolchain/compiler'];
const PACKAGES = ['assemblyscript', 'binaryen'];

let known: string | undefined;

/** Digest of the compiler's code, its flags, and the versions of the packages. Read once in a process. */
export function toolchainDigest(): string {
  known ??= computeDigest();
  return known;
}

function computeDigest(): string {
  const host = fileURLToPath(new URL('../..', import.meta.url));
  const hash = createHash('sha256').update(readFileSync(packagePath('asconfig.json')));
  for (const component of COMPONENTS) {
    const folder = join(host, component);
    for (const name of readdirSync(folder).sort()) {
      if (!/\.[jt]s$/.test(name) || /\.test\.|\.d\.ts$/.test(name)) continue;
      hash.update(`${component}/${name}\0`).update(readFileSync(join(folder, name)));
    }
  }
  for (const name of PACKAGES) hash.update(`${name} ${installedVersion(name)}\0`);
  return hash.digest('hex');
}

/** Null where the package isn't installed. */
function installedVersion(name: string): string | null {
  let folder: string;
  try {
    folder = dirname(fileURLToPath(import.meta.resolve(name)));
  } catch {
    return null;
  }
  for (; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (!existsSync(path)) continue;
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version?: string };
    if (manifest.name === name) return manifest.version ?? null;
  }
  return null;
}
