/**
 * Finds the C sources of third parties. `third_party/NAME.json` describes them and `scripts/third-party.mjs` fetches
 * them.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MoteError } from './error.ts';
import { packagePath } from './paths.ts';
import { withLock } from './with-lock.ts';

const run = promisify(execFile);
/** Exit code of `scripts/third-party.mjs`. */
const MISSING_TOOL = 2;

export type ThirdParty = 'mbedtls' | 'monocypher' | 'wasm3';

/**
 * Returns the folder of the sources: the one in the package, or one in `build/`, into which it fetches them if they are
 * missing or outdated. Throws `BOARD_TOOL` if that needs a tool that is missing, `ENGINE_SOURCE` if it fails.
 */
export async function findThirdParty(name: ThirdParty): Promise<string> {
  const expected = await digestOf(name);
  const shipped = packagePath('third_party', name);
  const fetched = packagePath('build', name);
  for (const folder of [shipped, fetched]) if (await isOrigin(folder, expected)) return folder;
  await mkdir(packagePath('build'), { recursive: true });
  await withLock(`${fetched}.lock`, async () => {
    if (!(await isOrigin(fetched, expected))) await fetchSource(name);
  });
  return fetched;
}

/** Folders in which a compiler finds the library's headers. Throws like `findThirdParty`. */
export async function thirdPartyIncludes(name: ThirdParty): Promise<string[]> {
  const folder = await findThirdParty(name);
  const { include = ['.'] } = JSON.parse((await readOrigin(name)).toString()) as { include?: string[] };
  return include.map((path) => join(folder, path));
}

const readOrigin = (name: ThirdParty) => readFile(packagePath('third_party', `${name}.json`));

/** The content of the file ORIGIN that `scripts/third-party.mjs` writes beside the sources that it fetched. */
async function digestOf(name: ThirdParty): Promise<string> {
  const file = await readOrigin(name);
  const { patches } = JSON.parse(file.toString()) as { patches?: string };
  const hash = createHash('sha256').update(file);
  if (patches) hash.update(await readFile(packagePath('third_party', patches)));
  return hash.digest('hex');
}

async function isOrigin(folder: string, expected: string): Promise<boolean> {
  return (await readFile(join(folder, 'ORIGIN'), 'utf8').catch(() => null)) === expected;
}

async function fetchSource(name: ThirdParty): Promise<void> {
  try {
    await run(process.execPath, [packagePath('scripts', 'third-party.mjs'), name]);
  } catch (cause) {
    const { code, stderr, message } = cause as Error & { code?: number; stderr?: string };
    const reason = stderr?.trim() || message;
    if (code === MISSING_TOOL) throw new MoteError('BOARD_TOOL', `${reason}.`, { cause });
    const what = `The sources of ${name} could not be fetched; run npm run setup again: ${reason}`;
    throw new MoteError('ENGINE_SOURCE', what, { cause });
  }
}
