/** Files of debug information in a folder, by the digest of a module or of a package with it. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../../base/index.ts';
import { type DebugInfo, parseDebugInfo, sha256 } from './debug-info.ts';

/** In the folder of an app. */
export const DEBUG_FOLDER: readonly string[] = ['.mote', 'debug'];

/** Files to keep; the oldest go first. */
const KEPT = 200;
const MAX_BYTES = 64 << 20;
const HEX = /^[0-9a-f]{64}$/;

const pathOf = (folder: string, digest: string): string => join(folder, `${digest}.json`);

function read(path: string): string | null {
  try {
    return statSync(path).size > MAX_BYTES ? null : readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Does nothing where the folder can't be written: a build must not fail for that. */
function write(folder: string, digest: string, content: unknown): void {
  const path = pathOf(folder, digest);
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(draft, `${JSON.stringify(content)}\n`);
    renameSync(draft, path);
    prune(folder);
  } catch {
    rmSync(draft, { force: true });
  }
}

function prune(folder: string): void {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  if (files.length <= KEPT) return;
  const dated = files.map((name) => ({ name, mtimeMs: statSync(join(folder, name)).mtimeMs }));
  dated.sort((a, b) => b.mtimeMs - a.mtimeMs);
  for (const { name } of dated.slice(KEPT)) rmSync(join(folder, name), { force: true });
}

export function saveDebugInfo(folder: string, info: DebugInfo): void {
  if (read(pathOf(folder, info.module)) === null) write(folder, info.module, info);
}

/** Keeps which module a package holds, because a node reports the digest of its package. */
export function savePackageDigest(folder: string, bytes: Uint8Array, wasm: Uint8Array): void {
  const digest = sha256(bytes);
  if (read(pathOf(folder, digest)) === null)
    write(folder, digest, { format: 1, package: digest, module: sha256(wasm) });
}

/** By the digest of a module or a package. Null if the folder has none. */
export function findDebugInfo(folder: string, digest: string): DebugInfo | null {
  const text = read(pathOf(folder, digest));
  if (text === null) return null;
  const own = parseDebugInfo(text, digest);
  if (own !== null) return own;
  const module = moduleIn(text, digest);
  const other = module === null ? null : read(pathOf(folder, module));
  return other === null ? null : parseDebugInfo(other, module!);
}

function moduleIn(text: string, digest: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || value.package !== digest || typeof value.module !== 'string') return null;
    return HEX.test(value.module) ? value.module : null;
  } catch {
    return null;
  }
}
