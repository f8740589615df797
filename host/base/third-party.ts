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

export type ThirdParty = 'ed25519' | 'wasm3';

/**
 * Returns the folder of the sources: the one in the package, or one in `build/`, into which it fetches them if they are
 * missing or outdated. Throws `ENGINE_SOURCE` if that fails.
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

/** The content of the file ORIGIN that `scripts/third-party.mjs` writes beside the sources that it fetched. */
async function digestOf(name: ThirdParty): Promise<string> {
  const file = await readFile(packagePath('third_party', `${name}.json`));
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
    const { stderr, message } = cause as Error & { stderr?: string };
    const what = `The sources of ${name} could not be fetched; run npm run setup again: ${stderr || message}`;
    throw new MoteError('ENGINE_SOURCE', what, { cause });
  }
}
